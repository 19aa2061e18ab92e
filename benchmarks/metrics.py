"""Dice, IoU and HD95 of a 384x400 pair against MONAI's, in one run and with equal values."""

from __future__ import annotations

import json
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from monai.metrics import compute_dice, compute_hausdorff_distance, compute_iou
from numpy.typing import NDArray

from domain.overlap import confusion_counts, dice, iou
from domain.surface import hd95

HEIGHT, WIDTH = 384, 400
SPACING = (0.1, 0.1)
REPEATS = 15
AIM = 5.0
# MONAI computes in single precision.
EQUAL_WITHIN = 1e-5

Values = tuple[float, float, float]


def run() -> list[dict[str, Any]]:
    """The ratio MONAI's time / ours (aim: at least 5), and the largest difference of the values."""
    pair = _muscle(200, 180, 110, 55), _muscle(206, 183, 104, 50)
    torch.set_num_threads(1)
    tensors = [torch.from_numpy(mask)[None, None] for mask in pair]
    theirs, ours = _monai(tensors), _ours(*pair)
    difference = max(abs(one - other) for one, other in zip(theirs, ours, strict=True))
    if difference > EQUAL_WITHIN:
        raise AssertionError(f"the values differ: MONAI {theirs}, here {ours}")
    ratio = _median_seconds(lambda: _monai(tensors)) / _median_seconds(lambda: _ours(*pair))
    return [
        {
            "name": "Dice + IoU + HD95, 384x400",
            "value": round(ratio, 2),
            "unit": "x faster",
            "against": "MONAI compute_dice + compute_iou + compute_hausdorff_distance",
            "target": f">= {AIM:g}",
            "note": f"median of {REPEATS}, one thread; values differ by at most {difference:.0e}",
        }
    ]


def _ours(prediction: NDArray[np.bool_], reference: NDArray[np.bool_]) -> Values:
    counts = confusion_counts(prediction, reference)
    return dice(counts), iou(counts), hd95(prediction, reference, SPACING)


def _monai(tensors: list[torch.Tensor]) -> Values:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        distance = compute_hausdorff_distance(
            *tensors, include_background=True, percentile=95, spacing=list(SPACING)
        )
    return compute_dice(*tensors).item(), compute_iou(*tensors).item(), distance.item()


def _median_seconds(work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def _muscle(x: float, y: float, a: float, b: float) -> NDArray[np.bool_]:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return ((columns - x) / a) ** 2 + ((rows - y) / b) ** 2 < 1


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
