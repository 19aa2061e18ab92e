"""Polygon to mask and back, by one pixel convention; LabelMe's own rule as a named second one.

The project's rule: a pixel belongs to a shape if its centre does, and a centre exactly on the
outline belongs to what lies right of it (below it, where the outline is horizontal). So shapes
that share a border share it without a pixel owned twice or by none. docs/algorithms/raster.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from domain.errors import InvalidInput
from domain.geometry import GRID_DECIMALS, Region, check_tolerance, polygons
from domain.tracing import trace

Mask = NDArray[np.bool_]
LabelMap = NDArray[np.uint8]
LABEL_LIMIT = 255

_SCALE = 10**GRID_DECIMALS
_HALF = _SCALE // 2
_CROSSINGS_AT_ONCE = 2_000_000


def polygon_to_mask(shape: BaseGeometry, height: int, width: int) -> Mask:
    """The pixels whose centre lies in the shape, bool (height, width).

    Points are taken on the 1/1000 px grid, on which the rule is evaluated in integers, exactly:
    a row's centre line crosses an edge whose ends it separates (upper end included), and a
    centre is inside if an odd number of crossings lies at its left or on it. What lies outside
    the image is left out; an empty shape gives an empty mask.

    Raises:
        InvalidInput: height or width below 1.
    """
    _check_size(height, width)
    toggles = np.zeros((height, width + 1), dtype=np.uint8)
    edges = _edges(shape)
    first_row = np.clip(-((_HALF - edges[:, 1]) // _SCALE), 0, height)
    last_row = np.clip(-((_HALF - edges[:, 3]) // _SCALE), 0, height)
    crossed = last_row > first_row
    for chunk in _chunks(edges[crossed], first_row[crossed], last_row[crossed]):
        rows, columns = _crossings(*chunk)
        np.add.at(toggles, (rows, np.clip(columns, 0, width)), 1)
    return np.add.accumulate(toggles[:, :width], axis=1, dtype=np.uint8) % 2 == 1


def mask_to_polygon(mask: Mask, tolerance_px: float = 0.5) -> MultiPolygon:
    """The outline of a mask with its parts and holes; empty for an empty mask.

    Tolerance 0 gives the exact pixel edges, so the area is the pixel count and
    `polygon_to_mask` gives the mask back. Above 0 the outline runs through the middles of the
    pixel edges and is thinned by Douglas-Peucker with that tolerance, or with half or none of it
    where the outline would touch itself. Pixels that touch at a corner only are separate parts.

    Args:
        mask: (height, width), anything non-zero is inside.
        tolerance_px: 0 or more.
    """
    check_tolerance(tolerance_px)
    shapes = trace((np.asarray(mask) != 0).astype(np.uint8), tolerance_px)
    return shapes.get(1, MultiPolygon())


def label_map(
    regions: Sequence[Region], labels: Sequence[str], height: int, width: int
) -> LabelMap:
    """One map of all regions: 0 background, 1..n in the order of `labels`, uint8.

    Where regions overlap the later one wins.

    Raises:
        InvalidInput: a region's label is not among `labels`, or there are more than 255.
    """
    numbers = _label_numbers(labels)
    result = np.zeros((height, width), dtype=np.uint8)
    for region in regions:
        if region.label not in numbers:
            raise InvalidInput(f"label {region.label!r} is none of {', '.join(labels)}")
        result[polygon_to_mask(region.shape, height, width)] = numbers[region.label]
    return result


def regions_from_label_map(
    label_map: LabelMap, labels: Sequence[str], tolerance_px: float = 0.5
) -> list[Region]:
    """One region for each label that the map holds, in the order of `labels`.

    As `mask_to_polygon`, but a border between two labels is thinned once, for both: neighbours
    keep sharing it, without overlap or gap.

    Raises:
        InvalidInput: the map holds a number above the number of labels.
    """
    numbers = _label_numbers(labels)
    if label_map.size and int(label_map.max()) > len(labels):
        raise InvalidInput(
            f"the label map holds {int(label_map.max())}, but there are {len(labels)} labels"
        )
    check_tolerance(tolerance_px)
    shapes = trace(np.asarray(label_map, dtype=np.uint8), tolerance_px)
    return [Region(name, shapes[number]) for name, number in numbers.items() if number in shapes]


def labelme_polygon_mask(points: ArrayLike, height: int, width: int) -> Mask:
    """LabelMe's rule, a compatibility mode: the mask that its tools make of a polygon.

    LabelMe 5.5.0 fills with PIL, which drops the fraction of every coordinate, takes pixels as
    points and fills every one between two crossings of a row, ends included. Such a mask is half a
    pixel fat on every side and neighbours overlap (docs/labelme.md 3.3), so it is for reproducing
    masks made elsewhere, never for measuring. Where a tip is thinner than a pixel PIL bridges some
    of the gaps in a row, differently from version to version; here they stay open.

    Args:
        points: (n, 2) x and y of one ring, image pixels.

    Raises:
        InvalidInput: fewer than three points, or height or width below 1.
    """
    _check_size(height, width)
    corners = np.trunc(np.asarray(points, dtype=np.float64).reshape(-1, 2)).astype(np.int64)
    if len(corners) < 3:
        raise InvalidInput("a polygon needs at least three points")
    edges = np.hstack([corners, np.roll(corners, -1, axis=0)])
    level = edges[:, 1] == edges[:, 3]
    rows, starts, stops = _filled_runs(edges[~level])
    flat = edges[level]
    rows = np.concatenate([rows, flat[:, 1]])
    starts = np.concatenate([starts, flat[:, [0, 2]].min(axis=1)])
    stops = np.concatenate([stops, flat[:, [0, 2]].max(axis=1)])
    shown = (rows >= 0) & (rows < height) & (starts <= stops)
    changes = np.zeros((height, width + 1), dtype=np.int64)
    np.add.at(changes, (rows[shown], np.clip(starts[shown], 0, width)), 1)
    np.add.at(changes, (rows[shown], np.clip(stops[shown] + 1, 0, width)), -1)
    return np.cumsum(changes, axis=1)[:, :width] > 0


def _check_size(height: int, width: int) -> None:
    if height < 1 or width < 1:
        raise InvalidInput(f"an image of {width} x {height} px has no pixels")


def _label_numbers(labels: Sequence[str]) -> dict[str, int]:
    if len(labels) > LABEL_LIMIT:
        raise InvalidInput(f"{len(labels)} labels are more than the {LABEL_LIMIT} a site may have")
    return {name: number for number, name in enumerate(labels, 1)}


def _edges(shape: BaseGeometry) -> NDArray[np.int64]:
    """(n, 4) x0, y0, x1, y1 in thousandths of a pixel, y0 < y1; horizontal edges left out."""
    rings = shapely.get_rings(polygons(shape))
    coordinates, ring_of = shapely.get_coordinates(rings, return_index=True)
    points = np.rint(coordinates * _SCALE).astype(np.int64)
    edges = np.hstack([points[:-1], points[1:]])[ring_of[:-1] == ring_of[1:]]
    downwards = np.where((edges[:, 1] > edges[:, 3])[:, None], edges[:, [2, 3, 0, 1]], edges)
    return downwards[downwards[:, 1] != downwards[:, 3]]


def _chunks(
    edges: NDArray[np.int64], first: NDArray[np.int64], last: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
    """The edges in portions of about `_CROSSINGS_AT_ONCE` crossed rows, to bound the memory."""
    portion = np.cumsum(last - first) // _CROSSINGS_AT_ONCE
    starts = np.flatnonzero(np.diff(portion, prepend=-1))
    for start, stop in pairwise([*starts.tolist(), len(edges)]):
        yield edges[start:stop], first[start:stop], last[start:stop]


def _crossings(
    edges: NDArray[np.int64], first: NDArray[np.int64], last: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row and first column at or right of the crossing, for each edge and row it crosses."""
    counts = last - first
    edge = np.repeat(np.arange(len(edges)), counts)
    within = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = first[edge] + within
    x0, y0, x1, y1 = edges[edge].T
    run, rise = x1 - x0, y1 - y0
    # int64 holds it: coordinates are at most 1e9 thousandths, so each product at most 4e18.
    numerator = (x0 - _HALF) * rise + (rows * _SCALE + _HALF - y0) * run
    return rows, -(-numerator // (_SCALE * rise))


def _filled_runs(
    edges: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Row, first and last pixel of each run between the odd and even crossings of PIL's rows."""
    top, bottom = edges[:, [1, 3]].min(axis=1), edges[:, [1, 3]].max(axis=1)
    counts = bottom - top + 1
    edge = np.repeat(np.arange(len(edges)), counts)
    rows = top[edge] + np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts)
    x0, y0, x1, y1 = edges[edge].T
    slope = ((x1 - x0) / (y1 - y0)).astype(np.float32)  # PIL computes in single precision
    crossings = (rows - y0).astype(np.float32) * slope + x0.astype(np.float32)
    # An edge's last row counts twice, but for the last row of all: it ends there, and begins.
    twice = (rows == bottom[edge]) & (rows < bottom.max(initial=0))
    rows = np.concatenate([rows, rows[twice]])
    crossings = np.concatenate([crossings, crossings[twice]])
    order = np.lexsort([crossings, rows])
    rows, crossings = rows[order], crossings[order]
    first_of_row = np.searchsorted(rows, rows)
    place = np.arange(len(rows)) - first_of_row
    left = np.flatnonzero((place % 2 == 0) & (np.append(rows[1:], -1) == rows))
    starts = np.floor(crossings[left] + 0.5).astype(np.int64)
    stops = np.ceil(crossings[left + 1] - 0.5).astype(np.int64)
    return rows[left], starts, stops
