"""Trains a model of a site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandParser

from annotation.management.study_command import StudyCommand
from annotation.selectors.studies import site_named
from core.services import jobs
from domain.errors import InvalidInput, Refused
from training import backends
from training.selectors import runs as run_selector
from training.services import runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from annotation.models import Study
    from core.models import User


class Command(StudyCommand):
    """`train SITE [--backend NAME] [--max-epochs N] [--set NAME=VALUE ...] [--wait]`."""

    help = "Trains a model of SITE on what is approved now."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("site")
        parser.add_argument(
            "--backend", help=f"{' or '.join(sorted(backends.BACKENDS))} (default: the site's)"
        )
        parser.add_argument("--max-epochs", help="short for --set max_epochs=N")
        parser.add_argument(
            "--set",
            dest="given",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="a setting of the backend; may be repeated",
        )
        parser.add_argument("--wait", action="store_true", help="train here and now")

    def run(self, study: Study, actor: User | None, options: dict[str, Any]) -> dict[str, Any]:
        site = site_named(study, options["site"])
        settings = settings_of(options["given"])
        if options["max_epochs"] is not None:
            settings["max_epochs"] = options["max_epochs"]
        run = runs.start(site, options["backend"] or runs.default_backend(site), settings, actor)
        if options["wait"]:
            self.tell(f"Run {run.pk}: training {site.slug} ...")
            job = jobs.run_inline(run.job)
            if job.state != job.State.DONE:
                raise Refused(job.error or f"The run ended as {job.state}.")
        return run_selector.as_json(run_selector.of_job(run.job))

    def describe(self, answer: dict[str, Any]) -> str:
        if answer["model"] is None:
            return f"Run {answer['run']} of {answer['site']} is {answer['state']}."
        return (
            f"Run {answer['run']} made {answer['model']}: best validation Dice"
            f" {answer['best_validation_dice']:.3f}, {answer['epochs']} epochs,"
            f" {answer['seconds']:.0f} s."
        )


def settings_of(pairs: Sequence[str]) -> dict[str, object]:
    """The settings in `NAME=VALUE` pairs; InvalidInput for one without `=` or a name twice."""
    settings: dict[str, object] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name or name in settings:
            raise InvalidInput(f"Write --set NAME=VALUE, each name once, not {pair!r}.")
        settings[name] = value
    return settings
