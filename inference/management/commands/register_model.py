"""Registers a model of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandParser

from annotation.management.study_command import StudyCommand
from annotation.selectors.studies import site_named
from domain.errors import InvalidInput
from inference.runtime import read_model
from inference.services import uploading

if TYPE_CHECKING:
    from annotation.models import Study
    from core.models import User


class Command(StudyCommand):
    """`register_model SITE MODEL.onnx CARD.json --as USER`."""

    help = (
        "Checks an ONNX file and its card in a limited process and registers them as SITE's next"
        " model version. It serves nobody before it has passed the gate."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("site")
        parser.add_argument("model", metavar="MODEL.onnx", type=Path)
        parser.add_argument("card", metavar="CARD.json", type=Path)

    def run(self, study: Study, actor: User | None, options: dict[str, Any]) -> dict[str, Any]:
        site = site_named(study, options["site"])
        try:
            card = uploading.parse_card(options["card"].read_bytes())
        except OSError as error:
            raise InvalidInput(f"{options['card']} cannot be read: {error.strerror}.") from error
        model = uploading.check_and_register(site, read_model(options["model"]), card, actor)
        return {"model": model.name, "site": site.slug, "sha256": model.sha256}

    def describe(self, answer: dict[str, Any]) -> str:
        return f"{answer['model']} is registered; it serves nobody before it has passed the gate."
