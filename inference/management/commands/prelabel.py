"""Makes the pre-labels of a site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandParser

from annotation.management.study_command import StudyCommand
from annotation.selectors.studies import site_named
from core.services import jobs
from domain.errors import Refused
from inference.selectors import versions
from inference.services import prelabelling

if TYPE_CHECKING:
    from annotation.models import Study
    from core.models import User


class Command(StudyCommand):
    """`prelabel SITE [--model MODEL] [--wait]`."""

    help = "Suggestions for all images of SITE without work on them."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("site")
        parser.add_argument("--model", help="another model than the site's current one")
        parser.add_argument("--wait", action="store_true", help="run it here and now")

    def run(self, study: Study, actor: User | None, options: dict[str, Any]) -> dict[str, Any]:
        model = versions.named(study, options["model"]) if options["model"] else None
        job = prelabelling.submit(site_named(study, options["site"]), actor, model)
        if options["wait"]:
            job = jobs.run_inline(job)
            if job.state != job.State.DONE:
                raise Refused(job.error or f"The job ended as {job.state}.")
        return {"job": str(job.pk), "state": job.state, **(job.result or {})}

    def describe(self, answer: dict[str, Any]) -> str:
        if "suggested" not in answer:
            return f"Job {answer['job']} is {answer['state']}."
        return (
            f"{answer['model']} made {answer['suggested']} pre-labels; {answer['failed']} failed."
        )
