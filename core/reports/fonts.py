"""The font of a PDF: DejaVu Sans, which matplotlib's package brings, so that none lies in git.

It has the letters of all Latin, Greek and Cyrillic alphabets and the signs of the texts here (±, ×,
²). A character that it lacks stands as an empty box: the JSON and HTML of the report keep it.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from fontTools.ttLib import TTFont

FAMILY = "DejaVu"
FILES = {"": "DejaVuSans.ttf", "B": "DejaVuSans-Bold.ttf"}
UNKNOWN = "□"


def path_of(style: str) -> Path:
    """The font's file for a style of fpdf2 (`""` or `"B"`); matplotlib itself is not imported."""
    found = find_spec("matplotlib")
    assert found is not None
    assert found.submodule_search_locations, "matplotlib is a dependency"
    return Path(found.submodule_search_locations[0], "mpl-data", "fonts", "ttf", FILES[style])


def writable(words: str) -> str:
    """The words with a box for each character that a PDF cannot show; line ends stay."""
    known = _characters()
    return "".join(one if one == "\n" or ord(one) in known else UNKNOWN for one in words)


@cache
def _characters() -> frozenset[int]:
    """The code points that both styles of the font have, but for control characters."""
    found = [set(TTFont(path_of(style)).getBestCmap()) for style in FILES]
    return frozenset(code for code in set.intersection(*found) if code >= 0x20)
