"""An installation of an earlier version, with a sealed lock, is brought to this one."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.faults.installation import Installation

FIRST_RELEASE = (("annotation", "0005"), ("inference", "0001"), ("training", "0001"))
"""The migrations before locks had a budget: the newest that stood alone on the main branch."""


def insert(database: sqlite3.Connection, table: str, **values: object) -> None:
    """A row of a table; what must not be null and is not given is empty or 0."""
    for _, name, kind, required, _, is_key in database.execute(f"PRAGMA table_info({table})"):
        if required and not is_key:
            values.setdefault(name, "" if kind.startswith(("varchar", "text", "date")) else 0)
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join("?" * len(values))
    statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - the schema's names
    database.execute(statement, list(values.values()))


@pytest.fixture
def earlier(tmp_path: Path) -> Installation:
    """An installation whose database is that of the first release, with one sealed lock."""
    made = Installation(tmp_path)
    for app, migration in FIRST_RELEASE:
        done = made.manage("migrate", app, migration)
        assert done.returncode == 0, done.stderr
    database = sqlite3.connect(next(tmp_path.glob("*.sqlite3")))
    insert(database, "core_user", id=1, username="ada")
    insert(database, "annotation_study", id=1, name="main")
    insert(database, "annotation_site", id=1, study_id=1, slug="rf")
    lock = {"site_id": 1, "version": 1, "manifest": '{"items": []}', "sealed_by_id": 1}
    insert(database, "annotation_lock", id=1, **lock)
    database.commit()
    database.close()
    return made


def test_migrating_forward_keeps_what_is_sealed_and_puts_the_triggers_back(
    earlier: Installation, tmp_path: Path
) -> None:
    forward = earlier.manage("migrate")
    assert forward.returncode == 0, forward.stderr
    database = sqlite3.connect(next(tmp_path.glob("*.sqlite3")))
    assert database.execute("SELECT version, look_budget FROM annotation_lock").fetchall() == [
        (1, 10)
    ]
    with pytest.raises(sqlite3.DatabaseError, match="never"):
        database.execute("DELETE FROM annotation_lock")
    database.close()
    earlier.run_python("from core.triggers import missing\nassert missing() == [], missing()\n")
