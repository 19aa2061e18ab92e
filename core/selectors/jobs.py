"""Reading jobs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from core.models import Job, User
from core.policies import can_see_job, is_scope_admin
from domain.errors import NotFound

JUST_OVER = timedelta(minutes=2)


def visible_job(user: User, job_id: UUID) -> Job:
    """The job, if `user` may see it. Raises NotFound."""
    job = Job.objects.filter(pk=job_id).first()
    if job is None or not can_see_job(user, job):
        raise NotFound("There is no such job.")
    return job


def is_waiting(kind: str, scope: str, params: dict[str, Any]) -> bool:
    """Whether the same work is queued and not begun."""
    return Job.objects.filter(
        kind=kind, scope=scope, params=params, state__in=[Job.State.QUEUED, Job.State.LOST]
    ).exists()


def awaited(scope: str, *concerns: str) -> list[Job]:
    """The jobs of a scope that run for one of these objects, and those just over, newest first."""
    found = Job.objects.filter(scope=scope).defer("log", "result", "params")
    recent = found.filter(
        Q(state__in=Job.ACTIVE) | Q(finished_at__gt=timezone.now() - JUST_OVER)
    ).order_by("-created_at")
    return [job for job in recent if set(job.concerns) & set(concerns)]


def of_scope(user: User, scope: str, *, limit: int = 50) -> list[Job]:
    """The newest jobs of a scope (a study) that `user` may see, active ones first."""
    jobs = Job.objects.filter(scope=scope).select_related("requested_by").defer("log", "result")
    if not is_scope_admin(user, scope):
        jobs = jobs.filter(requested_by=user.pk)
    active = list(jobs.filter(state__in=Job.ACTIVE).order_by("-created_at")[:limit])
    over = jobs.exclude(state__in=Job.ACTIVE).order_by("-created_at")[: limit - len(active)]
    return active + list(over)
