"""System checks: what must hold before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs"}


def register_all() -> None:
    """Register the checks of this app."""
    register(check_local_disk)


def check_local_disk(**_: Any) -> list[CheckMessage]:
    """SQLite's locks do not hold on network file systems."""
    if "sqlite3" not in str(settings.DATABASES["default"]["ENGINE"]):
        return []
    kind = file_system_of(Path(settings.MYOTRACE_DATA))
    if kind not in NETWORK_FILE_SYSTEMS:
        return []
    return [
        Error(
            f"The data directory lies on a network file system ({kind}), where SQLite loses data.",
            hint="Set MYOTRACE_DATA to a local disk, or use MYOTRACE_MODE=scaled with PostgreSQL.",
            id="core.E001",
        )
    ]


def file_system_of(path: Path) -> str:
    """The type of the file system that `path` lies on, from /proc/mounts; empty if unknown."""
    mounts = Path("/proc/mounts")
    if not mounts.is_file():
        return ""
    best, kind = "", ""
    for line in mounts.read_text(encoding="utf-8").splitlines():
        _, mount_point, file_system, *_rest = line.split()
        inside = path == Path(mount_point) or Path(mount_point) in path.parents
        if inside and len(mount_point) > len(best):
            best, kind = mount_point, file_system
    return kind
