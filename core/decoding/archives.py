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

from core.decoding.names import UTF_8, decoded_names
from domain.errors import InvalidInput
from domain.names import path_identity

ENTRY_LIMIT = 20_000
TOTAL_LIMIT = 4 * 1024**3
ENTRY_SIZE_LIMIT = 512 * 1024**2
RATIO_LIMIT = 100
# Below this much a high ratio is a blank picture, not a bomb.
RATIO_FREE = 64 * 1024**2
CHUNK = 1 << 20
_LOCAL_HEADER = 30
_SAYS_UTF_8 = 0x800
_UNICODE_PATH = 0x7075
_JUNK_NAMES = frozenset((".ds_store", "thumbs.db", "desktop.ini"))


def unpack(
    payload: bytes, *, path: str, folder: str, encoding: str = ""
) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Each regular file of the archive: its name there and the number it got in `folder`.

    `encoding`: of names that do not say theirs; empty: it is found out, and told with each file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names_in, entries = _checked(archive, Path(path).stat().st_size, encoding)
            written = 0
            for number, (name, info) in enumerate(entries):
                target = Path(folder) / str(number)
                written += _extract(archive, name, info, target, written)
                yield {"name": name, "number": number, "encoding": names_in}, b""
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError) as error:
        raise InvalidInput("is a damaged zip archive; pack it again") from error
    except RuntimeError as error:
        raise InvalidInput("is encrypted; pack it again without a password") from error


def is_junk(name: str) -> bool:
    """Whether a file is what macOS or Windows leave behind in folders and archives."""
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or parts[-1].startswith("._") or parts[-1].lower() in _JUNK_NAMES


def _checked(
    archive: zipfile.ZipFile, archive_size: int, encoding: str
) -> tuple[str, list[tuple[str, zipfile.ZipInfo]]]:
    infos = archive.infolist()
    if len(infos) > ENTRY_LIMIT:
        raise InvalidInput(f"has {len(infos)} entries, more than {ENTRY_LIMIT}; split it")
    _check_overlap(infos)
    names_in, names = _names(infos, encoding)
    entries = []
    for raw_name, info in zip(names, infos, strict=True):
        name = _checked_name(raw_name, info)
        if info.is_dir() or is_junk(name):
            continue
        entries.append((name, info))
    commonest = Counter(path_identity(name) for name, _ in entries).most_common(1)
    if commonest and commonest[0][1] > 1:
        raise InvalidInput(f"holds {commonest[0][0]!r} twice; pack it again")
    total = sum(info.file_size for _, info in entries)
    if total > TOTAL_LIMIT or total > max(RATIO_FREE, RATIO_LIMIT * archive_size):
        raise InvalidInput(
            f"would unpack to {total / 1024**2:.0f} MiB from {archive_size / 1024**2:.1f} MiB; "
            "split it, or pack it again"
        )
    return names_in, entries


def _check_overlap(infos: list[zipfile.ZipInfo]) -> None:
    end = 0
    for info in sorted(infos, key=lambda entry: entry.header_offset):
        if info.header_offset < end:
            raise InvalidInput("has entries that overlap, as a zip bomb does; pack it again")
        end = info.header_offset + _LOCAL_HEADER + info.compress_size


def _names(infos: list[zipfile.ZipInfo], encoding: str) -> tuple[str, list[str]]:
    """The encoding of the names that do not say theirs, and the name of each entry."""
    said = [_said_name(info) for info in infos]
    # zipfile has read them as cp437, by which each byte is a letter and back.
    silent = [
        info.orig_filename.encode("cp437")
        for info, name in zip(infos, said, strict=True)
        if name is None
    ]
    names_in, decoded = decoded_names(silent, encoding) if silent else (UTF_8, [])
    found = iter(decoded)
    return names_in, [next(found) if name is None else name for name in said]


def _said_name(info: zipfile.ZipInfo) -> str | None:
    """The name of an entry that says its encoding, by its flag or in a field of its own."""
    if info.flag_bits & _SAYS_UTF_8:
        return info.orig_filename
    extra = info.extra
    while len(extra) >= 4:
        kind, size = int.from_bytes(extra[:2], "little"), int.from_bytes(extra[2:4], "little")
        if kind == _UNICODE_PATH and 5 < size <= len(extra) - 4 and _is_of(extra[5:9], info):
            try:
                return extra[9 : 4 + size].decode(UTF_8)
            except UnicodeDecodeError:
                return None
        extra = extra[4 + size :]
    return None


def _is_of(checksum: bytes, info: zipfile.ZipInfo) -> bool:
    """Whether a Unicode path belongs to the name in the header (APPNOTE 4.6.9): an archive that was
    renamed by a tool that does not know the field keeps the old one in it."""
    return int.from_bytes(checksum, "little") == zlib.crc32(info.orig_filename.encode("cp437"))


def _checked_name(raw_name: str, info: zipfile.ZipInfo) -> str:
    name = raw_name.replace("\\", "/")
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
    archive: zipfile.ZipFile, name: str, info: zipfile.ZipInfo, target: Path, written: int
) -> int:
    """Write one entry; never more than it declares, nor more than the archive may hold."""
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InvalidInput(f"holds {name!r}, packed in an unusual way; pack it again")
    if info.file_size > ENTRY_SIZE_LIMIT:
        raise InvalidInput(f"holds {name!r} of {info.file_size / 1024**2:.0f} MiB")
    size = 0
    with archive.open(info) as source, target.open("xb") as file:
        while chunk := source.read(CHUNK):
            size += len(chunk)
            if size > info.file_size or written + size > TOTAL_LIMIT:
                raise InvalidInput(f"holds {name!r}, larger than it says; pack it again")
            file.write(chunk)
    return size
