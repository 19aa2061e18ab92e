"""Gives every unassigned subject of a study its partition."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from annotation.management.study_command import StudyCommand
from annotation.models import Study
from annotation.selectors import partitions
from annotation.services import split
from core.models import User


class Command(StudyCommand):
    """`split [--test 0.2] [--validation 0.1] [--reserve 0] [--seed N]`."""

    help = "Gives every unassigned subject its partition; a manifest's partition is honoured."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--test", type=float, default=0.2, help="share of test subjects")
        parser.add_argument(
            "--validation", type=float, default=0.1, help="share of validation subjects"
        )
        parser.add_argument(
            "--reserve",
            type=float,
            default=0.0,
            help="share that no model learns from until a later lock is drawn of it (default: 0)",
        )
        parser.add_argument("--seed", type=int, default=1, help="the same seed, the same split")

    def run(self, study: Study, actor: User | None, options: dict[str, Any]) -> dict[str, Any]:
        before = partitions.partition_counts(study)[partitions.UNASSIGNED]
        made = split.assign(
            study,
            test=options["test"],
            validation=options["validation"],
            reserve=options["reserve"],
            seed=options["seed"],
            actor=actor,
        )
        counts = partitions.partition_counts(study)
        shared = partitions.shared_pictures(study)
        for one in shared:
            self.tell(_warning(one))
        return {
            "study": study.name,
            "seed": made.seed,
            "assigned": before - counts[partitions.UNASSIGNED],
            "subjects": counts,
            "partitions": partitions.subjects_by_partition(study),
            "shared_pictures": [
                {"subjects": list(one.subjects), "crosses": one.crosses} for one in shared
            ],
        }

    def describe(self, answer: dict[str, Any]) -> str:
        counts = ", ".join(f"{name} {n}" for name, n in answer["subjects"].items() if n)
        return f"{answer['assigned']} subjects assigned with seed {answer['seed']}: {counts}."


def _warning(shared: partitions.SharedPicture) -> str:
    names = ", ".join(shared.subjects)
    if shared.crosses:
        return (
            f"The same picture stands under {names}, who are in different partitions: training "
            "leaves it out. Put the subject right if it is one person."
        )
    return f"The same picture stands under {names}: they stay in one partition."
