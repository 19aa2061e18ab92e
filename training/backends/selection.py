"""The number by which the best epoch is chosen: validation Dice by subject, on the network's grid.

It is counted on the network's input grid, not on the stored pixels, so that an epoch costs one
forward pass and no resizing; the evaluation afterwards is on the stored pixels. The padding of a
letterbox counts as background.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from domain.overlap import Counts, dice


def label_counts(
    prediction: NDArray[np.uint8], reference: NDArray[np.uint8], classes: int
) -> list[Counts]:
    """Confusion counts of labels 1 to classes - 1 between two label maps of one shape."""
    pairs = np.bincount(
        reference.ravel().astype(np.int64) * classes + prediction.ravel(), minlength=classes**2
    ).reshape(classes, classes)
    return [
        Counts(
            tp=int(pairs[label, label]),
            fp=int(pairs[:, label].sum() - pairs[label, label]),
            fn=int(pairs[label].sum() - pairs[label, label]),
        )
        for label in range(1, classes)
    ]


def image_dice(prediction: NDArray[np.uint8], reference: NDArray[np.uint8], classes: int) -> float:
    """Mean Dice over the labels of one image; a label absent from both counts 1."""
    return float(np.mean([dice(counts) for counts in label_counts(prediction, reference, classes)]))


def mean_by_subject(values: Sequence[float], subjects: Sequence[str]) -> float:
    """Mean over subjects of each subject's mean over its images."""
    grouped: dict[str, list[float]] = defaultdict(list)
    for value, subject in zip(values, subjects, strict=True):
        grouped[subject].append(value)
    return float(np.mean([np.mean(group) for group in grouped.values()]))
