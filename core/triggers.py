"""Database triggers that keep history append-only, on SQLite and PostgreSQL alike.

Apps register their triggers at import of `triggers.py`; they are put back after every migrate,
because SQLite drops them with a table that a migration rebuilds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connections


@dataclass(frozen=True)
class Trigger:
    """Refuses `event` on `table` when `condition` holds (SQL over OLD and NEW; empty: always).

    `condition` is plain SQL that both SQLite and PostgreSQL understand, unless `on_postgresql`
    gives PostgreSQL another one.
    """

    name: str
    table: str
    event: str
    message: str
    condition: str = ""
    on_postgresql: str = ""
    timing: str = "BEFORE"


_registry: dict[str, Trigger] = {}


def register(*triggers: Trigger) -> None:
    """Remember triggers to be installed after each migrate."""
    for trigger in triggers:
        _registry[trigger.name] = trigger


def append_only(table: str, what: str) -> Sequence[Trigger]:
    """Two triggers that refuse UPDATE and DELETE on `table`."""
    return [
        Trigger(f"{table}_no_update", table, "UPDATE", f"{what} are never changed"),
        Trigger(f"{table}_no_delete", table, "DELETE", f"{what} are never deleted"),
    ]


def install_after_migrate(using: str, **_: object) -> None:
    """Signal receiver of post_migrate: install whatever tables exist by now."""
    install(using)


def remove_before_migrate(using: str, plan: Sequence[object] = (), **_: object) -> None:
    """Signal receiver of pre_migrate: nothing may name a table while SQLite rebuilds it.

    Only where something is to be migrated; `install_after_migrate` puts all back.
    """
    if plan:
        remove(using)


def install(using: str = "default") -> None:
    """(Re)create every registered trigger whose table exists."""
    connection = connections[using]
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        for trigger in _registry.values():
            if trigger.table in tables:
                for statement in _statements(trigger, connection.vendor):
                    cursor.execute(statement)


def remove(using: str = "default") -> None:
    """Take every registered trigger off: for a migration, or so that a test may empty tables."""
    connection = connections[using]
    present = set(_registry) - set(missing(using))
    with connection.cursor() as cursor:
        for name in sorted(present):
            place = "" if connection.vendor == "sqlite" else f" ON {_registry[name].table}"
            cursor.execute(f"DROP TRIGGER {name}{place}")


def missing(using: str = "default") -> list[str]:
    """Names of registered triggers that the database does not have."""
    connection = connections[using]
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        present = {row[0] for row in cursor.fetchall()}
    return sorted(set(_registry) - present)


def missing_triggers() -> list[str]:
    """What `verify` says about triggers that are not in the database."""
    return [f"The trigger {name} is missing: run migrate." for name in missing()]


def _statements(trigger: Trigger, vendor: str) -> list[str]:
    message = trigger.message.replace("'", "''")
    own = trigger.on_postgresql if vendor == "postgresql" else ""
    condition = own or trigger.condition or ("1 = 1" if vendor == "sqlite" else "TRUE")
    if vendor == "sqlite":
        return [
            f"DROP TRIGGER IF EXISTS {trigger.name}",
            f"CREATE TRIGGER {trigger.name} {trigger.timing} {trigger.event} ON {trigger.table} "
            f"FOR EACH ROW WHEN {condition} BEGIN SELECT RAISE(ABORT, '{message}'); END",
        ]
    result = "OLD" if trigger.event == "DELETE" else "NEW"
    return [
        f"CREATE OR REPLACE FUNCTION {trigger.name}() RETURNS trigger AS $$ BEGIN "
        f"IF {condition} THEN RAISE EXCEPTION '{message}' USING ERRCODE = '23514'; END IF; "
        f"RETURN {result}; END; $$ LANGUAGE plpgsql",
        f"DROP TRIGGER IF EXISTS {trigger.name} ON {trigger.table}",
        f"CREATE TRIGGER {trigger.name} {trigger.timing} {trigger.event} ON {trigger.table} "
        f"FOR EACH ROW EXECUTE FUNCTION {trigger.name}()",
    ]
