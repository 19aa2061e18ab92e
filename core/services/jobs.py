"""Submitting, claiming, running, cancelling and reconciling jobs."""

from __future__ import annotations

import logging
import os
import socket
import traceback
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from core.jobs import (
    Cancelled,
    Fenced,
    Heartbeat,
    JobContext,
    handler_of,
    lease_end,
    lease_is_over,
    queue_of,
    turn_of,
    work_of,
)
from core.models import Job, User
from core.services import audit
from domain.errors import Conflict, MyotraceError

logger = logging.getLogger(__name__)
REPUBLISH_AFTER = timedelta(seconds=30)


def submit(
    kind: str,
    params: dict[str, Any],
    *,
    actor: User | None = None,
    scope: str = "",
    exclusive: str = "",
) -> Job:
    """Write the row of a new job and ring the doorbell after the commit.

    A second active job with the same `exclusive` key raises Conflict.
    """
    handler_of(kind)
    work = work_of(kind, params)
    try:
        with transaction.atomic():
            job = Job.objects.create(
                kind=kind,
                params=params,
                title=work.title[:200],
                concerns=list(work.concerns),
                scope=scope,
                exclusive=exclusive,
                requested_by=actor,
            )
            audit.record("job submitted", actor=actor, target=str(job.pk), scope=scope, kind=kind)
    except IntegrityError as error:
        raise Conflict(
            "The same work is already queued or running. Wait for it, or cancel it first."
        ) from error
    transaction.on_commit(lambda: publish(job), robust=True)
    return job


def publish(job: Job) -> None:
    """Ring the doorbell. If nobody hears it, the reconciler rings again."""
    from core.tasks import execute_job

    try:
        execute_job.apply_async(args=(str(job.pk),), queue=queue_of(job.kind), retry=False)
    except OSError as error:
        logger.warning("job %s could not be announced: %s", job.pk, error)
        return
    Job.objects.filter(pk=job.pk).update(published_at=timezone.now())


def claim(job_id: str) -> Job | None:
    """Take a job by compare-and-set; None if somebody else has it or it is over."""
    now = timezone.now()
    taken = (
        Job.objects.filter(pk=job_id)
        .filter(
            Q(state__in=[Job.State.QUEUED, Job.State.LOST])
            | (Q(state=Job.State.RUNNING) & lease_is_over(now))
        )
        .update(
            state=Job.State.RUNNING,
            fence=F("fence") + 1,
            attempts=F("attempts") + 1,
            lease_until=lease_end(),
            owner=f"{socket.gethostname()}:{os.getpid()}",
            started_at=now,
            error="",
        )
    )
    return Job.objects.get(pk=job_id) if taken else None


def answer(job_id: str) -> Job | None:
    """Run the job whose turn it is when the doorbell rings for this one."""
    kind = Job.objects.filter(pk=job_id).values_list("kind", flat=True).first()
    return None if kind is None else run(turn_of(kind, job_id))


def run(job_id: str) -> Job | None:
    """Claim a job and run it to its end in this process; None if it was not to be had."""
    job = claim(job_id)
    if job is None:
        return None
    context = JobContext(job)
    try:
        with Heartbeat(context):
            context.raise_if_cancelled()
            result = handler_of(job.kind)(context)
        _finish(context, Job.State.DONE, result=result, progress=1.0)
    except Cancelled as error:
        _finish(context, Job.State.CANCELLED, error=str(error))
    except Fenced:
        logger.warning("job %s: attempt %s was fenced out", job.pk, context.fence)
    except MyotraceError as error:
        _finish(context, Job.State.FAILED, error=str(error))
    except Exception as error:
        logger.exception("job %s failed", job.pk)
        context.log(traceback.format_exc())
        _finish(context, Job.State.FAILED, error=f"Unexpected: {type(error).__name__}: {error}")
    job.refresh_from_db()
    return job


def run_inline(job: Job) -> Job:
    """Run a job here, for `--wait`: by the same claim and lease, or wait for who has it."""
    finished = run(str(job.pk))
    return finished if finished is not None else wait_for(job)


def wait_for(job: Job, *, seconds: float | None = None) -> Job:
    """Wait until a job is over (or `seconds` have passed)."""
    import time

    end = None if seconds is None else time.monotonic() + seconds
    while True:
        job.refresh_from_db()
        if not job.is_active or (end is not None and time.monotonic() > end):
            return job
        time.sleep(0.5)


def cancel(job: Job, actor: User) -> None:
    """Ask a job to stop. A queued one ends at once; a running one within seconds."""
    with transaction.atomic():
        ended = Job.objects.filter(pk=job.pk, state__in=[Job.State.QUEUED, Job.State.LOST]).update(
            state=Job.State.CANCELLED,
            cancel_requested=True,
            finished_at=timezone.now(),
            error="Cancelled on request.",
        )
        if not ended:
            Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(cancel_requested=True)
        audit.record(
            "job cancelled", actor=actor, target=str(job.pk), scope=job.scope, kind=job.kind
        )


def reconcile() -> dict[str, int]:
    """Ring again for lost messages; take expired leases back; give up after too many attempts."""
    now = timezone.now()
    expired = Job.objects.filter(lease_is_over(now), state=Job.State.RUNNING)
    given_up = expired.filter(attempts__gte=settings.JOB_MAX_ATTEMPTS).update(
        state=Job.State.FAILED,
        fence=F("fence") + 1,
        finished_at=now,
        error="The worker was lost during each attempt. Look at the log, then start it again.",
    )
    lost = expired.update(state=Job.State.LOST, published_at=None)
    silent = Job.objects.filter(state__in=[Job.State.QUEUED, Job.State.LOST]).filter(
        Q(published_at__isnull=True)
        | Q(published_at__lt=now - REPUBLISH_AFTER)
        | Q(published_at__gt=now + REPUBLISH_AFTER)
    )
    announced = 0
    for job in silent.order_by("created_at")[:200]:
        publish(job)
        announced += 1
    return {"given_up": given_up, "lost": lost, "announced": announced}


def _finish(context: JobContext, state: Job.State, **fields: Any) -> None:
    Job.objects.filter(pk=context.job.pk, fence=context.fence, state=Job.State.RUNNING).update(
        state=state, finished_at=timezone.now(), lease_until=None, **fields
    )
