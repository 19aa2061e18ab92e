"""File names that every disk takes: Windows, macOS and Linux."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from domain.names import identity

LONGEST = 120
"""Bytes of a name without its suffix, accents stored apart: room for suffixes and numbers."""
_DEVICES = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])(\..*)?",
    re.IGNORECASE,
)
_REFUSED = re.compile(r'[<>:"/\\|?*]')


def portable(name: str) -> str:
    """A name that every disk takes, the same for the same name; `name` itself where it is one.

    Refused letters become `_`, dots and blanks at the ends go, names of Windows devices (CON, LPT1)
    get a `_` in front, and long ones are cut, with a digest of the whole at the end.
    """
    composed = unicodedata.normalize("NFC", name)
    visible = "".join(
        "_" if unicodedata.category(letter)[0] == "C" else letter for letter in composed
    )
    found = _REFUSED.sub("_", visible).strip(" .") or "_"
    if _DEVICES.fullmatch(found):
        found = f"_{found}"
    if _size(found) <= LONGEST:
        return found
    digest = hashlib.sha256(composed.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    while _size(found) > LONGEST - len(digest) - 1:
        found = found[:-1]
    return f"{found.rstrip(' .')}_{digest}"


def portable_path(path: str) -> str:
    """A path of portable names; the suffix of the last one stays."""
    *folders, last = path.split("/")
    stem, dot, suffix = last.rpartition(".")
    whole = f"{portable(stem)}.{suffix}" if dot and stem and suffix.isalnum() else portable(last)
    return "/".join([*map(portable, folders), whole])


class Taken:
    """Names in use, one identity each: a disk may not tell `a.png` from `A.png`."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def free(self, name: str, number: int) -> str:
        """The name, with a number where it is in use; from now on it is."""
        found, again = name, 0
        while identity(found) in self._taken:
            found = f"{name}_{number}" if not again else f"{name}_{number}_{again}"
            again += 1
        self._taken.add(identity(found))
        return found


def _size(name: str) -> int:
    return len(unicodedata.normalize("NFD", name).encode("utf-8", "surrogatepass"))
