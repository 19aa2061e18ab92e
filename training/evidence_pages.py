"""What the page of a site's evidence shows: plots, and anchoring line by line."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.urls import reverse

from core import plots
from core.numbers import significant
from domain.measurement import has_csa

if TYPE_CHECKING:
    from domain.estimate import Estimate
    from training.selectors.evidence import Evidence, Figure, Learnt

NONE = (math.nan, math.nan)


@dataclass(frozen=True)
class Line:
    """One figure of the anchoring table and what it means."""

    title: str
    text: str
    estimate: Estimate
    places: int
    unit: str = ""


def figures(found: Evidence) -> list[plots.Figure]:
    """All plots of the page, by their names."""
    return [*effort(found), learning_curve(found)]


def effort(found: Evidence) -> list[plots.Figure]:
    """What pre-labels do to people's work, over time."""
    return [seconds(found), corrections(found), unchanged(found)]


def seconds(found: Evidence) -> plots.Figure:
    """Seconds per image over time, with a pre-label and without."""
    periods = found.times.periods
    return plots.trend(
        "seconds",
        "Seconds per image, median over subjects",
        [
            _series("with a pre-label", [(one.begins, one.with_pre_label) for one in periods], "s"),
            _series("without", [(one.begins, one.without) for one in periods], "s"),
        ],
        x_label="Handed in, week or month from",
        y_label="Seconds",
        empty="No outline with a time was handed in yet.",
    )


def corrections(found: Evidence) -> plots.Figure:
    """Dice between pre-label and approved outline over time."""
    return plots.trend(
        "corrections",
        "Dice between pre-label and approved outline",
        [_series("Dice", [(one.begins, one.dice) for one in found.corrections.periods])],
        x_label="Approved, week or month from",
        y_label="Dice",
        empty="No scan with a pre-label was approved yet.",
    )


def unchanged(found: Evidence) -> plots.Figure:
    """Share of pre-labels approved as they were over time."""
    return plots.trend(
        "unchanged",
        "Share approved unchanged",
        [_series("share", [(one.begins, one.unchanged) for one in found.corrections.periods])],
        x_label="Approved, week or month from",
        y_label="Share",
        y_range=(0.0, 1.0),
        empty="No scan with a pre-label was approved yet.",
    )


def learning_curve(found: Evidence) -> plots.Figure:
    """Dice of successive models against the subjects that they learnt from."""
    curves: dict[str, list[Learnt]] = {}
    for one in found.learning:
        curves.setdefault(one.curve, []).append(one)
    study = found.site.study.name
    return plots.trend(
        "learning",
        "Dice of successive models",
        [_learnt(name, points, study) for name, points in sorted(curves.items())],
        x_label="Approved training subjects in the snapshot",
        y_label="Dice",
        empty="No model of this site was trained and evaluated yet.",
    )


def anchoring_lines(found: Evidence) -> list[Line]:
    """The table of paired readings; a longitudinal site has no CSA."""
    shown = found.anchoring
    lines = [
        Line(
            "Dice with the pre-label",
            "With it minus without. Above 0: outlines are pulled towards the pre-label.",
            shown.dice,
            3,
        )
    ]
    for name, closer, shift in (
        ("CSA", shown.csa_closer, shown.csa_shift),
        ("Thickness", shown.mt_closer, shown.mt_shift),
    ):
        if name == "CSA" and not has_csa(found.site.plane):
            continue
        lines += [
            Line(
                f"{name}, nearer to the pre-label by",
                "Above 0: the measurement is pulled towards the pre-label's.",
                closer,
                1,
                "%",
            ),
            Line(
                f"{name}, shifted by",
                "With it minus without, in per cent of the pre-label's: the bias it brings in.",
                shift,
                1,
                "%",
            ),
        ]
    return [
        *lines,
        Line(
            "Time, as a ratio",
            "Seconds with it over seconds without, on the same image. Below 1: it saves time.",
            shown.seconds_ratio,
            2,
        ),
    ]


def _series(name: str, points: Sequence[tuple[date, Figure]], unit: str = "") -> plots.Series:
    known = [(day, one) for day, one in points if one.estimate.value is not None]
    say = _saying(name, unit)
    return plots.Series(
        name,
        [(day, one.estimate.value or 0.0) for day, one in known],
        intervals=[one.estimate.ci95 or NONE for _, one in known],
        titles=[say(day, one) for day, one in known],
    )


def _short(value: float | None) -> str:
    return "" if value is None else significant(value, 3)


def _saying(name: str, unit: str) -> Callable[[date, Figure], str]:
    def say(day: date, one: Figure) -> str:
        value = f"{_short(one.estimate.value)}{f' {unit}' if unit else ''}"
        low_high = one.estimate.ci95
        interval = f" ({_short(low_high[0])} to {_short(low_high[1])})" if low_high else ""
        return (
            f"{name}, from {day.isoformat()}: {value}{interval}, "
            f"{one.n_images} images of {one.n_subjects} subjects"
        )

    return say


def _learnt(name: str, points: Sequence[Learnt], study: str) -> plots.Series:
    ordered = sorted(points, key=lambda one: (one.n_subjects, one.model_id))
    return plots.Series(
        name,
        [(one.n_subjects, one.dice) for one in ordered],
        intervals=[one.ci95 or NONE for one in ordered],
        titles=[
            f"{one.model}, {one.n_subjects} subjects, {name}: Dice {one.dice:.3f}"
            for one in ordered
        ],
        hrefs=[reverse("training:model", args=[study, one.model_id]) for one in ordered],
    )
