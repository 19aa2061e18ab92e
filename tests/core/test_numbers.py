"""One rule for numbers, areas and intervals."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core import numbers

TEMPLATES = Path(__file__).parents[2] / "templates"


@pytest.mark.parametrize(
    ("value", "places", "said"),
    [
        (-1.26, 1, "\u22121.3"),
        (-0.04, 1, "0.0"),
        (3, 2, "3.00"),
        (None, 2, ""),
        (0.125, 3, "0.125"),
    ],
)
def test_a_number(value: float | None, places: int, said: str) -> None:
    assert numbers.number(value, places) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(1234.6, "1235"), (999.4, "999"), (0.01234, "0.0123"), (-1234.6, "\u22121235")],
)
def test_significant_digits_leave_no_whole_part_out(value: float, said: str) -> None:
    assert numbers.significant(value, 3) == said


def test_a_signed_number_and_an_interval() -> None:
    assert numbers.number(0.5, 1, sign=True) == "+0.5"
    assert numbers.interval((-0.5, 0.25), 2) == "\u22120.50 to 0.25"
    assert numbers.interval(None, 2) == "too few subjects"
    assert numbers.with_interval(0.1, (0.0, 0.2), 1) == "0.1 (0.0 to 0.2)"
    assert numbers.with_interval(0.1, None, 1) == "0.1"


def test_an_area_in_the_unit_of_its_site() -> None:
    assert numbers.area(233.4, "mm2") == "233"
    assert numbers.area(233.4, "cm2") == "2.33"
    assert numbers.area(None, "cm2") == ""


def test_a_difference_of_areas_in_the_unit_of_its_site() -> None:
    assert numbers.difference_unit("mm2", "cm2") == numbers.DifferenceUnit("cm²", 0.01, 3)
    assert numbers.difference_unit("mm2", "mm2") == numbers.DifferenceUnit("mm²", 1.0, 1)
    assert numbers.difference_unit("px2", "cm2").sign == "px²"
    assert numbers.named_in("CSA of RF (mm²)", "cm2") == "CSA of RF (cm²)"


def test_templates_write_numbers_by_the_one_rule() -> None:
    """floatformat writes a hyphen for a minus; what is left of it has no sign."""
    allowed = re.compile(r'depth_mm\|floatformat |\.age\|floatformat |alpha\|floatformat:"-4"')
    for path in TEMPLATES.rglob("*.html"):
        text = allowed.sub("", path.read_text())
        assert "floatformat" not in text, f"{path.name}: use |number"
