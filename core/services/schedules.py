"""Schedules that an admin edits; beat only ever calls one task of ours."""

from __future__ import annotations

import json
import re
from typing import Any

from django.db import transaction
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from core.models import Schedule, User
from core.services import audit, jobs
from domain.errors import InvalidInput, MyotraceError

TASK = "core.tasks.submit_scheduled"


def put(
    name: str,
    kind: str,
    params: dict[str, Any],
    *,
    hour: int,
    minute: int,
    days: str = "*",
    enabled: bool = True,
    scope: str = "",
    actor: User | None,
) -> Schedule:
    """Make or change the schedule `name`. `days`: `*` or days of the week, 0 = Sunday (`1,4`).

    `actor` None is the system itself.
    """
    if not (0 <= hour <= 23 and 0 <= minute <= 59):
        raise InvalidInput("Give an hour from 0 to 23 and a minute from 0 to 59.")
    if not re.fullmatch(r"\*|[0-6](,[0-6])*", days):
        raise InvalidInput("Give the days of the week as * or as numbers such as 1,4 (0 = Sunday).")
    with transaction.atomic():
        schedule, _ = Schedule.objects.update_or_create(
            name=name,
            defaults={
                "kind": kind,
                "params": params,
                "scope": scope,
                "hour": hour,
                "minute": minute,
                "days": days,
                "enabled": enabled,
                "requested_by": actor,
            },
        )
        _tell_beat(schedule)
        audit.record(
            "schedule changed",
            actor=actor,
            target=name,
            scope=scope,
            hour=hour,
            minute=minute,
            days=days,
            enabled=enabled,
        )
    return schedule


def submit_due(schedule_id: int) -> None:
    """Submit the job of a schedule; what prevented it is kept on the row."""
    schedule = Schedule.objects.filter(pk=schedule_id, enabled=True).first()
    if schedule is None:
        return
    try:
        job = jobs.submit(
            schedule.kind,
            schedule.params,
            actor=schedule.requested_by,
            scope=schedule.scope,
            exclusive=f"schedule:{schedule.pk}",
        )
        schedule.last_outcome = f"submitted as job {job.pk}"
    except MyotraceError as error:
        schedule.last_outcome = str(error)[:300]
    schedule.last_submitted_at = timezone.now()
    schedule.save(update_fields=["last_outcome", "last_submitted_at"])


def _tell_beat(schedule: Schedule) -> None:
    crontab, _ = CrontabSchedule.objects.get_or_create(
        minute=str(schedule.minute),
        hour=str(schedule.hour),
        day_of_week=schedule.days,
        day_of_month="*",
        month_of_year="*",
        timezone="UTC",
    )
    task, _ = PeriodicTask.objects.update_or_create(
        name=f"myotrace: {schedule.name}",
        defaults={
            "task": TASK,
            "crontab": crontab,
            "args": json.dumps([schedule.pk]),
            "enabled": schedule.enabled,
            "queue": "short",
        },
    )
    schedule.periodic_task = task
    schedule.save(update_fields=["periodic_task"])
