"""Short names of structures, for where a full name has no room."""

from __future__ import annotations

import re
from collections.abc import Sequence

SHORT = 5
"""A name of up to so many characters is short already."""
LETTERS = 3
"""A name of one word is cut to so many."""
IGNORED = {"musculus", "muscle", "m", "of", "the"}


def short_names(names: Sequence[str]) -> list[str]:
    """A short name for each, in their order, no two alike: initials (peroneus longus: PL), or the
    first letters of a single word (soleus: Sol); where two would be alike, more letters of them.
    """
    taken: list[str] = [name for name in names if len(name) <= SHORT]
    found: list[str] = []
    for name in names:
        if len(name) > SHORT:
            short = next(one for one in _candidates(name) if one not in taken)
            taken.append(short)
            found.append(short)
        else:
            found.append(name)
    return found


def _candidates(name: str) -> list[str]:
    """From the shortest on; the last ones differ by a number."""
    words = re.split(r"[\s._-]+", name.strip())
    words = [word for word in words if word.casefold() not in IGNORED] or words or [name]
    longest = max(len(word) for word in words)
    first = 1 if len(words) > 1 else LETTERS
    spelled = [
        "".join(_capital(word[:size]) for word in words) for size in range(first, longest + 1)
    ]
    return [*spelled, *(f"{spelled[0]}{number}" for number in range(2, 1000))]


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]
