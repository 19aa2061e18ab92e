"""A PostgreSQL server of the test's own, on a socket in a temporary directory."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def programs() -> Path | None:
    """Where initdb and postgres lie; None if this machine has no PostgreSQL server."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


def unprivileged_user() -> str | None:
    """Who runs the server: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def server(binaries: Path) -> Iterator[Path]:
    """A running server; answers the directory of its socket. Superuser `postgres`, no password."""
    user = unprivileged_user()
    directory = Path(tempfile.mkdtemp(prefix="myotrace-postgres-"))
    if user:
        shutil.chown(directory, user)
    data = directory / "data"
    subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"],
        check=True,
        capture_output=True,
        user=user,
        cwd=directory,
    )
    control = [binaries / "pg_ctl", "-D", data, "-w", "-l", directory / "log"]
    options = f"-k {directory} -c listen_addresses= -c fsync=off"
    subprocess.run(
        [*control, "-o", options, "start"],
        check=True,
        capture_output=True,
        user=user,
        cwd=directory,
    )
    try:
        yield directory
    finally:
        subprocess.run(
            [*control, "-m", "immediate", "stop"],
            check=True,
            capture_output=True,
            user=user,
            cwd=directory,
        )
        shutil.rmtree(directory, ignore_errors=True)
