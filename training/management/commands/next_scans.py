"""Chooses the scans to outline next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandParser

from annotation.management.study_command import StudyCommand
from annotation.selectors.studies import site_named
from domain.acquisition import STRATEGIES
from training.services import queries

if TYPE_CHECKING:
    from annotation.models import Study
    from core.models import User


class Command(StudyCommand):
    """`next_scans SITE [--strategy NAME] [--size N] [--seed N]`."""

    help = "A query round: which scans of SITE to outline next, and why."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("site")
        parser.add_argument(
            "--strategy",
            choices=sorted(STRATEGIES),
            help="default: what the site's replay has shown, else typicality, then entropy",
        )
        parser.add_argument("--size", type=int, default=10, help="how many (default: 10)")
        parser.add_argument("--seed", type=int, default=1, help="seed of the choice (default: 1)")
        parser.add_argument(
            "--noise", action="store_true", help="add chance to entropy, less from round to round"
        )

    def run(self, study: Study, actor: User | None, options: dict[str, Any]) -> dict[str, Any]:
        site = site_named(study, options["site"])
        chosen = queries.next_round(
            site,
            strategy=options["strategy"],
            size=options["size"],
            seed=options["seed"],
            noise=options["noise"],
            actor=actor,
        )
        return queries.as_json(chosen)

    def describe(self, answer: dict[str, Any]) -> str:
        if not answer["picks"]:
            return "No scan is left that nobody works on."
        return "\n".join(
            f"{pick['rank']:3}. {pick['subject']}, image {pick['image']}: {pick['reason']}"
            for pick in answer["picks"]
        )
