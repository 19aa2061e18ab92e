"""Writes the report of a study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError, CommandParser

from annotation.management.study_command import StudyCommand
from annotation.selectors.studies import site_named
from training.reports import files

if TYPE_CHECKING:
    from annotation.models import Study
    from core.models import User


class Command(StudyCommand):
    """`report --out DIR [--site SITE]`."""

    help = (
        "The study's tables and figures into DIR: the report as HTML, JSON and PDF, its tables as "
        "CSV, its plots as SVG, and the report of each model that serves. No look is spent."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--out", required=True, type=Path, metavar="DIR")
        parser.add_argument("--site", help="one site's short name (default: all)")

    def run(self, study: Study, actor: User | None, options: dict[str, Any]) -> dict[str, Any]:
        site = site_named(study, options["site"]) if options["site"] else None
        try:
            written = files.write(study, site, options["out"])
        except OSError as error:
            said = f"{options['out']} cannot be written: {error.strerror}."
            raise CommandError(said) from error
        return {"out": str(options["out"]), "files": written}

    def describe(self, answer: dict[str, Any]) -> str:
        return f"{len(answer['files'])} files in {answer['out']}; begin with report.html."
