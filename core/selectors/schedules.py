"""Reading schedules."""

from __future__ import annotations

from core.models import Schedule


def schedule_called(name: str) -> Schedule | None:
    """The schedule of this name, if there is one."""
    return Schedule.objects.filter(name=name).first()
