"""Reading jobs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from core.models import Job, User
from core.policies import can_see_job, is_scope_admin
from domain.errors import NotFound


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


def of_scope(user: User, scope: str, *, limit: int = 50) -> list[Job]:
    """The newest jobs of a scope (a study) that `user` may see, active ones first."""
    jobs = Job.objects.filter(scope=scope).select_related("requested_by").defer("log", "result")
    if not is_scope_admin(user, scope):
        jobs = jobs.filter(requested_by=user.pk)
    active = list(jobs.filter(state__in=Job.ACTIVE).order_by("-created_at")[:limit])
    over = jobs.exclude(state__in=Job.ACTIVE).order_by("-created_at")[: limit - len(active)]
    return active + list(over)
