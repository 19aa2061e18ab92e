"""Zip archives to plain files, in the child process of core.sandbox.

Entries are written under numbers, so no name of the archive ever becomes a path. One entry that
plays a trick refuses the whole archive.
"""

from __future__ import annotations

import stat
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from domain.errors import InvalidInput

ENTRY_LIMIT = 20_000
TOTAL_LIMIT = 4 * 1024**3
ENTRY_SIZE_LIMIT = 512 * 1024**2
RATIO_LIMIT = 100
# Below this much a high ratio is a blank picture, not a bomb.
RATIO_FREE = 64 * 1024**2
CHUNK = 1 << 20
_LOCAL_HEADER = 30
_JUNK_NAMES = frozenset((".ds_store", "thumbs.db", "desktop.ini"))


def unpack(payload: bytes, *, path: str, folder: str) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Each regular file of the archive: its name there and the number it got in `folder`."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = _checked(archive, Path(path).stat().st_size)
            written = 0
            for number, (name, info) in enumerate(entries):
                written += _extract(archive, info, Path(folder) / str(number), written, path)
                yield {"name": name, "number": number}, b""
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError) as error:
        raise InvalidInput("is a damaged zip archive; pack it again") from error
    except RuntimeError as error:
        raise InvalidInput("is encrypted; pack it again without a password") from error


def is_junk(name: str) -> bool:
    """Whether a file is what macOS or Windows leave behind in folders and archives."""
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or parts[-1].startswith("._") or parts[-1].lower() in _JUNK_NAMES


def _checked(archive: zipfile.ZipFile, archive_size: int) -> list[tuple[str, zipfile.ZipInfo]]:
    infos = archive.infolist()
    if len(infos) > ENTRY_LIMIT:
        raise InvalidInput(f"has {len(infos)} entries, more than {ENTRY_LIMIT}; split it")
    _check_overlap(infos)
    entries = []
    for info in infos:
        name = _name(info)
        if info.is_dir() or is_junk(name):
            continue
        entries.append((name, info))
    commonest = Counter(name.casefold() for name, _ in entries).most_common(1)
    if commonest and commonest[0][1] > 1:
        raise InvalidInput(f"holds {commonest[0][0]!r} twice; pack it again")
    total = sum(info.file_size for _, info in entries)
    if total > TOTAL_LIMIT or total > max(RATIO_FREE, RATIO_LIMIT * archive_size):
        raise InvalidInput(
            f"would unpack to {total / 1024**2:.0f} MiB from {archive_size / 1024**2:.1f} MiB; "
            "split it, or pack it again"
        )
    return entries


def _check_overlap(infos: list[zipfile.ZipInfo]) -> None:
    end = 0
    for info in sorted(infos, key=lambda entry: entry.header_offset):
        if info.header_offset < end:
            raise InvalidInput("has entries that overlap, as a zip bomb does; pack it again")
        end = info.header_offset + _LOCAL_HEADER + info.compress_size


def _name(info: zipfile.ZipInfo) -> str:
    name = info.orig_filename.replace("\\", "/")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise InvalidInput(f"holds {name!r}, a link or device; pack plain files only")
    parts = PurePosixPath(name).parts
    if (
        not parts
        or name.startswith("/")
        or ".." in parts
        or ":" in parts[0]
        or any(unicodedata.category(character) in ("Cc", "Cs") for character in name)
    ):
        raise InvalidInput(f"holds {name!r}, a path that leads outside it; pack it again")
    if len(name) > 500:
        raise InvalidInput(f"holds a path of {len(name)} characters; shorten it to 500")
    return "/".join(parts)


def _extract(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, written: int, path: str
) -> int:
    """Write one entry; never more than it declares, nor more than the archive may hold."""
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InvalidInput(f"holds {info.filename!r}, packed in an unusual way; pack it again")
    if info.file_size > ENTRY_SIZE_LIMIT:
        raise InvalidInput(f"holds {info.filename!r} of {info.file_size / 1024**2:.0f} MiB")
    size = 0
    with archive.open(info) as source, target.open("xb") as file:
        while chunk := source.read(CHUNK):
            size += len(chunk)
            if size > info.file_size or written + size > TOTAL_LIMIT:
                raise InvalidInput(f"holds {info.filename!r}, larger than it says; pack it again")
            file.write(chunk)
    return size
