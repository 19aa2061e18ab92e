"""Okabe and Ito's colours, distinguishable with any colour vision, each with a dash pattern.

Source: M. Okabe, K. Ito, Color Universal Design (2008). Black is left out (it is invisible on a
scan); a structure keeps its colour and dash in the editor, the lists, the plots and the report.
"""

from __future__ import annotations

COLOURS: tuple[str, ...] = (
    "#56b4e9",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#f0e442",
    "#0072b2",
    "#d55e00",
    "#bbbbbb",
)

COLOURS_ON_WHITE: tuple[str, ...] = (
    "#2b85bd",
    "#b07600",
    "#00805c",
    "#b0568a",
    "#8a8000",
    "#0b57a4",
    "#c75300",
    "#6a6a6a",
)
"""The same hues, darkened until a line of them stands 3:1 against white paper (WCAG 1.4.11)."""

DASHES: tuple[str, ...] = ("", "6 3", "2 2", "8 3 2 3", "12 4", "4 4", "1 3", "10 3 2 3 2 3")

UNCERTAINTY: tuple[tuple[int, int, int, int], ...] = (
    (91, 2, 163, 0),
    (154, 23, 155, 150),
    (203, 71, 119, 190),
    (237, 121, 83, 210),
    (251, 179, 46, 225),
    (240, 249, 33, 235),
)
"""Red, green, blue and opacity (0 to 255) at entropy 0, 0.2, ... 1: matplotlib's `plasma`, whose
lightness rises evenly for every colour vision (S. van der Walt, N. Smith 2015)."""


def uncertainty(entropy: float) -> tuple[int, int, int, int]:
    """Red, green, blue and opacity of an entropy from 0 to 1."""
    place = min(max(entropy, 0.0), 1.0) * (len(UNCERTAINTY) - 1)
    below = min(int(place), len(UNCERTAINTY) - 2)
    share = place - below
    pairs = zip(UNCERTAINTY[below], UNCERTAINTY[below + 1], strict=True)
    red, green, blue, opacity = (round(a + share * (b - a)) for a, b in pairs)
    return red, green, blue, opacity


def colour(order: int) -> str:
    """The colour of the structure that stands at place `order` (from 1) of its site."""
    return COLOURS[(order - 1) % len(COLOURS)]


def dash(order: int) -> str:
    """The SVG dash pattern of the structure at place `order` (from 1); '' is a full line."""
    return DASHES[(order - 1) % len(DASHES)]
