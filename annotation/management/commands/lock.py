"""Seals the test references of a site."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from annotation.management.study_command import StudyCommand
from annotation.models import LOOK_BUDGET, Study
from annotation.selectors.locks import lock_state
from annotation.selectors.studies import site_named
from annotation.services import lock
from core.models import User


class Command(StudyCommand):
    """`lock SITE --as USER [--looks N] [--rotate]`."""

    help = (
        "Seals the approved references of a site's test subjects, with the corrections that were "
        "proposed. It cannot be taken back."
    )
    wants_actor = True

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("site", help="the site's short name")
        parser.add_argument(
            "--looks",
            type=int,
            default=LOOK_BUDGET,
            help="how often this version may be opened (default: %(default)s); never raised",
        )

        parser.add_argument(
            "--rotate",
            action="store_true",
            help="draw fresh subjects from the reserve, when no look is left or the cohort grew by "
            "30 per cent",
        )

    def run(self, study: Study, actor: User | None, options: dict[str, Any]) -> dict[str, Any]:
        assert actor is not None, "--as is required"
        site = site_named(study, options["site"])
        make = lock.rotate if options["rotate"] else lock.seal
        sealed = make(site, actor, options["looks"])
        state = lock_state(site)
        assert state is not None, "it was sealed just now"
        return {
            "site": site.slug,
            "version": sealed.version,
            "digest": sealed.digest,
            "n_images": state.n_images,
            "n_subjects": state.n_subjects,
            "basis": sealed.basis,
            "rests_on_single_readings": state.rests_on_single_readings,
            "look_budget": sealed.look_budget,
            "generation": sealed.generation,
            "lookalikes": sealed.manifest["lookalikes"],
            "sealed_by": actor.get_username(),
            "sealed_at": sealed.sealed_at.isoformat(),
        }

    def describe(self, answer: dict[str, Any]) -> str:
        return (
            f"{answer['site']}, lock {answer['version']}: {answer['n_images']} references of "
            f"{answer['n_subjects']} subjects sealed ({answer['basis']}). Digest "
            f"{answer['digest']}."
        )
