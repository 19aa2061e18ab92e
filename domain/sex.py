"""A subject's sex as it is kept: male, female, or not recorded; and how files spell it."""

from __future__ import annotations

import unicodedata

from domain.errors import InvalidInput

MALE, FEMALE, NOT_RECORDED = "male", "female", ""

SPELLINGS = {
    MALE: ("m", "male", "man", "männlich", "maennlich", "mann", "masculin", "homme", "男"),
    FEMALE: ("f", "w", "female", "woman", "weiblich", "frau", "féminin", "femme", "女"),
    NOT_RECORDED: ("", "-", "?", "n/a", "na", "unknown", "not recorded", "unbekannt"),
}
_KNOWN = {spelling: sex for sex, spellings in SPELLINGS.items() for spelling in spellings}


def sex_from(text: str) -> str:
    """MALE, FEMALE or NOT_RECORDED of a word as files have it, in capitals or not.

    Numbers are not guessed: 1 is male in one file and female in the next. Raises InvalidInput for
    a number and for any word that is not known.
    """
    word = unicodedata.normalize("NFC", text).strip().casefold()
    if word in _KNOWN:
        return _KNOWN[word]
    why = "a number says it differently from file to file" if word.isdigit() else "it is not known"
    raise InvalidInput(
        f"sex is {text.strip()[:40]!r}: {why}; write male or female (also M, F, m, w), or leave it "
        "empty where it is not recorded"
    )
