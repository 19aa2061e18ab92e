"""The files of an import: those of a folder, or of an archive that was unpacked."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from core import untrusted
from core.decoding import formats
from core.decoding.archives import ENTRY_LIMIT, is_junk
from core.decoding.names import UTF_8, decoded_names
from core.sandbox import Sandbox
from domain.errors import InvalidInput

# By name only where the content says nothing, so that the report says why they are not taken.
IMAGE_SUFFIXES = frozenset(
    (
        *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jif", ".jfif", ".mpo", ".bmp", ".dib"),
        *(".tif", ".tiff", ".gif", ".webp", ".jp2", ".heic", ".avif", ".mha", ".dcm", ".dicom"),
        ".ima",
    )
)
CLIP_SUFFIXES = frozenset((".mp4", ".m4v", ".mov", ".avi", ".mkv", ".wmv", ".webm", ".mpg"))
IMAGE, CLIP, OUTLINES, OTHER = "image", "clip", "outlines", "other"
FILE_LIMIT = 512 * 1024**2


@dataclass(frozen=True)
class ListedFile:
    """A file of an import: its path in it, with `/`, where it lies, and how its path was read.

    The path is composed (Unicode NFC), as people and manifests write it. `names_in`: the encoding
    of the import's names where they are not UTF-8. `head`: its first bytes, which say what it is.
    """

    name: str
    path: Path
    names_in: str = UTF_8
    head: bytes = b""

    @property
    def format(self) -> str:
        """The format by the content; empty where that is none that is known."""
        return formats.format_of(self.head)

    @property
    def kind(self) -> str:
        """What it is by its content, where that says nothing by its name."""
        if self.format in formats.PICTURES | formats.OTHER_PICTURES:
            return IMAGE
        if self.format in formats.CLIPS | formats.OTHER_CLIPS:
            return CLIP
        suffix = PurePosixPath(self.name).suffix.lower()
        if suffix in IMAGE_SUFFIXES:
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


def listed(
    source: Path, sandbox: Sandbox, scratch: Path, *, encoding: str = ""
) -> dict[str, ListedFile]:
    """The files of a folder or zip archive by their path in it, sorted.

    `encoding`: of an archive's names that do not say theirs; empty: it is found out.

    Raises:
        InvalidInput: no such folder or archive, a damaged one, or one with tricks in it.
    """
    if source.is_dir():
        files = _of_folder(source, encoding)
    elif source.is_file():
        try:
            unpacked = untrusted.unpack(sandbox, source, scratch, encoding=encoding)
        except InvalidInput as error:
            raise InvalidInput(f"The archive {source.name} {error.message}.") from error
        files = [ListedFile(file.name, file.path, file.names_in) for file in unpacked]
    else:
        raise InvalidInput(f"There is no folder or zip archive at {source}.")
    found = _composed(sorted(files, key=lambda file: natural_key(file.name)))
    return {name: replace(file, head=_head(file.path)) for name, file in found.items()}


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(formats.HEAD)
    # Whoever reads the whole of it says why that cannot be.
    except OSError:
        return b""


def _composed(files: list[ListedFile]) -> dict[str, ListedFile]:
    """The files by their composed path; of two that differ in that alone, one keeps its own."""
    written = {file.name for file in files}
    found: dict[str, ListedFile] = {}
    for file in files:
        name = unicodedata.normalize("NFC", file.name)
        taken = file if name in written or name in found else replace(file, name=name)
        if taken.name in found:
            raise InvalidInput(f"It holds {taken.name!r} twice; rename one of the two.")
        found[taken.name] = taken
    return found


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


def _of_folder(root: Path, encoding: str) -> list[ListedFile]:
    """Regular files below a folder; links that lead out of it are left out."""
    found: list[tuple[bytes, Path]] = []
    real_root = root.resolve()
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            path = Path(folder) / name
            relative = path.relative_to(root).as_posix()
            real = path.resolve()
            if is_junk(relative) or not real.is_relative_to(real_root) or not _is_regular(real):
                continue
            found.append((os.fsencode(relative), path))
            if len(found) > ENTRY_LIMIT:
                raise InvalidInput(
                    f"The folder {root} has more than {ENTRY_LIMIT} files; import it in parts."
                )
    return _named(found, encoding)


def _named(found: list[tuple[bytes, Path]], encoding: str) -> list[ListedFile]:
    """Files by names that are text: those that are no UTF-8 were copied from an older system."""
    odd = [(name, path) for name, path in found if not _is_utf_8(name)]
    files = [ListedFile(name.decode(UTF_8), path) for name, path in found if _is_utf_8(name)]
    if odd:
        names_in, names = decoded_names([name for name, _ in odd], encoding)
        files += [
            ListedFile(name, path, names_in) for name, (_, path) in zip(names, odd, strict=True)
        ]
    return files


def _is_utf_8(name: bytes) -> bool:
    try:
        name.decode(UTF_8)
    except UnicodeDecodeError:
        return False
    return True


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False
