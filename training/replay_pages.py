"""What the page of chosen scans shows of a replay."""

from __future__ import annotations

from collections import defaultdict
from statistics import fmean
from typing import TYPE_CHECKING

from core import plots
from domain.replay import traces_from_json

if TYPE_CHECKING:
    from training.models import Replay


def learning_curves(replayed: Replay) -> plots.Figure:
    """Dice against labelled subjects: each strategy's mean over the seeds."""
    by_strategy: defaultdict[str, defaultdict[int, list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for trace in traces_from_json(replayed.result["traces"]):
        for point in trace.points:
            by_strategy[trace.strategy][point.n_subjects].append(point.dice)
    series = [
        plots.Series(name, [(n, fmean(values)) for n, values in sorted(points.items())])
        for name, points in sorted(by_strategy.items())
    ]
    return plots.curves(
        "replay",
        f"Dice of subjects never chosen, mean over {replayed.seeds} seeds",
        series,
        x_label="Labelled subjects",
        y_label="Dice",
    )
