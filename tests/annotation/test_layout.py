"""Folders and names that do not say who was scanned are a question with the pattern that does."""

from __future__ import annotations

import re

import pytest

from annotation.services.imports.layout import questions

ASKED = {
    "visits of two people": (
        ["P01/v1/a.png", "P01/v2/a.png", "P02/v1/a.png", "P02/v2/a.png"],
        ["P01", "P01", "P02", "P02"],
    ),
    "visits of one": (["P01/v1/a.png", "P01/v2/a.png"], ["P01", "P01"]),
    "dates": (["P01/2024-01-02/a.png", "P02/2024-01-02/a.png"], ["P01", "P02"]),
    "sides in visits": (["x/P1/v1/left/a.png", "x/P2/v1/right/a.png"], ["P1", "P2"]),
    "a folder of pictures each": (["P01/images/a.png", "P02/images/a.png"], ["P01", "P02"]),
    "an unknown word": (["P01/rest/a.png", "P02/rest/a.png"], ["P01", "P02"]),
    "sites first": (["rf/S1/a.png", "vl/S1/a.png"], ["S1", "S1"]),
    "letter case": (["rf/S1/a.png", "vl/s1/a.png"], ["S1", "s1"]),
    "numbers in sites": (["rf/01/a.png", "rf/02/a.png"], ["01", "02"]),
    "stems": (["P01_v1.png", "P01_v2.png", "P02-v1.png"], ["P01", "P01", "P02"]),
}


@pytest.mark.parametrize("case", ASKED)
def test_people_are_asked_with_a_pattern_that_fits(case: str) -> None:
    paths, subjects = ASKED[case]

    found = questions(paths)

    assert len(found) == 1
    pattern = re.compile(found[0].pattern)
    hits = [pattern.search(path) for path in paths]
    assert [hit["subject"] for hit in hits if hit] == subjects
    assert all(re.search(found[0].as_before, path) for path in found[0].paths)
    assert found[0].pattern in found[0].reason


@pytest.mark.parametrize(
    "paths",
    [
        ["S1/a.png", "S2/a.png", "b.png"],
        ["data/S1/a.png", "data/S2/a.png"],
        ["groupA/S1/a.png", "groupB/S2/a.png"],
        ["S07_L/a.png", "S08_R/b.png"],
        ["scan_1.png", "scan_2.png"],
        ["S1.png", "S2.png"],
    ],
)
def test_plain_folders_and_names_are_not_asked_about(paths: list[str]) -> None:
    assert questions(paths) == []


def test_sweeps_are_asked_by_the_folder_above_them() -> None:
    paths = ["P01/v1/sweep/1.png", "P02/v1/sweep/1.png"]

    found = questions(paths, sweeps=True)

    hit = re.search(found[0].pattern, paths[0])
    assert hit is not None
    assert hit["subject"] == "P01"
    assert questions(["P01/sweep/1.png", "P02/sweep/1.png"], sweeps=True) == []


def test_each_pattern_says_whose_a_file_would_be() -> None:
    (found,) = questions(["P01/v1/a.png", "P02/v1/a.png"])

    assert found.read_by(found.pattern) == "P01/v1/a.png is of 'P01'"
    assert found.read_by(found.as_before) == "P01/v1/a.png is of 'v1'"
    assert "different people" not in found.reason
