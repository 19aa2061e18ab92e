from __future__ import annotations

import pytest

from domain.errors import InvalidInput
from domain.sex import FEMALE, MALE, NOT_RECORDED, sex_from


@pytest.mark.parametrize("text", ["M", "m", "male", "Male", " MÄNNLICH ", "ma\u0308nnlich", "Mann"])
def test_male(text: str) -> None:
    assert sex_from(text) == MALE


@pytest.mark.parametrize("text", ["F", "f", "w", "W", "female", "Weiblich", "Frau", "féminin"])
def test_female(text: str) -> None:
    assert sex_from(text) == FEMALE


@pytest.mark.parametrize("text", ["", " ", "-", "n/a", "unknown", "not recorded"])
def test_not_recorded(text: str) -> None:
    assert sex_from(text) == NOT_RECORDED


@pytest.mark.parametrize("text", ["1", "2", "0"])
def test_a_number_is_not_guessed(text: str) -> None:
    with pytest.raises(InvalidInput, match="a number says it differently"):
        sex_from(text)


def test_an_unknown_word_is_refused_and_the_known_ones_are_said() -> None:
    with pytest.raises(InvalidInput, match=r"'martian'.*write male or female"):
        sex_from("martian")
