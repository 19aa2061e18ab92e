"""The demo study: phantom scans in every stage of work, made through the services.

Idempotent and resumable: what is there already is left alone, each step is a transaction, and the
same seed makes the same scans and outlines.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from annotation.selectors.locks import current_lock
from annotation.services import lock, split, studies
from annotation.services.double_reading import set_share
from core.models import AuditEvent
from core.services import audit
from domain.errors import Refused
from domain.phantom import cohort
from training.models import Run
from training.services import runs
from training.services.demo import people, scans, sites, work
from training.services.demo.people import People

if TYPE_CHECKING:
    from annotation.models import Site

__all__ = ["NAME", "SEED", "SUBJECTS", "is_finished", "logins", "logins_path", "make"]

NAME = "demo"
SUBJECTS = 40
SEED = 1
SMALLEST_COHORT = 8
DOUBLE_READING_SHARE = 0.15
FINISHED = "demo study finished"
# Small enough for two CPU cores to finish in a few minutes.
TRAINING = {
    "encoder": "resnet18",
    "image_size": 128,
    "learning_rate": 1e-3,
    "batch_size": 4,
    "max_epochs": 12,
    "patience": 10,
}

logins, logins_path = people.logins, people.logins_path


def is_finished() -> bool:
    """Whether the demo study was made to its end."""
    return AuditEvent.objects.filter(scope=NAME, verb=FINISHED).exists()


def make(
    subjects: int = SUBJECTS, seed: int = SEED, *, say: Callable[[str], None] = lambda line: None
) -> bool:
    """Make what is missing of the demo study; answers whether anything was left to make.

    Raises Refused for a cohort too small to be split, or where an unfinished demo has another size
    or seed.
    """
    if subjects < SMALLEST_COHORT:
        raise Refused(f"The demo study needs at least {SMALLEST_COHORT} subjects.")
    if is_finished():
        return False
    team = people.ensure()
    study = studies.get_or_create(NAME, actor=team.admin)
    _refuse_other_plan(subjects, seed)
    study = people.enrol(study, team)
    made_sites = sites.ensure(study, team.admin)
    if study.double_reading_share != DOUBLE_READING_SHARE:
        set_share(study, DOUBLE_READING_SHARE, actor=team.admin)
    say(f"Making the demo study: {subjects} phantom subjects ...")
    taken = [
        image
        for subject in cohort(subjects, seed)
        for image in scans.take_in(study, made_sites, subject, team)
    ]
    split.assign(study, test=0.2, validation=0.1, seed=seed, actor=team.admin)
    work.do(study, taken, team)
    _seal(made_sites, team, say)
    _train(made_sites[sites.TRAINED_SITE], team)
    audit.record(FINISHED, actor=None, target=study, scope=NAME, subjects=subjects, seed=seed)
    return True


def _refuse_other_plan(subjects: int, seed: int) -> None:
    """Keep one plan from the first beginning on: half of one cohort and half of another is none."""
    begun = AuditEvent.objects.filter(scope=NAME, verb="demo study begun").first()
    plan = {"subjects": subjects, "seed": seed}
    if begun is None:
        audit.record("demo study begun", actor=None, target=NAME, scope=NAME, **plan)
    elif begun.details != plan:
        raise Refused(
            f"The demo study was begun with {begun.details['subjects']} subjects and seed "
            f"{begun.details['seed']}. Finish it with the same."
        )


def _seal(made_sites: dict[str, Site], team: People, say: Callable[[str], None]) -> None:
    """Lock each site; one that no test subject of a very small cohort has stays open."""
    for site in made_sites.values():
        if current_lock(site) is None:
            try:
                lock.seal(site, team.admin)
            except Refused as refusal:
                say(str(refusal))


def _train(site: Site, team: People) -> None:
    """One small U-Net, queued for the worker; its model is promoted by the job that follows."""
    if not Run.objects.filter(site=site).exists():
        runs.start(site, "unet", TRAINING, team.admin, Run.Trigger.DEMO)
