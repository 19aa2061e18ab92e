"""The audit trail."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from core import triggers
from core.models import AuditEvent, User
from core.services import audit


@pytest.fixture
def events(admin: User) -> list[AuditEvent]:
    return [audit.record(f"act {n}", actor=admin, scope="lab", number=n) for n in range(4)]


def tamper(statement: str, parameters: list[object]) -> None:
    """What somebody with the database in hand could do."""
    with connection.cursor() as cursor:
        for trigger in ("core_auditevent_no_update", "core_auditevent_no_delete"):
            drop = f"DROP TRIGGER {trigger}"
            cursor.execute(drop if connection.vendor == "sqlite" else f"{drop} ON core_auditevent")
        cursor.execute(statement, parameters)
    triggers.install()


def test_a_whole_chain_has_no_broken_link(events: list[AuditEvent]) -> None:
    assert audit.broken_links() == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE core_auditevent SET verb = 'something else' WHERE sequence = %s",
        "UPDATE core_auditevent SET actor_name = 'somebody else' WHERE sequence = %s",
        "DELETE FROM core_auditevent WHERE sequence = %s",
    ],
)
def test_tampering_is_named_at_its_place(events: list[AuditEvent], statement: str) -> None:
    tamper(statement, [events[1].sequence])
    assert str(events[1].sequence) in audit.broken_links()[0]


def test_a_cut_off_tail_is_noticed(events: list[AuditEvent]) -> None:
    tamper("DELETE FROM core_auditevent WHERE sequence = %s", [events[-1].sequence])
    assert "ends at event" in audit.broken_links()[-1]


def test_the_trace_falls_with_the_change(db: None) -> None:
    before = AuditEvent.objects.count()

    def change_that_fails() -> None:
        with transaction.atomic():
            audit.record("act", actor=None)
            raise RuntimeError("the change failed")

    with pytest.raises(RuntimeError):
        change_that_fails()
    assert AuditEvent.objects.count() == before
    assert audit.broken_links() == []


def test_every_registered_trigger_is_installed(db: None) -> None:
    assert triggers.missing() == []
