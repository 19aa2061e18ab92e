"""Simulated people who outline phantoms, each with errors of their own, and a crude pre-label.

Errors are made on what all regions of an image cover together and carried to the regions, so that
neighbours go on sharing one septum: bias (the whole outline drawn too far out or in), rounding
(tips and corners missed), tremor (a smooth displacement of the plane), and few vertices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from shapely.affinity import scale, translate
from shapely.geometry.base import BaseGeometry

from domain.geometry import Region, clip_to_image, normalise
from domain.phantom.view import HEIGHT, WIDTH, stream

_WAVES = 6


@dataclass(frozen=True)
class Reader:
    """How one person errs, in px.

    Args:
        name: enters the random stream, so that two readers of one image err independently.
        bias_px: mean displacement outwards (negative: inwards).
        bias_sd_px: how it varies from image to image.
        tremor_px: root mean square of the displacement along the outline.
        rounding_px: radius below which corners are cut.
        tolerance_px: how far the drawn polygon may run from the intended line.
    """

    name: str
    bias_px: float
    bias_sd_px: float
    tremor_px: float
    rounding_px: float
    tolerance_px: float


READERS = (
    Reader("outward", 2.2, 0.8, 1.0, 2.0, 0.7),
    Reader("inward", -2.4, 0.9, 2.0, 3.0, 0.9),
    Reader("corners", 0.0, 0.8, 1.2, 26.0, 1.0),
)


@dataclass(frozen=True)
class PreLabel:
    """Imperfect regions and the confidence, 0 to 1, that goes with them."""

    regions: tuple[Region, ...]
    probability: float


def read(regions: Sequence[Region], reader: Reader, *key: int | str) -> tuple[Region, ...]:
    """What a reader draws where the truth is `regions`; `key` names the image (and the occasion).

    Labels, order and `cut` stay. Regions never overlap if the true ones do not.
    """
    rng = stream("reader", reader.name, *key)
    bias = reader.bias_px + reader.bias_sd_px * rng.standard_normal()
    whole = shapely.union_all([region.shape for region in regions])
    drawn = _rounded(whole, reader.rounding_px).buffer(bias)
    return _redrawn(regions, _divided(regions, drawn), rng, reader.tremor_px, reader.tolerance_px)


def pre_label(regions: Sequence[Region], *key: int | str) -> PreLabel:
    """An imperfect outline as an early model would offer it, and a probability that tells.

    Shifted, stretched, uneven; about one in eight also misses a side.
    """
    rng = stream("pre-label", *key)
    quality = rng.beta(5.0, 2.0)
    error = 1.0 - quality
    whole = shapely.union_all([region.shape for region in regions])
    shifted = translate(whole, *(10.0 * error * rng.standard_normal(2)))
    stretched = scale(shifted, *(1.0 + 0.10 * error * rng.standard_normal(2)))
    if rng.random() < 0.125:
        stretched = _without_a_side(stretched, float(rng.uniform(0.12, 0.28)), rng.random() < 0.5)
        quality *= 0.8
    divided = _divided(regions, _rounded(stretched, 12.0))
    return PreLabel(
        _redrawn(regions, divided, rng, 1.5 + 5.0 * error, 1.2),
        float(round(0.5 + 0.48 * quality, 3)),
    )


def _rounded(shape: BaseGeometry, radius: float) -> BaseGeometry:
    """Without what a disc of this radius cannot reach from inside: tips and corners."""
    opened = shape.buffer(-radius).buffer(radius)
    return shape if opened.is_empty else opened


def _without_a_side(shape: BaseGeometry, share: float, left: bool) -> BaseGeometry:
    x0, y0, x1, y1 = shape.bounds
    width = (x1 - x0) * share
    gone = shapely.box(x0, y0, x0 + width, y1) if left else shapely.box(x1 - width, y0, x1, y1)
    return shape.difference(gone)


def _divided(regions: Sequence[Region], whole: BaseGeometry) -> list[BaseGeometry]:
    """`whole` given out to the regions: each keeps its part and what lies next to it."""
    shares: list[BaseGeometry] = []
    left = whole
    for number, region in enumerate(regions):
        if number == len(regions) - 1:
            shares.append(left)
            break
        others = shapely.union_all([other.shape for other in regions[number + 1 :]])
        share = left.intersection(region.shape.buffer(40.0, quad_segs=4)).difference(others)
        shares.append(share)
        left = left.difference(share)
    return shares


def _redrawn(
    regions: Sequence[Region],
    shapes: Sequence[BaseGeometry],
    rng: np.random.Generator,
    tremor_px: float,
    tolerance_px: float,
) -> tuple[Region, ...]:
    """The shapes moved by one smooth field, with few vertices, as regions inside the image."""
    move = _tremor(rng, tremor_px)
    moved = [shapely.transform(shapely.segmentize(_largest(shape), 8.0), move) for shape in shapes]
    if all(shape.is_valid for shape in moved):
        moved = list(shapely.coverage_simplify(np.asarray(moved), tolerance_px))
    drawn = [clip_to_image(shape, WIDTH, HEIGHT) for shape in moved]
    return tuple(
        Region(region.label, _apart(shape, drawn[:number]), region.cut)
        for number, (region, shape) in enumerate(zip(regions, drawn, strict=True))
    )


def _apart(shape: MultiPolygon, before: Sequence[MultiPolygon]) -> MultiPolygon:
    """Without slivers over the earlier regions, which rounding to the grid can leave."""
    for other in before:
        if shape.intersection(other).area > 0:
            shape = normalise(_largest(shape.difference(other)))
    return shape


def _largest(shape: BaseGeometry) -> Polygon:
    parts = [part for part in shapely.get_parts(shape) if isinstance(part, Polygon)]
    return max(parts, key=lambda part: part.area)


def _tremor(
    rng: np.random.Generator, size_px: float
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """A smooth displacement of the plane of this root mean square, wavelengths 30 to 140 px."""
    wavelength = rng.uniform(30.0, 140.0, _WAVES)
    heading = rng.uniform(0, 2 * np.pi, _WAVES)
    waves = np.column_stack([np.cos(heading), np.sin(heading)]) * (2 * np.pi / wavelength)[:, None]
    phase = rng.uniform(0, 2 * np.pi, _WAVES)
    push = rng.standard_normal((_WAVES, 2)) * size_px / np.sqrt(_WAVES)

    def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
        moved: NDArray[np.float64] = points + np.sin(points @ waves.T + phase) @ push
        return moved

    return move
