"""Distances between the boundaries of two masks, in px or mm (docs/algorithms).

Boundary of a mask: its pixels with a background pixel among their four neighbours, the outside of
the image being background. Distances are Euclidean between pixel centres.

Empty masks: both empty gives 0; exactly one empty gives the image diagonal, so that a model that
predicts nothing never improves its mean.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from domain.errors import InvalidInput

METRICS_VERSION = "metrics_v1"
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class SurfaceDistances:
    """Distances from each boundary pixel of one mask to the nearest of the other.

    `diagonal` is the image diagonal; where exactly one mask is empty both arrays hold it alone.
    """

    to_reference: NDArray[np.float64]
    to_prediction: NDArray[np.float64]
    diagonal: float


def surface_distances(
    prediction: Mask, reference: Mask, spacing: tuple[float, float] = (1.0, 1.0)
) -> SurfaceDistances:
    """Boundary distances of two (height, width) masks; `spacing` is (row, column) per px.

    Raises InvalidInput if the shapes differ.
    """
    if prediction.shape != reference.shape:
        raise InvalidInput(f"Masks of {prediction.shape} and {reference.shape} px do not compare.")
    height, width = prediction.shape
    diagonal = math.hypot(height * spacing[0], width * spacing[1])
    filled = bool(prediction.any()), bool(reference.any())
    if not all(filled):
        alone = np.full(1, 0.0 if not any(filled) else diagonal)
        return SurfaceDistances(alone, alone, diagonal)
    window = _window(prediction | reference)
    edges = [_boundary(np.pad(mask[window], 1)) for mask in (prediction, reference)]
    return SurfaceDistances(
        to_reference=_distances(edges[0], edges[1], spacing),
        to_prediction=_distances(edges[1], edges[0], spacing),
        diagonal=diagonal,
    )


def hd95(distances: SurfaceDistances) -> float:
    """The larger of the two directed 95th percentiles (linear interpolation), as MONAI has it."""
    return max(
        float(np.percentile(distances.to_reference, 95)),
        float(np.percentile(distances.to_prediction, 95)),
    )


def hd100(distances: SurfaceDistances) -> float:
    """The Hausdorff distance: the largest distance of either direction."""
    return float(max(distances.to_reference.max(), distances.to_prediction.max()))


def assd(distances: SurfaceDistances) -> float:
    """Average symmetric surface distance: the mean over the boundary pixels of both masks."""
    return float(np.concatenate([distances.to_reference, distances.to_prediction]).mean())


def nsd(distances: SurfaceDistances, tolerance: float) -> float:
    """Normalised surface Dice: the share of both boundaries within `tolerance` of the other."""
    both = np.concatenate([distances.to_reference, distances.to_prediction])
    return float(np.count_nonzero(both <= tolerance) / both.size)


def _window(mask: Mask) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _boundary(padded: Mask) -> Mask:
    """Boundary of a mask with a border of background, the border cut off again."""
    inner = padded[1:-1, 1:-1]
    surrounded = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return inner & ~surrounded


def _distances(of: Mask, to: Mask, spacing: tuple[float, float]) -> NDArray[np.float64]:
    return np.asarray(distance_transform_edt(~to, sampling=spacing)[of], dtype=np.float64)
