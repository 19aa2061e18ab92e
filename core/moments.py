"""Moments as people read them: in their own time zone, with the day where it is not today."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils import timezone


def zone_named(name: str) -> ZoneInfo:
    """The zone of that name; UTC where this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def words(at: datetime, now: datetime | None = None) -> str:
    """`14:03` today, `2026-03-02 14:03` otherwise, in the zone that is active."""
    here = timezone.localtime(at)
    today = timezone.localtime(now or timezone.now()).date()
    return f"{here:%H:%M}" if here.date() == today else f"{here:%Y-%m-%d %H:%M}"


def in_full(at: datetime) -> str:
    """`2026-03-02 14:03:09 CET`, in the zone that is active."""
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S %Z}"
