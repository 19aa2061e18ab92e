"""Cross-validates a model on its site's development subjects."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotation.management.study_command import StudyCommand
from annotation.models import Study
from core.models import Job, User
from core.services import jobs
from inference.selectors.versions import named
from training.selectors import evaluations
from training.services import crossvalidation


class Command(StudyCommand):
    """`cross_validate MODEL [--folds 3] [--wait]`."""

    help = (
        "Repeats the recipe of a model's run without each fold of its training subjects, and"
        " scores it on those left out. Never opens the test references."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("model", metavar="MODEL")
        parser.add_argument("--folds", type=int, default=crossvalidation.FOLDS)
        parser.add_argument("--wait", action="store_true", help="run it here, to its end")

    def run(self, study: Study, actor: User | None, options: dict[str, Any]) -> dict[str, Any]:
        model = named(study, options["model"])
        job = crossvalidation.submit(model, actor, count=options["folds"])
        if not options["wait"]:
            return {"model": model.name, "job": str(job.pk), "state": job.state}
        finished = jobs.run_inline(job)
        kept = evaluations.newest(model, evaluations.DEVELOPMENT)
        if finished.state != Job.State.DONE or kept is None:
            raise CommandError(finished.error or f"The job ended {finished.state}.")
        return evaluations.as_json(kept)

    def describe(self, answer: dict[str, Any]) -> str:
        if "job" in answer:
            return f"{answer['model']} is queued for cross-validation (job {answer['job']})."
        dice = answer["summary"]["dice"]
        return f"{answer['model']}, out of fold: Dice {dice['mean']:.3f} over {dice['n_subjects']}"
