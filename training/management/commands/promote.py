"""Promotes a model, if the gate lets it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandParser

from annotation.management.study_command import StudyCommand
from inference.selectors import versions
from training.services import promotion

if TYPE_CHECKING:
    from annotation.models import Study
    from core.models import User


class Command(StudyCommand):
    """`promote MODEL --as USER [--reason TEXT] [--purpose ...] [--without-pictures REASON]`."""

    help = "Lets MODEL serve its site for what it has proved, and says what it has not."
    wants_actor = True

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("model")
        parser.add_argument("--reason", default="")
        parser.add_argument(
            "--purpose",
            choices=promotion.PURPOSES,
            action="append",
            help="by default both: as much as is proved",
        )
        parser.add_argument(
            "--without-pictures",
            default="",
            metavar="REASON",
            help="why MODEL takes another's place though nobody has confirmed it on pictures",
        )

    def run(self, study: Study, actor: User | None, options: dict[str, Any]) -> dict[str, Any]:
        assert actor is not None
        model = versions.named(study, options["model"])
        purposes = options["purpose"] or promotion.PURPOSES
        outcome = promotion.promote(
            model,
            actor,
            options["reason"],
            purposes,
            without_pictures=options["without_pictures"],
        )
        return promotion.as_json(outcome.moves, outcome.refused)

    def describe(self, answer: dict[str, Any]) -> str:
        purposes = " and ".join(answer["purposes"])
        lines = [f"{answer['model']} serves {answer['site']} now for {purposes}."]
        lines += [f"{purpose}: {one['reason']}" for purpose, one in answer["decisions"].items()]
        if answer["unconfirmed"]:
            lines.append(f"Not confirmed on pictures: {answer['unconfirmed']}.")
        lines += [f"Not for {purpose}: {said}" for purpose, said in answer["refused"].items()]
        return "\n".join(lines)
