"""Reading the audit trail, newest first, page by page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.jobs import in_words
from core.models import AuditEvent, Job

PAGE_SIZE = 50
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DOUBLED = re.compile(r"^(.+) (?=\1\b)")


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


def targets_in_words(events: Iterable[AuditEvent]) -> dict[int, str]:
    """What each event was done to, by its sequence number: a job by what it does, not by its id."""
    recorded = {event.sequence: event.target for event in events}
    ids = [target for target in recorded.values() if UUID.fullmatch(target)]
    jobs = Job.objects.filter(pk__in=ids)
    titles = {str(job.pk): job.title or in_words(job.kind) for job in jobs}
    return {
        sequence: titles.get(target, "a job that is gone")
        if UUID.fullmatch(target)
        else DOUBLED.sub("", target)
        for sequence, target in recorded.items()
    }
