"""Trains a run's snapshot once more and compares the numbers."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from annotation.management.study_command import StudyCommand
from annotation.models import Study
from core.models import User
from core.services import jobs
from domain.errors import NotFound, Refused
from training.selectors import runs as run_selector
from training.services import runs


class Command(StudyCommand):
    """`reproduce RUN [--wait]`."""

    help = "Repeats RUN on its own snapshot, with its settings and seed, and compares the numbers."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("number", metavar="RUN", type=int)
        parser.add_argument("--wait", action="store_true", help="train here and now")

    def run(self, study: Study, actor: User | None, options: dict[str, Any]) -> dict[str, Any]:
        found = run_selector.of_study(study).filter(pk=options["number"]).first()
        if found is None:
            raise NotFound(f"The study {study.name} has no run {options['number']}.")
        made = runs.reproduce(found, actor)
        if options["wait"]:
            job = jobs.run_inline(made.job)
            if job.state != job.State.DONE:
                raise Refused(job.error or f"The run ended as {job.state}.")
        return run_selector.as_json(run_selector.of_job(made.job))

    def describe(self, answer: dict[str, Any]) -> str:
        found = answer["reproduction"]
        if answer["model"] is None:
            return f"Run {answer['run']} repeats run {found['of']}: {answer['state']}."
        if found["same"]:
            return f"The same: all {found['epochs']} epochs have the numbers of run {found['of']}."
        return (
            f"Not the same as run {found['of']}: {found['epochs']} epochs in common,"
            f" {found['missing']} in one only, largest difference of the loss"
            f" {found['loss_difference']}, of the Dice {found['dice_difference']}."
        )
