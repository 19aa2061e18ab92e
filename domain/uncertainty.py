"""How sure a network is of its outline: pixel by pixel, label by label, member by member.

Everything here is a function of probabilities alone; nothing knows the truth. What the figures are
worth is measured against the truth in docs/algorithms/uncertainty.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from domain.errors import InvalidInput

Probability = NDArray[np.floating]
LabelMap = NDArray[np.uint8]

TINY = 1e-12
"""Below this a probability adds less than 3e-11 to an entropy: the logarithm stays finite."""

BAND = 0.1
"""Width of the band round an outline in which its probability counts, as a share of the root of
its area; chosen with benchmarks/predicted_dice.py, docs/algorithms/uncertainty.md has figures."""


@dataclass(frozen=True)
class Spread:
    """A quantity measured on each member's outline: mean and standard deviation (n - 1)."""

    mean: float
    deviation: float
    n: int


def entropy_map(probability: Probability) -> NDArray[np.float32]:
    """Predictive entropy of each pixel in units of log(classes): 0 sure, 1 nothing known.

    probability: (classes, h, w), at least two classes, summing to 1 over the first axis. For an
    ensemble: the mean of the members' probabilities. Returns float32 (h, w).
    """
    _check(probability)
    total = np.zeros(probability.shape[1:], np.float32)
    for one in probability:
        clipped = np.clip(one, TINY, 1.0, dtype=np.float32)
        total -= clipped * np.log(clipped)
    return np.clip(total / np.float32(math.log(len(probability))), 0.0, 1.0)


def expected_dice(
    probability: Probability, label_map: LabelMap | None = None
) -> list[float | None]:
    """What Dice each label's outline will have, if the probabilities are right; 0 to 1.

    For the pixels M that are outlined as a label with probability p: 2 sum_M p / (|M| + sum p),
    the ratio of expectations, which for outlines of hundreds of pixels is the expected Dice. The
    last sum runs over M and a band of BAND * sqrt(|M|) px round it (in x and in y): a haze of
    probability all over the image says nothing of this outline. label_map: uint8 (h, w), labels
    from 1, what was outlined (after post-processing); by default the most probable label of each
    pixel. Returns one number for each label from 1, None for a label that is not outlined: of
    finding nothing the probabilities say little.
    """
    _check(probability)
    drawn = probability.argmax(axis=0) if label_map is None else label_map
    if drawn.shape != probability.shape[1:]:
        raise InvalidInput(
            f"The label map is {drawn.shape}, the probabilities are of {probability.shape[1:]} px."
        )
    return [_expected(one, drawn == label) for label, one in enumerate(probability[1:], start=1)]


def mean_expected_dice(by_label: Sequence[float | None]) -> float | None:
    """The unweighted mean over labels; None where one of them is not outlined, or there is none."""
    known = [value for value in by_label if value is not None]
    return sum(known) / len(known) if known and len(known) == len(by_label) else None


def member_disagreement(members: Sequence[LabelMap]) -> float | None:
    """1 - mean Dice of the foreground over all pairs of members' label maps; 0: all agree.

    None for fewer than two members, whose agreement says nothing; two empty maps agree.
    """
    if len(members) < 2:
        return None
    masks = [one > 0 for one in members]
    areas = [int(mask.sum()) for mask in masks]
    overlaps = [
        _pair_dice(int((masks[a] & masks[b]).sum()), areas[a] + areas[b])
        for a, b in combinations(range(len(masks)), 2)
    ]
    return 1.0 - sum(overlaps) / len(overlaps)


def spread(values: Sequence[float]) -> Spread | None:
    """Mean and standard deviation over members; None for fewer than two or a value not finite."""
    if len(values) < 2 or not all(math.isfinite(value) for value in values):
        return None
    array = np.asarray(values, dtype=np.float64)
    return Spread(float(array.mean()), float(array.std(ddof=1)), len(values))


def _expected(probability: NDArray[np.floating], drawn: NDArray[np.bool_]) -> float | None:
    size = int(drawn.sum())
    if size == 0:
        return None
    width = round(BAND * math.sqrt(size))
    window = _window(drawn, width)
    outline, near_it = drawn[window], probability[window]
    near = maximum_filter(outline.view(np.uint8), 2 * width + 1, mode="constant").view(np.bool_)
    inside = float(near_it[outline].sum(dtype=np.float64))
    around = float(near_it[near].sum(dtype=np.float64))
    return min(1.0, max(0.0, 2.0 * inside / (size + around)))


def _window(drawn: NDArray[np.bool_], margin: int) -> tuple[slice, slice]:
    """The bounding box of what is drawn with a margin of so many px, within the image."""
    occupied = [np.flatnonzero(drawn.any(axis=axis)) for axis in (1, 0)]
    rows, columns = (slice(max(0, at[0] - margin), at[-1] + 1 + margin) for at in occupied)
    return rows, columns


def _pair_dice(common: int, both: int) -> float:
    return 2.0 * common / both if both else 1.0


def _check(probability: Probability) -> None:
    if probability.ndim != 3 or len(probability) < 2:
        raise InvalidInput(
            f"Probabilities are (classes, height, width) of two classes or more, not"
            f" {probability.shape}."
        )
