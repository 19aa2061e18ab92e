"""Trainings take turns site by site: whose turn it is.

The worker of the queue `training` has one process a device (`training.services.devices`). Its
doorbell says only that something waits; which job is taken is decided here.
"""

from __future__ import annotations

from django.db.models import Max

from core.models import Job
from domain.fairness import NEVER, Waiting, order

QUEUE = "training"
KINDS = ("train", "cross-validate", "replay")


def next_job(rung_for: str) -> str:
    """The id of the job whose turn it is; the one the doorbell rang for where none waits."""
    turns = _turns()
    return turns[0].key if turns else rung_for


def place_of(job: Job) -> int | None:
    """The place of a waiting job in the queue, from 1; None for one that does not wait."""
    keys = [one.key for one in _turns()]
    return keys.index(str(job.pk)) + 1 if str(job.pk) in keys else None


def _turns() -> list[Waiting]:
    waiting = Job.objects.filter(kind__in=KINDS, state__in=[Job.State.QUEUED, Job.State.LOST])
    begun = (
        Job.objects.filter(kind__in=KINDS, started_at__isnull=False)
        .values("params__site")
        .annotate(last=Max("started_at"))
    )
    last_started = {str(row["params__site"]): row["last"] or NEVER for row in begun}
    return order(
        [Waiting(str(job.pk), str(job.params.get("site")), job.created_at) for job in waiting],
        last_started,
    )
