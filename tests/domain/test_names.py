"""When two names are one name, and which may have been meant to be."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from domain.names import (
    difference,
    identity,
    near,
    path_identity,
    plain,
    subject_code,
    unescaped,
)


@given(st.text())
def test_an_identity_is_its_own_identity(name: str) -> None:
    assert identity(identity(name)) == identity(name)


@given(st.text())
def test_storing_accents_otherwise_and_blanks_make_no_other_name(name: str) -> None:
    spelled = [unicodedata.normalize("NFD", name), f"  {name}\t", name.replace(" ", "  ")]
    assert {identity(one) for one in spelled} == {identity(name)}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("P01", "p01"),
        ("Anna", "anna "),
        ("Mu\u0308ller", "Müller"),
        ("P\u00a001", "P 01"),
        ("STRASSE", "straße"),
        ("Α\u0345", "ᾳ"),
        ("P\u200b01", "P01"),
    ],
)
def test_these_are_one_name(one: str, other: str) -> None:
    assert identity(one) == identity(other)
    assert not near(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("007", "7"),
        ("P-01", "P01"),
        ("P_1", "p 001"),
        ("rectus_femroris", "rectus_femoris"),
        ("Muller", "Müller"),
        ("anna", "ana"),
        ("Ｐ01", "P01"),
    ],
)
def test_these_are_asked(one: str, other: str) -> None:
    assert near(one, other)
    assert near(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("P01", "P02"),
        ("1-11", "11-1"),
        ("A", "B"),
        ("RF", "VL"),
        ("reader1", "reader2"),
        ("left", "right"),
        ("受试者甲", "受试者乙丙"),
        ("", "-"),
    ],
)
def test_these_are_not(one: str, other: str) -> None:
    assert not near(one, other)


def test_a_difference_is_put_in_words() -> None:
    assert difference("P01", "p01") == "letter case only"
    assert difference("a b", "a  b") == "blanks or the way in which accents are stored"
    assert difference("P\u200b01", "P01") == "invisible characters"


def test_paths_are_compared_part_by_part_and_read_as_addresses() -> None:
    assert path_identity("P01\\A.PNG") == path_identity("p01/a.png")
    assert unescaped("M%C3%BCller%201.png") == "Müller 1.png"
    assert unescaped("100%.png") == "100%.png"
    assert unescaped("%FF.png") == "%FF.png"


@pytest.mark.parametrize("code", ["P/01", "P#1", "P?1", "100%", "ÄÖ", '"q"', "<b>x</b>", "P\\1"])
def test_odd_codes_are_kept(code: str) -> None:
    assert subject_code(code) == plain(code)


@pytest.mark.parametrize("code", [".", "..", "P01/", "/P01", "a/../b", "a//b"])
def test_codes_that_no_page_can_have_are_refused(code: str) -> None:
    with pytest.raises(InvalidInput, match="address of a page"):
        subject_code(code)


@pytest.mark.parametrize("code", ["", "  ", "x" * 65, "P\t1", "P\x001", "P\u200b01"])
def test_a_code_has_one_to_64_printable_characters(code: str) -> None:
    assert subject_code("x" * 64) == "x" * 64
    with pytest.raises(InvalidInput, match="1 to 64 printable"):
        subject_code(code)
