"""Writes the measurements of a study's approved outlines."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotation.management.study_command import StudyCommand
from annotation.models import Site, Study
from annotation.reports.measurements import as_excel
from annotation.selectors import measurements
from annotation.selectors.locks import current_lock
from annotation.selectors.measurements import Measurement
from annotation.selectors.studies import site_named
from annotation.services.lock import open_references
from core.models import User


class Command(StudyCommand):
    """`measure [--site SITE] --out FILE.csv`."""

    help = (
        "One row per approved image and label: CSA, thickness, echo intensity. The locked test "
        "subjects are left out unless --locked says what they are opened for, which is counted."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--site", help="one site's short name (default: all)")
        parser.add_argument("--out", required=True, type=Path, metavar="FILE.csv")
        parser.add_argument(
            "--locked",
            metavar="PURPOSE",
            help="open the locked test references too, for this purpose (an admin, with --as)",
        )

    def run(self, study: Study, actor: User | None, options: dict[str, Any]) -> dict[str, Any]:
        if options["locked"] and actor is None:
            raise CommandError("Say with --as USER which admin opens the locked references.")
        site = site_named(study, options["site"]) if options["site"] else None
        rows = measurements.of_study(study, site=site)
        if options["locked"]:
            sites = [site] if site else list(study.sites.all())
            rows = chain(rows, _opened(study, sites, actor, options["locked"]))
            n_left_out = 0
        else:
            n_left_out = measurements.left_out(study, site=site)
        counted = _Counted(rows)
        _write(options["out"], "".join(as_excel(counted)))
        return {
            "out": str(options["out"]),
            "rows": counted.rows,
            "images": len(counted.images),
            "without_calibration": counted.without_calibration,
            "left_out": n_left_out,
        }

    def describe(self, answer: dict[str, Any]) -> str:
        words = [f"{answer['rows']} rows of {answer['images']} images in {answer['out']}."]
        if answer["without_calibration"]:
            words.append(
                f"{answer['without_calibration']} rows are not calibrated and have no mm: set the "
                "scale on the images' pages."
            )
        if answer["left_out"]:
            words.append(
                f"{answer['left_out']} images of test subjects were left out: --locked PURPOSE "
                "--as ADMIN opens them, and the look is counted."
            )
        return " ".join(words)


def _opened(
    study: Study, sites: list[Site], actor: User | None, purpose: str
) -> Iterator[Measurement]:
    for site in sites:
        if current_lock(site) is not None:
            yield from measurements.of_items(study, open_references(site, actor, purpose).items)


class _Counted:
    """The rows as they pass, counted."""

    def __init__(self, rows: Iterator[Measurement]) -> None:
        self._rows = rows
        self.rows = 0
        self.without_calibration = 0
        self.images: set[int] = set()

    def __iter__(self) -> Iterator[Measurement]:
        for row in self._rows:
            self.rows += 1
            self.without_calibration += not row.calibration
            self.images.add(row.image_id)
            yield row


def _write(path: Path, text: str) -> None:
    """The whole file or none: written beside its place, then moved there."""
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="", dir=path.parent, delete=False
        ) as file:
            file.write(text)
        os.chmod(file.name, 0o644)
        os.replace(file.name, path)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
