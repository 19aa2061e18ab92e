"""Exports images with their outlines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from annotation.management.study_command import StudyCommand
from annotation.models import Study
from annotation.selectors import exports as selector
from annotation.selectors.studies import site_named
from annotation.services import exports
from core.models import User


class Command(StudyCommand):
    """`export_dataset DIR --format labelme|masks [--site SITE] [--state approved|all]`."""

    help = (
        "Writes images with their outlines into the new folder DIR. Test subjects are left out. "
        "COCO and nnU-Net come in a later release."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path)
        parser.add_argument("--format", choices=exports.FORMATS, required=True)
        parser.add_argument("--site", default="", help="one site's short name (default: all)")
        parser.add_argument("--state", choices=selector.STATES, default=selector.APPROVED)
        parser.add_argument(
            "--as-received", action="store_true", help="LabelMe files byte by byte as they came"
        )

    def run(self, study: Study, actor: User | None, options: dict[str, Any]) -> dict[str, Any]:
        request = exports.ExportRequest(
            format=options["format"],
            site=site_named(study, options["site"]) if options["site"] else None,
            state=options["state"],
            as_received=options["as_received"],
        )
        answer = exports.to_folder(study, request, options["folder"], actor=actor)
        return {"out": str(options["folder"]), **answer}

    def describe(self, answer: dict[str, Any]) -> str:
        words = f"{answer['images']} images, {answer['files']} files in {answer['out']}."
        if answer["left_out"]:
            words += f" {answer['left_out']} images of test subjects were left out."
        return words
