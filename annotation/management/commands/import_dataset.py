"""Imports images and clips with LabelMe outlines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotation.management.study_command import StudyCommand
from annotation.services.imports import running
from annotation.services.imports.report import WARNING
from annotation.services.imports.request import DEFAULT_STEP, STATES, ImportRequest
from annotation.services.intake.batch import (
    IMPORTED,
    NEWER,
    REFUSED,
    SUBMITTED,
    UNCHANGED,
    WORKED_HERE,
)
from core.models import Job, User
from core.services import jobs
from domain.errors import MyotraceError

WORDS = {
    IMPORTED: "imported",
    WARNING: "taken with a warning",
    NEWER: "newer, taken as a new revision",
    WORKED_HERE: "kept beside work done here",
    UNCHANGED: "unchanged",
    REFUSED: "refused",
}


class Command(StudyCommand):
    """`import_dataset DIR_OR_ZIP [--manifest FILE | --site SITE] [--as USER] ...`."""

    help = (
        "Imports images, clips and LabelMe JSON from a folder or a zip archive. Exit status 1 only "
        "if no file was taken or is unchanged."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("source", metavar="DIR_OR_ZIP")
        parser.add_argument("--manifest", default="", metavar="FILE", help="CSV that says whose")
        parser.add_argument("--site", default="", help="the site, where there is no manifest")
        parser.add_argument("--create-site", action="store_true", help="make an unknown --site")
        parser.add_argument(
            "--subject-from",
            dest="pattern",
            default="",
            metavar="REGEX",
            help="named groups subject, site, side, visit, take, frame, on each path",
        )
        parser.add_argument(
            "--state",
            choices=STATES,
            default=SUBMITTED,
            help="send outlines to review, or take them as approved outside (admins)",
        )
        parser.add_argument("--encoding", default="", help="of LabelMe files that are not UTF-8")
        parser.add_argument(
            "--mask",
            dest="masks",
            action="append",
            default=[],
            metavar="X,Y,W,H",
            help="blacken this rectangle (px) before anything is stored; repeat for more",
        )
        parser.add_argument(
            "--crop", default="", metavar="X,Y,W,H", help="keep this rectangle (px) only"
        )
        parser.add_argument(
            "--image-area",
            default="",
            metavar="X,Y,W,H",
            help="where the file shows tissue (px), or `full`: a depth spans its height",
        )
        parser.add_argument(
            "--crop-is-area", action="store_true", help="the crop is the image area"
        )
        parser.add_argument(
            "--sweeps", action="store_true", help="each folder of images is one dynamic take"
        )
        parser.add_argument(
            "--step",
            type=int,
            default=DEFAULT_STEP,
            help="take each STEP-th frame of clips and sweeps (default: %(default)s)",
        )
        parser.add_argument(
            "--join-groups",
            action="store_true",
            help="shapes of one label and group_id are parts of one region",
        )
        parser.add_argument(
            "--same",
            action="append",
            nargs=3,
            default=[],
            metavar=("KIND", "NAME", "MEANT"),
            help="a subject, site or reader NAME is the one spelled MEANT; repeat for more",
        )
        parser.add_argument("--dry-run", action="store_true", help="report, and change nothing")
        parser.add_argument(
            "--wait", action="store_true", help="as always: it runs here until it is done"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        actor = self.actor(options["actor"])
        try:
            answer = self._imported(_request(options), options["study"], actor)
        except MyotraceError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(answer, ensure_ascii=False))
        else:
            self.stdout.write(self.describe(answer))
        if all(file["status"] == REFUSED for file in answer["files"]):
            raise CommandError("No file was taken. The reasons stand beside each file.")

    def _imported(self, request: ImportRequest, study: str, actor: User | None) -> dict[str, Any]:
        outcome: dict[str, Any] = {"study": study, "dry_run": request.dry_run}
        if request.dry_run:
            report = running.import_files(request, study, actor=actor)
            return outcome | report.as_json()
        job = jobs.run_inline(running.submit(request, study, actor=actor))
        if job.state != Job.State.DONE:
            raise CommandError(job.error or f"The import was {job.state}.")
        return outcome | {"job": str(job.pk)} | (job.result or {})

    def describe(self, answer: dict[str, Any]) -> str:
        lines = [
            f"{file['path']}: {WORDS[file['status']]}"
            + "".join(f"\n    {r}" for r in file["reasons"])
            for file in answer["files"]
            if file["reasons"] or file["status"] == REFUSED
        ]
        lines += answer["notes"]
        counts = ", ".join(f"{answer['counts'][status]} {words}" for status, words in WORDS.items())
        lines.append(f"{'Dry run: ' if answer['dry_run'] else ''}{counts}.")
        return "\n".join(lines)


def _request(options: dict[str, Any]) -> ImportRequest:
    return ImportRequest(
        source=str(Path(options["source"]).resolve()),
        manifest=_existing(options["manifest"]),
        site=options["site"],
        pattern=options["pattern"],
        state=options["state"],
        dry_run=options["dry_run"],
        create_site=options["create_site"],
        encoding=options["encoding"],
        masks=tuple(options["masks"]),
        crop=options["crop"],
        image_area=options["image_area"],
        crop_is_area=options["crop_is_area"],
        sweeps=options["sweeps"],
        step=options["step"],
        join_groups=options["join_groups"],
        same=tuple((kind, name, meant) for kind, name, meant in options["same"]),
    )


def _existing(manifest: str) -> str:
    """A manifest on disk by its full path, since a worker may run the job; else as given."""
    path = Path(manifest)
    return str(path.resolve()) if manifest and path.is_file() else manifest
