"""Does a query strategy help? Learning curves of strategies against chance, seed by seed.

A replay grows a labelled set by a strategy and by random choice from the same start, trains after
each batch and measures Dice on subjects that are never chosen. Pure statistics of what it gave;
docs/algorithms/acquisition.md says what they can and cannot show.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.stats import t as t_distribution

from domain.errors import InvalidInput

BASELINE = "random"
LEAST_SEEDS = 10
LEAST_GAIN = 0.005
"""Two batches in a row that gain less than that say that more of the same will not help."""


@dataclass(frozen=True)
class Point:
    """Dice with so many labelled subjects."""

    n_subjects: int
    dice: float


@dataclass(frozen=True)
class Trace:
    """One strategy from one seed: points of rising numbers of subjects, at least two."""

    strategy: str
    seed: int
    points: tuple[Point, ...]

    def __post_init__(self) -> None:
        counts = [point.n_subjects for point in self.points]
        if len(counts) < 2 or any(a >= b for a, b in itertools.pairwise(counts)):
            raise InvalidInput("A learning curve has two points or more, of rising subjects.")


@dataclass(frozen=True)
class Comparison:
    """A strategy against chance: the mean paired difference of areas over the seeds.

    areas and the difference are in units of Dice: the mean height of the curve. ci95 is Student's
    interval over seeds (None below two). helps: the whole interval lies above 0 and there are at
    least ten seeds.
    """

    strategy: str
    n_seeds: int
    mean_area: float
    mean_area_random: float
    mean_difference: float
    ci95: tuple[float, float] | None
    helps: bool

    def as_json(self) -> dict[str, Any]:
        """As a plain object."""
        return asdict(self)


def area(points: Sequence[Point]) -> float:
    """Mean height of a learning curve: its area by trapezoids over its width, in Dice."""
    counts = np.array([point.n_subjects for point in points], dtype=np.float64)
    dice = np.array([point.dice for point in points], dtype=np.float64)
    return float(np.trapezoid(dice, counts) / (counts[-1] - counts[0]))


def compare(traces: Sequence[Trace], strategy: str) -> Comparison:
    """A strategy against random choice on the seeds that both have.

    Raises InvalidInput where they share no seed or a pair's curves begin or end apart: areas over
    different widths say nothing.
    """
    own, chance = _by_seed(traces, strategy), _by_seed(traces, BASELINE)
    seeds = sorted(set(own) & set(chance))
    if not seeds:
        raise InvalidInput(f"{strategy} and {BASELINE} have no seed in common.")
    for seed in seeds:
        if _ends(own[seed]) != _ends(chance[seed]):
            raise InvalidInput(f"The curves of seed {seed} do not span the same subjects.")
    areas = np.array([area(own[seed].points) for seed in seeds])
    by_chance = np.array([area(chance[seed].points) for seed in seeds])
    interval = _student(areas - by_chance)
    return Comparison(
        strategy=strategy,
        n_seeds=len(seeds),
        mean_area=float(areas.mean()),
        mean_area_random=float(by_chance.mean()),
        mean_difference=float((areas - by_chance).mean()),
        ci95=interval,
        helps=interval is not None and interval[0] > 0 and len(seeds) >= LEAST_SEEDS,
    )


def has_flattened(points: Sequence[Point], least_gain: float = LEAST_GAIN) -> bool:
    """Whether each of the last two batches gained less than `least_gain` Dice."""
    if len(points) < 3:
        return False
    gains = [b.dice - a.dice for a, b in itertools.pairwise(points)]
    return all(gain < least_gain for gain in gains[-2:])


def traces_from_json(data: Sequence[Mapping[str, Any]]) -> list[Trace]:
    """Traces as `trace_json` wrote them."""
    return [
        Trace(one["strategy"], one["seed"], tuple(Point(n, dice) for n, dice in one["points"]))
        for one in data
    ]


def trace_json(trace: Trace) -> dict[str, Any]:
    """A trace as a plain object: `points` are [subjects, Dice] pairs."""
    points = [[point.n_subjects, point.dice] for point in trace.points]
    return {"strategy": trace.strategy, "seed": trace.seed, "points": points}


def _by_seed(traces: Sequence[Trace], strategy: str) -> dict[int, Trace]:
    return {trace.seed: trace for trace in traces if trace.strategy == strategy}


def _ends(trace: Trace) -> tuple[int, int]:
    return trace.points[0].n_subjects, trace.points[-1].n_subjects


def _student(differences: np.ndarray) -> tuple[float, float] | None:
    n = differences.size
    if n < 2:
        return None
    half = t_distribution.ppf(0.975, n - 1) * differences.std(ddof=1) / np.sqrt(n)
    return float(differences.mean() - half), float(differences.mean() + half)
