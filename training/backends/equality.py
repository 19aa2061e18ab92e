"""The proof that an ONNX file says what the trained network says, before anyone relies on it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from training.backends.contract import Predict, TrainingFailed

LARGEST_SHARE = 1e-4  # pixels with another label: one in 10,000


def differing_share(
    exported: Predict, trained: Predict, images: Iterable[NDArray[np.uint8]]
) -> float:
    """The largest share of pixels, over the images, to which the two give different labels.

    Both predict on stored pixels: uint8 (h, w) -> uint8 (h, w).
    """
    shares = [float(np.mean(exported(pixels) != trained(pixels))) for pixels in images]
    return max(shares, default=0.0)


def require_equal(
    exported: Predict, trained: Predict, images: Iterable[NDArray[np.uint8]]
) -> float:
    """The differing share; TrainingFailed if it is above one pixel in 10,000 on any image."""
    share = differing_share(exported, trained, images)
    if not share <= LARGEST_SHARE:
        raise TrainingFailed(
            f"The exported model gives {share:.2%} of the pixels of a validation scan another label"
            f" than the trained network (at most {LARGEST_SHARE:.2%} is allowed), so it was not"
            " registered. Keep the run's log and report this."
        )
    return share
