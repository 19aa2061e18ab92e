"""How a number is written for people: one rule for pages, plots, reports, PDFs and commands.

So many places, a real minus sign (U+2212), no minus before a zero. CSV and JSON are for machines
and do not pass here. The editor's twin is editor/numbers.js.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class AreaUnit:
    """A unit in which areas are shown: its sign, how many make 1 mm², and the places shown."""

    sign: str
    per_mm2: float
    places: int


AREA_UNITS = {"mm2": AreaUnit("mm²", 1.0, 0), "cm2": AreaUnit("cm²", 0.01, 2)}
"""By `Site.area_unit`. Differences and errors have one place more."""


@dataclass(frozen=True)
class DifferenceUnit:
    """How a difference, an error or a limit of agreement is shown: its sign, times what, places."""

    sign: str
    factor: float
    places: int


MINUS = "\N{MINUS SIGN}"
TOO_FEW_FOR_INTERVAL = "too few subjects"


def number(value: float | None, places: int, *, sign: bool = False) -> str:
    """A number with so many places; `sign` writes a plus too. Empty for None."""
    if value is None:
        return ""
    text = f"{value:{'+' if sign else ''}.{places}f}"
    if float(text) == 0:
        text = f"{0:.{places}f}"
    return text.replace("-", MINUS)


def significant(value: float, digits: int) -> str:
    """A number with so many significant digits; all of its whole part."""
    if abs(value) >= 10**digits:
        return number(value, 0)
    return f"{value:.{digits}g}".replace("-", MINUS)


def interval(ci95: Sequence[float] | None, places: int, *, sign: bool = False) -> str:
    """`0.81 to 0.86`, or that there are too few subjects for one."""
    if not ci95:
        return TOO_FEW_FOR_INTERVAL
    low, high = (number(value, places, sign=sign) for value in ci95)
    return f"{low} to {high}"


def with_interval(value: float, ci95: Sequence[float] | None, places: int) -> str:
    """`0.83 (0.81 to 0.86)`, or the number alone where there is no interval."""
    known = f" ({interval(ci95, places)})" if ci95 else ""
    return f"{number(value, places)}{known}"


def area(mm2: float | None, unit: str, *, more: int = 0) -> str:
    """An area of so many mm² in a unit of AREA_UNITS, without its sign; empty for None."""
    shown = AREA_UNITS[unit]
    return "" if mm2 is None else number(mm2 * shown.per_mm2, shown.places + more)


def difference_unit(measured_in: str, area_unit: str) -> DifferenceUnit:
    """How a difference measured in mm2, mm, px2 or px is shown where areas are in `area_unit`."""
    if measured_in == "mm2":
        shown = AREA_UNITS[area_unit]
        return DifferenceUnit(shown.sign, shown.per_mm2, shown.places + 1)
    return {
        "mm": DifferenceUnit("mm", 1.0, 2),
        "px2": DifferenceUnit("px²", 1.0, 1),
        "px": DifferenceUnit("px", 1.0, 1),
    }[measured_in]


def named_in(words: str, area_unit: str) -> str:
    """Words that name a quantity in mm², as stored reports do, in the unit where it is shown."""
    return words.replace("(mm²)", f"({AREA_UNITS[area_unit].sign})")
