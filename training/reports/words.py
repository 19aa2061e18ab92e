"""How figures of a report are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.numbers import interval, number
from core.reports.document import Column, Table
from training.evaluation_pages import Line

MOVES = [Column(title) for title in ("When", "What", "In place of", "Who", "Why")]


def with_sd(figures: Mapping[str, Any], places: int) -> str:
    """`0.83 ± 0.02`, or the mean alone of a single subject."""
    mean = number(figures["mean"], places)
    return mean if figures["sd"] is None else f"{mean} ± {number(figures['sd'], places)}"


def quantities(caption: str, lines: Sequence[Line]) -> Table:
    """Each quantity of an evaluation over its subjects."""
    titles = ("Mean ± SD", "95 % interval", "Median", "Worst 5 % from", "Subjects")
    return Table(
        caption,
        [Column("Quantity"), *(Column(title, number=True) for title in titles)],
        [
            [
                line.title,
                with_sd(line.figures, line.places),
                interval(line.figures["ci95"], line.places),
                number(line.figures["median"], line.places),
                line.worst,
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
