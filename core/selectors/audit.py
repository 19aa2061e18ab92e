"""Reading the audit trail, newest first, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.models import AuditEvent

PAGE_SIZE = 50


@dataclass(frozen=True)
class AuditPage:
    """Some events, and the sequence numbers at which the neighbouring pages begin (0: none)."""

    events: Sequence[AuditEvent]
    older_than: int
    newer_than: int


def page(
    scope: str, *, verb: str = "", actor_name: str = "", older_than: int = 0, newer_than: int = 0
) -> AuditPage:
    """Events of one scope (a study), 50 a page, found by sequence number and not by counting."""
    events = AuditEvent.objects.filter(scope=scope)
    if verb:
        events = events.filter(verb=verb)
    if actor_name:
        events = events.filter(actor_name=actor_name)
    if newer_than:
        rows = list(events.filter(sequence__gt=newer_than).order_by("sequence")[: PAGE_SIZE + 1])
        more_new, more_old = len(rows) > PAGE_SIZE, True
        rows = rows[:PAGE_SIZE][::-1]
    else:
        if older_than:
            events = events.filter(sequence__lt=older_than)
        rows = list(events.order_by("-sequence")[: PAGE_SIZE + 1])
        more_new, more_old = bool(older_than), len(rows) > PAGE_SIZE
        rows = rows[:PAGE_SIZE]
    return AuditPage(
        rows,
        older_than=rows[-1].sequence if rows and more_old else 0,
        newer_than=rows[0].sequence if rows and more_new else 0,
    )


def verbs(scope: str) -> list[str]:
    """Every verb that occurs in a scope, in alphabetical order."""
    found = AuditEvent.objects.filter(scope=scope).order_by().values_list("verb", flat=True)
    return sorted(found.distinct())


def actors(scope: str) -> list[str]:
    """Everybody who has done something in a scope, in alphabetical order."""
    found = AuditEvent.objects.filter(scope=scope).order_by().values_list("actor_name", flat=True)
    return sorted(found.distinct())
