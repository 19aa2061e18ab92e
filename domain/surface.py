"""Distances between the boundaries of two masks, in px or mm, by definition `metrics_v1`.

docs/algorithms/overlap-and-distance.md has the definition, the answers to empty masks and the
comparison with other tools. `hd95` equals MONAI's wherever MONAI's is a number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from domain.errors import InvalidInput
from domain.overlap import check_same_shape

METRICS_VERSION = "metrics_v1"
PIXELS = (1.0, 1.0)

Distances = NDArray[np.float64]


@dataclass(frozen=True)
class SurfaceDistances:
    """From each boundary pixel of one mask to the nearest boundary pixel of the other.

    Args:
        to_reference: (n,) from the prediction's boundary.
        to_prediction: (m,) from the reference's boundary.
        diagonal: of the image: the distance that stands for "found nothing".
        failure: exactly one of the masks is empty; both arrays are empty then.
    """

    to_reference: Distances
    to_prediction: Distances
    diagonal: float
    failure: bool


def surface_distances(
    prediction: ArrayLike, reference: ArrayLike, spacing: tuple[float, float] = PIXELS
) -> SurfaceDistances:
    """The directed distances between two masks (height, width).

    A boundary pixel is one of the mask with a 4-neighbour outside it; outside the image counts as
    outside the mask. `spacing` is (row, column), in mm per px for mm.

    Raises:
        InvalidInput: the masks differ in shape, or a spacing is not above 0.
    """
    _check_spacing(spacing)
    predicted, true = _mask(prediction), _mask(reference)
    check_same_shape(predicted, true)
    diagonal = math.hypot(predicted.shape[0] * spacing[0], predicted.shape[1] * spacing[1])
    of_prediction = _boundary_points(predicted, spacing)
    of_reference = _boundary_points(true, spacing)
    if len(of_prediction) == 0 or len(of_reference) == 0:
        nothing = np.empty(0)
        return SurfaceDistances(
            nothing, nothing, diagonal, failure=len(of_prediction) != len(of_reference)
        )
    return SurfaceDistances(
        to_reference=_nearest(of_prediction, of_reference),
        to_prediction=_nearest(of_reference, of_prediction),
        diagonal=diagonal,
        failure=False,
    )


def hd95(
    prediction: ArrayLike, reference: ArrayLike, spacing: tuple[float, float] = PIXELS
) -> float:
    """The larger of the two directed 95th percentiles (linear interpolation), as MONAI has it.

    Both masks empty: 0. One empty: the image diagonal.
    """
    return percentile_distance(surface_distances(prediction, reference, spacing), 95)


def hd100(
    prediction: ArrayLike, reference: ArrayLike, spacing: tuple[float, float] = PIXELS
) -> float:
    """The Hausdorff distance; empties as `hd95`. It sees the far speck that HD95 overlooks."""
    return percentile_distance(surface_distances(prediction, reference, spacing), 100)


def percentile_distance(distances: SurfaceDistances, percentile: float) -> float:
    """The larger of the two directed percentiles; 0 for two empty masks, the diagonal for one."""
    if len(distances.to_reference) == 0:
        return distances.diagonal if distances.failure else 0.0
    directed = (distances.to_reference, distances.to_prediction)
    return max(float(np.percentile(values, percentile)) for values in directed)


def assd(
    prediction: ArrayLike, reference: ArrayLike, spacing: tuple[float, float] = PIXELS
) -> float:
    """Average symmetric surface distance: the mean over both boundaries' pixels together.

    Both masks empty: 0. One empty: the image diagonal.
    """
    distances = surface_distances(prediction, reference, spacing)
    pooled = np.concatenate([distances.to_reference, distances.to_prediction])
    if len(pooled) == 0:
        return distances.diagonal if distances.failure else 0.0
    return float(pooled.mean())


def nsd(
    prediction: ArrayLike,
    reference: ArrayLike,
    tolerance: float,
    spacing: tuple[float, float] = PIXELS,
) -> float:
    """Normalised surface Dice: the share of both boundaries within `tolerance` of the other.

    Nikolov et al. 2018, counted in boundary pixels. Both masks empty: 1. One empty: 0.

    Raises:
        InvalidInput: the tolerance is negative or not finite.
    """
    if not (math.isfinite(tolerance) and tolerance >= 0):
        raise InvalidInput(f"the tolerance is {tolerance}; give a distance that is 0 or more")
    distances = surface_distances(prediction, reference, spacing)
    pooled = np.concatenate([distances.to_reference, distances.to_prediction])
    if len(pooled) == 0:
        return float(not distances.failure)
    return float(np.count_nonzero(pooled <= tolerance) / len(pooled))


def _nearest(points: Distances, others: Distances) -> Distances:
    return np.asarray(cKDTree(others).query(points)[0])


def _mask(values: ArrayLike) -> NDArray[np.bool_]:
    return np.asarray(values).astype(np.bool_, copy=False)


def _check_spacing(spacing: tuple[float, float]) -> None:
    if not all(math.isfinite(step) and step > 0 for step in spacing):
        raise InvalidInput(f"the spacing is {spacing}; give two numbers of mm per px above 0")


def _boundary_points(mask: NDArray[np.bool_], spacing: tuple[float, float]) -> Distances:
    """(n, 2) row and column of the boundary pixels, in units of the spacing."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows) == 0:
        return np.empty((0, 2))
    first_row, first_column = rows[0], columns[0]
    padded = np.pad(mask[first_row : rows[-1] + 1, first_column : columns[-1] + 1], 1)
    inner = padded[1:-1, 1:-1]
    surrounded = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    points = np.argwhere(inner & ~surrounded)
    return (points + np.array([first_row, first_column])) * np.asarray(spacing)
