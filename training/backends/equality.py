"""The proof that an ONNX file says what the trained network says, before anyone relies on it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from training.backends.contract import Predict, TrainingFailed, TrainingImage

LARGEST_SHARE = 1e-4  # pixels with another label: one in 10,000


def differing_share(exported: Predict, trained: Predict, scans: Iterable[TrainingImage]) -> float:
    """The largest share of pixels, over the scans, to which the two give different labels."""
    shares = [
        float(np.mean(exported(scan.pixels, scan.spacing) != trained(scan.pixels, scan.spacing)))
        for scan in scans
    ]
    return max(shares, default=0.0)


def require_equal(exported: Predict, trained: Predict, scans: Iterable[TrainingImage]) -> float:
    """The differing share; TrainingFailed if it is above one pixel in 10,000 on any scan."""
    share = differing_share(exported, trained, scans)
    if not share <= LARGEST_SHARE:
        raise TrainingFailed(
            f"The exported model gives {share:.2%} of the pixels of a validation scan another label"
            f" than the trained network (at most {LARGEST_SHARE:.2%} is allowed), so it was not"
            " registered. Keep the run's log and report this."
        )
    return share
