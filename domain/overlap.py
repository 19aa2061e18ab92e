"""Overlap of two masks: counts first, ratios second."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.errors import InvalidInput


@dataclass(frozen=True)
class Counts:
    """Pixels that both masks have (tp), that only the prediction has (fp), only the reference (fn)."""

    tp: int
    fp: int
    fn: int


def confusion_counts(prediction: NDArray[np.bool_], reference: NDArray[np.bool_]) -> Counts:
    """Counts of two (height, width) masks. Raises InvalidInput if their shapes differ."""
    if prediction.shape != reference.shape:
        raise InvalidInput(f"Masks of {prediction.shape} and {reference.shape} px do not compare.")
    both = int(np.count_nonzero(prediction & reference))
    return Counts(
        tp=both,
        fp=int(np.count_nonzero(prediction)) - both,
        fn=int(np.count_nonzero(reference)) - both,
    )


def dice(counts: Counts) -> float:
    """2 tp / (2 tp + fp + fn) (Dice 1945); 1 where both masks are empty."""
    return _ratio(2 * counts.tp, 2 * counts.tp + counts.fp + counts.fn)


def iou(counts: Counts) -> float:
    """tp / (tp + fp + fn) (Jaccard 1912); 1 where both masks are empty."""
    return _ratio(counts.tp, counts.tp + counts.fp + counts.fn)


def precision(counts: Counts) -> float:
    """tp / (tp + fp); 1 where the prediction is empty."""
    return _ratio(counts.tp, counts.tp + counts.fp)


def recall(counts: Counts) -> float:
    """tp / (tp + fn); 1 where the reference is empty."""
    return _ratio(counts.tp, counts.tp + counts.fn)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
