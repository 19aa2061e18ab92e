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
    """`promote MODEL --as USER [--reason TEXT]`."""

    help = "Lets MODEL serve its site, if it wins on the locked test set."
    wants_actor = True

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("model")
        parser.add_argument("--reason", default="")

    def run(self, study: Study, actor: User | None, options: dict[str, Any]) -> dict[str, Any]:
        assert actor is not None
        model = versions.named(study, options["model"])
        moves = promotion.promote(model, actor, options["reason"])
        return promotion.as_json(moves)

    def describe(self, answer: dict[str, Any]) -> str:
        return f"{answer['model']} serves {answer['site']} now. {answer['numbers']['reason']}"
