"""The files of an import: those of a folder, or of an archive that was unpacked."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from core import untrusted
from core.decoding.archives import ENTRY_LIMIT, is_junk
from core.sandbox import Sandbox
from domain.errors import InvalidInput

IMAGE_SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"))
# Pictures of other kinds are tried all the same, so that the report says why they are not taken.
OTHER_PICTURES = frozenset((".gif", ".webp", ".jp2", ".heic", ".dcm", ".dicom", ".ima", ".mha"))
CLIP_SUFFIXES = frozenset((".mp4", ".m4v", ".mov", ".avi", ".mkv", ".wmv", ".webm"))
IMAGE, CLIP, OUTLINES, OTHER = "image", "clip", "outlines", "other"
FILE_LIMIT = 512 * 1024**2


@dataclass(frozen=True)
class ListedFile:
    """A file of an import: its path in it, with `/`, and where it lies."""

    name: str
    path: Path

    @property
    def kind(self) -> str:
        suffix = PurePosixPath(self.name).suffix.lower()
        if suffix in IMAGE_SUFFIXES | OTHER_PICTURES:
            return IMAGE
        if suffix in CLIP_SUFFIXES:
            return CLIP
        return OUTLINES if suffix == ".json" else OTHER

    def read(self) -> bytes:
        """The bytes of the file. Raises InvalidInput where it cannot be read or is too large."""
        try:
            if self.path.stat().st_size > FILE_LIMIT:
                raise InvalidInput(f"has more than {FILE_LIMIT // 1024**2} MiB; make it smaller")
            return self.path.read_bytes()
        except OSError as error:
            raise InvalidInput(f"cannot be read ({error.strerror}); look at its rights") from error


def listed(source: Path, sandbox: Sandbox, scratch: Path) -> dict[str, ListedFile]:
    """The files of a folder or zip archive by their path in it, sorted.

    Raises:
        InvalidInput: no such folder or archive, a damaged one, or one with tricks in it.
    """
    if source.is_dir():
        files = _of_folder(source)
    elif source.is_file():
        try:
            unpacked = untrusted.unpack(sandbox, source, scratch)
        except InvalidInput as error:
            raise InvalidInput(f"The archive {source.name} {error.message}.") from error
        files = [ListedFile(file.name, file.path) for file in unpacked]
    else:
        raise InvalidInput(f"There is no folder or zip archive at {source}.")
    return {file.name: file for file in sorted(files, key=lambda file: natural_key(file.name))}


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """A sort key that puts `frame_10` after `frame_9`."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    numbers = [
        part.lstrip("0") if part[0].isascii() and part[0].isdigit() else "" for part in parts
    ]
    return [
        (0, len(number), number) if part[0].isascii() and part[0].isdigit() else (1, 0, part)
        for part, number in zip(parts, numbers, strict=True)
    ] + [(2, 0, name)]


def _of_folder(root: Path) -> list[ListedFile]:
    """Regular files below a folder; links that lead out of it are left out."""
    found = []
    real_root = root.resolve()
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            path = Path(folder) / name
            # A name that is no UTF-8 is shown by its escapes, else no report could hold it.
            relative = os.fsencode(path.relative_to(root).as_posix()).decode(
                "utf-8", "backslashreplace"
            )
            real = path.resolve()
            if is_junk(relative) or not real.is_relative_to(real_root) or not _is_regular(real):
                continue
            found.append(ListedFile(relative, path))
            if len(found) > ENTRY_LIMIT:
                raise InvalidInput(
                    f"The folder {root} has more than {ENTRY_LIMIT} files; import it in parts."
                )
    return found


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False
