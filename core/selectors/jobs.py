"""Reading jobs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from core.models import Job, User
from core.policies import can_see_job
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
