"""Appending to the audit trail, and checking it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from core.models import AuditEvent, AuditHead, User

GENESIS = "0" * 64


@dataclass(frozen=True)
class Entry:
    """One event to be appended: what was done, by whom (None: the system itself), to what."""

    verb: str
    actor: User | None
    target: models.Model | str = ""
    scope: str = ""
    details: dict[str, Any] = field(default_factory=dict)


def record(
    verb: str,
    *,
    actor: User | None,
    target: models.Model | str = "",
    scope: str = "",
    **details: Any,
) -> AuditEvent:
    """Append an event in the caller's transaction: change and trace stand or fall together.

    `scope` names the study. `actor` is None for what the system does by itself.
    """
    (event,) = record_all([Entry(verb, actor, target, scope, details)])
    return event


def record_all(entries: Sequence[Entry]) -> list[AuditEvent]:
    """Append events in their order, with a number of statements that does not grow with them."""
    if not entries:
        return []
    events = []
    with transaction.atomic():
        head, _ = AuditHead.objects.select_for_update().get_or_create(
            pk=1, defaults={"hash": GENESIS}
        )
        for entry in entries:
            event = AuditEvent(
                sequence=head.sequence + 1,
                at=timezone.now(),
                actor=entry.actor,
                actor_name=entry.actor.get_username() if entry.actor else "Myotrace",
                verb=entry.verb,
                target=_name_of(entry.target),
                scope=entry.scope,
                details=json.loads(json.dumps(entry.details, default=str)),
                previous_hash=head.hash,
            )
            event.hash = event_hash(event)
            head.sequence, head.hash = event.sequence, event.hash
            events.append(event)
        AuditEvent.objects.bulk_create(events)
        head.save()
    return events


def event_hash(event: AuditEvent) -> str:
    """SHA-256 of the previous hash and the event's canonical JSON."""
    content = {
        "sequence": event.sequence,
        "at": event.at.isoformat(),
        "actor": event.actor_id,
        "actor_name": event.actor_name,
        "verb": event.verb,
        "target": event.target,
        "scope": event.scope,
        "details": event.details,
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256((event.previous_hash + canonical).encode()).hexdigest()


def broken_links() -> list[str]:
    """What is wrong with the chain, in words; empty where it is whole."""
    problems = []
    previous, expected = GENESIS, 1
    for event in AuditEvent.objects.order_by("sequence").iterator(chunk_size=1000):
        if event.sequence != expected:
            problems.append(f"Audit event {expected} is missing.")
        elif event.previous_hash != previous:
            problems.append(f"Audit event {event.sequence} does not follow the one before it.")
        elif event_hash(event) != event.hash:
            problems.append(f"Audit event {event.sequence} was changed.")
        previous, expected = event.hash, event.sequence + 1
    head = AuditHead.objects.filter(pk=1).first()
    if head and (head.sequence != expected - 1 or head.hash != previous):
        problems.append(f"The audit trail ends at event {expected - 1}, not {head.sequence}.")
    return problems


def _name_of(target: models.Model | str) -> str:
    name = target if isinstance(target, str) else f"{target._meta.verbose_name} {target}"
    return name[:200]
