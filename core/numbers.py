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
    """A number with so many significant digits, without an exponent where it can be."""
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
