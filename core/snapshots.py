"""Reading several tables as they were at one moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction


@contextmanager
def consistent_read() -> Iterator[None]:
    """All reads inside see the state of the database at the first of them; nothing is written.

    Writers go on meanwhile. PostgreSQL: a repeatable-read transaction. SQLite: a deferred one,
    whose first read fixes the snapshot of the write-ahead log; the settings' own transactions take
    the write lock at once, which a reader must not hold. Inside another transaction it is that
    one's state.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        with _deferred(), transaction.atomic():
            yield


@contextmanager
def _deferred() -> Iterator[None]:
    connection.ensure_connection()
    settings = vars(connections[DEFAULT_DB_ALIAS])
    usual = settings.get("transaction_mode")
    settings["transaction_mode"] = "DEFERRED"
    try:
        yield
    finally:
        settings["transaction_mode"] = usual
