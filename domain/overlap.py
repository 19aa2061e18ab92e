"""Overlap of two masks: counts first, ratios second.

Every ratio is defined for every input (docs/algorithms/overlap-and-distance.md): two empty masks
agree perfectly, an empty one and a drawn one do not agree at all. Nothing is ever NaN.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from domain.errors import InvalidInput


@dataclass(frozen=True)
class Counts:
    """Pixels of prediction and reference (tp), of the prediction only (fp), the reference only."""

    tp: int
    fp: int
    fn: int

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)


def confusion_counts(prediction: ArrayLike, reference: ArrayLike) -> Counts:
    """Pixel counts of two masks (height, width); what is not zero is inside.

    Raises:
        InvalidInput: the masks differ in shape.
    """
    predicted, true = _mask(prediction), _mask(reference)
    check_same_shape(predicted, true)
    tp = int(np.count_nonzero(predicted & true))
    return Counts(tp, int(np.count_nonzero(predicted)) - tp, int(np.count_nonzero(true)) - tp)


def dice(counts: Counts) -> float:
    """2 tp / (2 tp + fp + fn) (Dice 1945); 1 if both masks are empty."""
    return _ratio(2 * counts.tp, 2 * counts.tp + counts.fp + counts.fn)


def iou(counts: Counts) -> float:
    """tp / (tp + fp + fn) (Jaccard 1901); 1 if both masks are empty. Equals dice / (2 - dice)."""
    return _ratio(counts.tp, counts.tp + counts.fp + counts.fn)


def precision(counts: Counts) -> float:
    """tp / (tp + fp); of an empty prediction 1 if the reference is empty too, else 0."""
    if counts.tp + counts.fp == 0:
        return float(counts.fn == 0)
    return counts.tp / (counts.tp + counts.fp)


def recall(counts: Counts) -> float:
    """tp / (tp + fn); of an empty reference 1 if the prediction is empty too, else 0."""
    if counts.tp + counts.fn == 0:
        return float(counts.fp == 0)
    return counts.tp / (counts.tp + counts.fn)


def check_same_shape(prediction: NDArray[np.bool_], reference: NDArray[np.bool_]) -> None:
    """Raises InvalidInput unless both are images of one size."""
    if prediction.ndim != 2 or prediction.shape != reference.shape:
        raise InvalidInput(
            f"masks of shape {prediction.shape} and {reference.shape} cannot be compared; "
            "bring both to the stored image's own pixels"
        )


def _mask(values: ArrayLike) -> NDArray[np.bool_]:
    return np.asarray(values).astype(np.bool_, copy=False)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
