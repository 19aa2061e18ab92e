"""Goes back to the model that served before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandParser

from annotation.management.study_command import StudyCommand
from annotation.selectors.studies import site_named
from training.services import promotion

if TYPE_CHECKING:
    from annotation.models import Study
    from core.models import User


class Command(StudyCommand):
    """`rollback SITE --as USER --reason TEXT [--purpose pre-label|measurement]`."""

    help = "Lets the model that served SITE before serve it again."
    wants_actor = True

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("site")
        parser.add_argument("--reason", required=True)
        parser.add_argument(
            "--purpose",
            choices=promotion.PURPOSES,
            action="append",
            help="by default all that the model promoted last serves for",
        )

    def run(self, study: Study, actor: User | None, options: dict[str, Any]) -> dict[str, Any]:
        assert actor is not None
        site = site_named(study, options["site"])
        return promotion.as_json(
            promotion.rollback(site, actor, options["reason"], options["purpose"])
        )

    def describe(self, answer: dict[str, Any]) -> str:
        if answer["model"] is None:
            return f"No model serves {answer['site']} any more, in place of {answer['previous']}."
        return f"{answer['model']} serves {answer['site']} again, in place of {answer['previous']}."
