"""A report reads one state of the database, though people work meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import threading

import django

django.setup()
from django.core.management import call_command
from django.db import connection, transaction

from core.models import User
from core.snapshots import consistent_read

call_command("migrate", verbosity=0)
person = User.objects.create(username="before")


def rename():
    with transaction.atomic():
        User.objects.filter(pk=person.pk).update(username="after")
    connection.close()


def meanwhile():
    writer = threading.Thread(target=rename)
    writer.start()
    writer.join(20)
    assert not writer.is_alive(), "the writer waits for the reader"


def seen():
    return User.objects.get(pk=person.pk).username


with consistent_read():
    first = seen()
    meanwhile()
    with consistent_read():
        print(first, seen())
print(seen())
with transaction.atomic():
    User.objects.filter(pk=person.pk).update(username="written again")
print(seen())
"""


@pytest.mark.skipif(
    "MYOTRACE_POSTGRES_DATABASE" in os.environ, reason="needs a database file of its own"
)
def test_a_change_in_between_is_not_seen_and_waits_for_nobody(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=root,
        env={
            **os.environ,
            "MYOTRACE_DATA": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "config.settings.testing",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines() == ["before before", "after", "written again"]
