"""How figures of a report are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.reports.document import Column, Table
from training.evaluation_pages import Line

TOO_FEW = "too few subjects"
MOVES = [Column(title) for title in ("When", "What", "In place of", "Who", "Why")]


def number(value: float | None, places: int, *, sign: bool = False) -> str:
    """A number with so many places and a real minus sign; empty for None."""
    if value is None:
        return ""
    text = f"{value:{'+' if sign else ''}.{places}f}"
    if float(text) == 0:
        text = f"{0:.{places}f}"
    return text.replace("-", "−")


def interval(ci95: Sequence[float] | None, places: int, *, sign: bool = False) -> str:
    """`0.81 to 0.86`, or that there are too few subjects for one."""
    if not ci95:
        return TOO_FEW
    low, high = (number(value, places, sign=sign) for value in ci95)
    return f"{low} to {high}"


def with_sd(figures: Mapping[str, Any], places: int) -> str:
    """`0.83 ± 0.02`, or the mean alone of a single subject."""
    mean = number(figures["mean"], places)
    return mean if figures["sd"] is None else f"{mean} ± {number(figures['sd'], places)}"


def quantities(caption: str, lines: Sequence[Line]) -> Table:
    """Each quantity of an evaluation over its subjects."""
    titles = ("Mean ± SD", "95 % interval", "Median", "5th percentile", "Subjects")
    return Table(
        caption,
        [Column("Quantity"), *(Column(title, number=True) for title in titles)],
        [
            [
                line.title,
                with_sd(line.figures, line.places),
                interval(line.figures["ci95"], line.places),
                number(line.figures["median"], line.places),
                number(line.figures["p5"], line.places),
                str(line.figures["n_subjects"]),
            ]
            for line in lines
        ],
    )


def duration(seconds: float | None) -> str:
    """`2 h 05 min`, `3 min 20 s`, `12 s`."""
    if seconds is None:
        return "not finished"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
