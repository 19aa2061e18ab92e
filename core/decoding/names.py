"""The names in a zip archive that does not say how they are encoded."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

from domain.errors import InvalidInput

UTF_8 = "utf-8"
# Of two that fit equally well the first is taken.
CANDIDATES = ("gbk", "cp932", "cp949", "big5", "cp437", "cp850", "cp1252")
# The commonest syllables of Korean take the bytes of common Chinese characters; so many in a row,
# all of them from the part that both use, are hardly Chinese.
SURELY_KOREAN = 5
LATIN = frozenset("äöüÄÖÜßéèêëÉÈÊáàâåæÁÀÂÅÆíìîïóòôøÓÒÔØúùûÚñÑçÇãõ")


def decoded_names(names: Sequence[bytes], encoding: str = "") -> tuple[str, list[str]]:
    """Names and the encoding they were read by: UTF-8, else the one given, else the likeliest.

    Raises:
        InvalidInput: they cannot be read by the encoding given, or by any.
    """
    found = _tried(names, UTF_8)
    if found is not None:
        return UTF_8, found
    if encoding:
        return encoding, _strictly(names, encoding)
    readings = [(candidate, _tried(names, candidate)) for candidate in CANDIDATES]
    likely = [(candidate, found) for candidate, found in readings if found is not None]
    if not likely:
        raise InvalidInput("has names that cannot be read; pack it again with UTF-8 names")
    return max(likely, key=lambda reading: _likeness(reading[0], reading[1]))


def _strictly(names: Sequence[bytes], encoding: str) -> list[str]:
    try:
        return [name.decode(encoding) for name in names]
    except (UnicodeDecodeError, LookupError) as error:
        raise InvalidInput(
            f"has names that are not in {encoding}; name another encoding, or none"
        ) from error


def _tried(names: Sequence[bytes], encoding: str) -> list[str] | None:
    try:
        return [name.decode(encoding) for name in names]
    except UnicodeDecodeError:
        return None


def _likeness(encoding: str, names: Sequence[str]) -> float:
    """How much the letters beyond ASCII are those that people write in an encoding, 0 to 1."""
    weight = WEIGHTS[encoding]
    beyond = [letter for name in names for letter in name if not letter.isascii()]
    if encoding == "cp949" and len(beyond) >= SURELY_KOREAN and min(map(_korean, beyond)) > 0.5:
        return 1.01
    return sum(weight(letter) for letter in beyond) / len(beyond) if beyond else 0.0


def _is_common(letter: str, encoding: str, first: int, last: int) -> bool:
    """Whether the first of a letter's two bytes is among those of the common characters."""
    found = letter.encode(encoding, "replace")
    return len(found) == 2 and first <= found[0] <= last


def _chinese(letter: str) -> float:
    if _is_common(letter, "gbk", 0xB0, 0xD7) and "\u4e00" <= letter <= "\u9fff":
        return 1.0
    return 0.3 if _is_common(letter, "gbk", 0xA1, 0xF7) else 0.1


def _traditional(letter: str) -> float:
    return 0.95 if _is_common(letter, "big5", 0xA4, 0xC6) and letter.isalpha() else 0.1


def _japanese(letter: str) -> float:
    if "\u3041" <= letter <= "\u30fc":
        return 1.0
    if _is_common(letter, "cp932", 0x88, 0x97) and "\u4e00" <= letter <= "\u9fff":
        return 1.0
    return 0.3 if "\u4e00" <= letter <= "\u9fff" else 0.05


def _korean(letter: str) -> float:
    return 0.9 if _is_common(letter, "cp949", 0xB0, 0xC8) and letter >= "\uac00" else 0.1


def _western(letter: str) -> float:
    if letter in LATIN:
        return 0.97
    return 0.2 if unicodedata.category(letter).startswith("L") else 0.0


WEIGHTS: dict[str, Callable[[str], float]] = {
    "gbk": _chinese,
    "cp932": _japanese,
    "cp949": _korean,
    "big5": _traditional,
    "cp437": _western,
    "cp850": _western,
    "cp1252": _western,
}
