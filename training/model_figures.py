"""The plots on a model's page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING

from core import plots
from training.model_comparisons import MEANS, dot
from training.selectors import model_pages

if TYPE_CHECKING:
    from training.models import Evaluation
    from training.summarising import Row


def by_subject(evaluation: Evaluation, rows: Sequence[Row]) -> plots.Figure:
    """Dice by subject as dots, one for each scan.

    Test scans neither show their picture nor open, since a look is counted.
    """
    found = model_pages.images_by_subject(rows)
    groups = [
        plots.Group(
            subject,
            [dot(evaluation, f"{subject}: Dice {dice:.3f}", image, dice) for image, dice in images],
            mean=fmean(dice for _, dice in images),
        )
        for subject, images in found.items()
    ]
    figure = plots.dots(
        f"dice-{evaluation.partition}",
        f"Dice by subject, {evaluation.partition}",
        groups,
        value_label="Dice",
        value_range=(0.0, 1.0) if _lowest(found) < 0.5 else (0.5, 1.0),
    )
    return replace(figure, sample=MEANS)


def _lowest(found: dict[str, list[tuple[int, float]]]) -> float:
    return min((dice for images in found.values() for _, dice in images), default=1.0)
