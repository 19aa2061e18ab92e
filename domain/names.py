"""When two names are one name: the rule for files, subjects, sites, labels, readers and studies.

`identity` decides: what is equal to the eye but for letter case, blanks and the way in which
accents are stored is one name. `near` finds what may have been meant to be one; people decide.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

from domain.errors import InvalidInput

IDENTITY_GROWTH = 3
"""Case folding makes up to so many letters of one: the columns of identities are longer."""
LONGEST_SUBJECT_CODE = 64
_SHORTEST_CLOSE, _SHORTEST_FAR = 4, 8


def plain(name: str) -> str:
    """A name as it is kept: composed letters (Unicode NFC), single blanks, none at the ends."""
    return unicodedata.normalize("NFC", " ".join(name.split()))


def identity(name: str) -> str:
    """What a name is compared by: `plain`, without letter case and without invisible characters."""
    visible = "".join(letter for letter in name if unicodedata.category(letter) != "Cf")
    folded = unicodedata.normalize("NFD", visible).casefold()
    return plain(unicodedata.normalize("NFC", folded))


def path_identity(path: str) -> str:
    """The identity of a path, `/` or `\\` between its parts, each of which is a name."""
    return "/".join(identity(part) for part in path.replace("\\", "/").split("/"))


def unescaped(path: str) -> str:
    """A path whose letters a browser wrote as %20 or %C3%BC; the path itself where none is."""
    try:
        return unquote(path, errors="strict")
    except UnicodeDecodeError:
        return path


def difference(one: str, other: str) -> str:
    """In words, how two spellings of one name differ."""
    one, other = plain(one), plain(other)
    if one == other:
        return "blanks or the way in which accents are stored"
    return "letter case only" if one.casefold() == other.casefold() else "invisible characters"


def skeleton(name: str) -> tuple[str, ...]:
    """A name's runs of letters and digits, without accents, separators and leading zeros.

    Names that differ in nothing else are near: `P-01`, `p1` and `P 001`, never `1-11` and `11-1`.
    """
    decomposed = unicodedata.normalize("NFKD", identity(name))
    letters = "".join(one for one in decomposed if not unicodedata.combining(one)).casefold()
    runs = re.findall(r"\d+|[^\W\d_]+", letters)
    return tuple(run.lstrip("0") or "0" if run.isdigit() else run for run in runs)


def near(one: str, other: str) -> bool:
    """Whether two names that are not one may have been meant to be.

    By their skeletons, or with the same digits and one letter typed wrong of four or more, two of
    eight or more.
    """
    if identity(one) == identity(other):
        return False
    first, second = skeleton(one), skeleton(other)
    if not first or not second:
        return False
    if first == second:
        return True
    if [run for run in first if run.isdigit()] != [run for run in second if run.isdigit()]:
        return False
    words = [" ".join(run for run in runs if not run.isdigit()) for runs in (first, second)]
    longer = max(map(len, words))
    allowed = (longer >= _SHORTEST_CLOSE) + (longer >= _SHORTEST_FAR)
    return allowed > 0 and _typing_distance(words[0], words[1], allowed) <= allowed


def subject_code(text: str) -> str:
    """A subject's code as it is kept. Each has a page, whose address it must be able to stand in.

    Raises:
        InvalidInput: it has not 1 to 64 printable characters, or would be an address of something
            else.
    """
    code = plain(text)
    if not code or len(code) > LONGEST_SUBJECT_CODE or not text.strip().isprintable():
        raise InvalidInput("A subject needs a code of 1 to 64 printable characters.")
    if any(part in ("", ".", "..") for part in code.split("/")):
        raise InvalidInput(
            f"the subject {code!r} cannot be the address of a page: a code is no dot or two dots, "
            "and has no slash at its ends; write another code"
        )
    return code


def _typing_distance(one: str, other: str, most: int) -> int:
    """Letters left out, put in, replaced or swapped between two words; `most` + 1: more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return min(row[-1], most + 1)
