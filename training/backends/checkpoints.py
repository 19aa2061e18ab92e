"""Checkpoints on disk: written whole or not at all, and read only when their hash is right."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

KEPT = 2
PREFIX = "checkpoint-"
NEARLY_NOTHING_BYTES = 64 * 1024  # torch says only that writing failed, not why


@dataclass(frozen=True)
class Checkpoint:
    """A complete checkpoint file; `epoch` counts the epochs that lie behind it (0: none yet)."""

    path: Path
    epoch: int


class CheckpointStore:
    """The checkpoints of one run: written into `directory`, read from it and from `earlier`.

    `earlier` are the directories of earlier attempts. Beside every file stands its SHA-256; a
    file without it, or with another one, is passed over. The last two are kept.
    """

    def __init__(self, directory: Path, earlier: Sequence[Path] = ()) -> None:
        self.directory = directory
        self.earlier = tuple(earlier)

    def save(self, epoch: int, write: Callable[[Path], None]) -> Checkpoint:
        """Let `write` fill a temporary file, then give it its name; older ones are removed.

        On a full disk the temporary file goes, the older checkpoints stay, and OSError with ENOSPC
        is raised, whatever `write` raised.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        path = self.directory / f"{PREFIX}{epoch:05d}"
        temporary = path.with_name(f".{path.name}.part")
        try:
            write(temporary)
            _sync(temporary)
            _write_durably(_digest_path(path), _sha256(temporary).encode())
        except (OSError, RuntimeError) as error:
            is_full = shutil.disk_usage(self.directory).free < NEARLY_NOTHING_BYTES
            temporary.unlink(missing_ok=True)
            if is_full:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
            raise
        os.replace(temporary, path)
        _sync(self.directory)
        self._remove_older()
        return Checkpoint(path, epoch)

    def valid(self) -> Iterator[Checkpoint]:
        """Complete checkpoints, the one furthest on first, of this and of earlier attempts."""
        found = [
            checkpoint
            for directory in (self.directory, *self.earlier)
            for checkpoint in _in(directory)
        ]
        for checkpoint in sorted(found, key=lambda item: item.epoch, reverse=True):
            if _is_whole(checkpoint.path):
                yield checkpoint

    def clear(self) -> None:
        """Remove all checkpoints: of this attempt and of earlier ones."""
        for directory in (self.directory, *self.earlier):
            for checkpoint in _in(directory):
                _remove(checkpoint.path)

    def _remove_older(self) -> None:
        newest_first = sorted(_in(self.directory), key=lambda item: item.epoch, reverse=True)
        for checkpoint in newest_first[KEPT:]:
            _remove(checkpoint.path)


def _in(directory: Path) -> list[Checkpoint]:
    names = directory.glob(f"{PREFIX}*") if directory.is_dir() else []
    return [
        Checkpoint(path, int(path.name.removeprefix(PREFIX)))
        for path in names
        if path.name.removeprefix(PREFIX).isdigit()
    ]


def _digest_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _is_whole(path: Path) -> bool:
    try:
        return _digest_path(path).read_text().strip() == _sha256(path)
    except OSError:
        return False


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    _digest_path(path).unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_durably(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_bytes(data)
    _sync(temporary)
    os.replace(temporary, path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
