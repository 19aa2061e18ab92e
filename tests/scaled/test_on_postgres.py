"""The tests of history, constraints, jobs and the lock pass on PostgreSQL as they do on SQLite."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scaled import postgres

ROOT = Path(__file__).resolve().parents[2]
SUITES = [
    "tests/core/test_audit.py",
    "tests/core/test_jobs.py",
    "tests/annotation/test_api.py",
    "tests/annotation/test_decided_scans.py",
    "tests/annotation/test_lock.py",
    "tests/annotation/test_lock_versions.py",
    "tests/annotation/test_measured_frames.py",
    "tests/annotation/test_outlines.py",
    "tests/annotation/test_paired_readings.py",
    "tests/annotation/test_review.py",
    "tests/annotation/test_scans.py",
    "tests/annotation/test_sealed_scales.py",
    "tests/annotation/test_split.py",
]
BINARIES = postgres.programs()


@pytest.mark.training
@pytest.mark.skipif(BINARIES is None, reason="this machine has no PostgreSQL server")
def test_the_suites_of_the_database_pass_on_postgresql(tmp_path: Path) -> None:
    assert BINARIES is not None
    with postgres.server(BINARIES) as socket:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *SUITES],
            cwd=ROOT,
            env={
                **{key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ},
                "MYOTRACE_MODE": "scaled",
                "MYOTRACE_DATA": str(tmp_path),
                "MYOTRACE_POSTGRES_DATABASE": "myotrace",
                "MYOTRACE_POSTGRES_USER": "postgres",
                "MYOTRACE_POSTGRES_HOST": str(socket),
                "MYOTRACE_REDIS_URL": "memory://",
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-6000:]
