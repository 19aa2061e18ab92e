"""Compares query strategies with random choice on approved development data."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotation.management.study_command import StudyCommand
from annotation.models import Study
from annotation.selectors.studies import site_named
from core.models import Job, User
from core.services import jobs
from domain.acquisition import STRATEGIES
from training.management.commands.train import settings_of
from training.selectors import replays
from training.services import replaying


class Command(StudyCommand):
    """`replay SITE [--strategy NAME ...] [--seeds 10] [--start 3] [--batch 3] ... [--wait]`."""

    help = (
        "Grows a labelled set by a strategy and by random choice of subjects, from several seeds,"
        " and prints the paired difference of the areas under the curves of Dice against subjects."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("site")
        parser.add_argument("--strategy", action="append", choices=sorted(STRATEGIES), default=[])
        parser.add_argument("--seeds", type=int, default=10)
        parser.add_argument("--start", type=int, default=3, help="subjects to begin with")
        parser.add_argument("--batch", type=int, default=3, help="subjects a batch")
        parser.add_argument("--backend", default="unet")
        parser.add_argument(
            "--set", dest="given", action="append", default=[], metavar="NAME=VALUE"
        )
        parser.add_argument("--wait", action="store_true", help="run it here, to its end")

    def run(self, study: Study, actor: User | None, options: dict[str, Any]) -> dict[str, Any]:
        made = replaying.submit(
            site_named(study, options["site"]),
            actor,
            strategies=options["strategy"],
            seeds=options["seeds"],
            start=options["start"],
            batch=options["batch"],
            backend=options["backend"],
            settings=settings_of(options["given"]),
        )
        if options["wait"]:
            job = jobs.run_inline(made.job)
            if job.state != Job.State.DONE:
                raise CommandError(job.error or f"The job ended {job.state}.")
            made.refresh_from_db()
        return replays.as_json(made)

    def describe(self, answer: dict[str, Any]) -> str:
        if answer["helps"] is None:
            return f"Replay {answer['replay']} of {answer['site']} is queued."
        lines = []
        for one in answer["comparisons"]:
            low, high = one["ci95"]
            lines.append(
                f"{one['strategy']} minus random: {one['mean_difference']:+.4f} Dice (95 % interval"
                f" {low:+.4f} to {high:+.4f} over {one['n_seeds']} seeds), mean height"
                f" {one['mean_area']:.4f} against {one['mean_area_random']:.4f}"
            )
        verdict = "A strategy helps." if answer["helps"] else "Random choice does as well."
        return "\n".join([*lines, verdict])
