"""What is measured on an outline: CSA, thickness, circumference, echo intensity.

Formulas and sources: docs/algorithms/measurement.md. Nothing is in mm without a PixelSpacing.
Thickness is measured on the largest part with its holes filled: the muscle between its superficial
and its deep border.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from shapely.affinity import scale

from domain.calibration import PixelSpacing
from domain.errors import InvalidInput
from domain.raster import polygon_to_mask

MEASUREMENT_VERSION = "measurement_v1"
Point = tuple[float, float]
Segment = tuple[Point, Point]


@dataclass(frozen=True)
class Thickness:
    """A thickness in px and, where calibrated, in mm; `line` is where it is measured, in px.

    `value_px` is None and `line` is None for an empty shape.
    """

    value_px: float | None
    value_mm: float | None
    line: Segment | None
    definition: str


def csa_px2(shape: MultiPolygon) -> float:
    """Area of the parts without their holes, in px2; 0 for an empty shape."""
    return float(shape.area)


def csa_mm2(shape: MultiPolygon, spacing: PixelSpacing | None) -> float | None:
    """Cross-sectional area in mm2 (area in px2 times x and y spacing); None without spacing."""
    return None if spacing is None else float(shape.area) * spacing.x_mm * spacing.y_mm


def circumference_mm(shape: MultiPolygon, spacing: PixelSpacing | None) -> float | None:
    """Length of the outer borders of all parts in mm; None without spacing."""
    if spacing is None:
        return None
    return sum(_in_mm(Polygon(part.exterior), spacing).length for part in shape.geoms)


def echo_intensity(pixels: NDArray[np.uint8], shape: MultiPolygon) -> float | None:
    """Mean grey value (0 to 255) of the pixels whose centre is inside; None where there is none."""
    mask = polygon_to_mask(shape, *pixels.shape)
    return float(pixels[mask].mean()) if mask.any() else None


def thickness(shape: MultiPolygon, definition: str, spacing: PixelSpacing | None) -> Thickness:
    """Thickness by one of the named definitions of DEFINITIONS. Raises InvalidInput for others."""
    if definition not in DEFINITIONS:
        known = ", ".join(DEFINITIONS)
        raise InvalidInput(f"{definition!r} is no thickness definition. Use one of {known}.")
    outline = _outline(shape)
    if outline is None:
        return Thickness(None, None, None, definition)
    value_px, line = DEFINITIONS[definition](outline)
    value_mm = None if spacing is None else DEFINITIONS[definition](_in_mm(outline, spacing))[0]
    return Thickness(value_px, value_mm, line, definition)


def _max_vertical(outline: Polygon) -> tuple[float, Segment]:
    """The longest vertical segment inside: found at a vertex, the length being linear between."""
    columns = np.unique(shapely.get_coordinates(outline.exterior)[:, 0])
    segments = [_longest_vertical(outline, x) for x in columns]
    return max(segments, key=lambda found: found[0])


def _centroid_column(outline: Polygon) -> tuple[float, Segment]:
    """The longest vertical segment inside, in the column of the centroid."""
    return _longest_vertical(outline, outline.centroid.x)


def _central_third_mean(outline: Polygon) -> tuple[float, Segment]:
    """Area within the central third of the width over that third: the mean vertical length."""
    left, top, right, bottom = outline.bounds
    third = (right - left) / 3
    strip = shapely.box(left + third, top - 1, right - third, bottom + 1)
    mean = outline.intersection(strip).area / third
    middle, (upper, lower) = (left + right) / 2, _longest_vertical(outline, (left + right) / 2)[1]
    centre = (upper[1] + lower[1]) / 2
    return mean, ((middle, centre - mean / 2), (middle, centre + mean / 2))


def _max_inscribed_circle(outline: Polygon) -> tuple[float, Segment]:
    """Diameter of the largest circle inside, to 1/1000 of its unit."""
    radius = shapely.maximum_inscribed_circle(outline, tolerance=1e-3)
    (x0, y0), (x1, y1) = shapely.get_coordinates(radius)
    return 2 * float(radius.length), ((2 * x0 - x1, 2 * y0 - y1), (x1, y1))


def _longest_vertical(outline: Polygon, x: float) -> tuple[float, Segment]:
    _, top, _, bottom = outline.bounds
    inside = outline.intersection(shapely.LineString([(x, top - 1), (x, bottom + 1)]))
    pieces = [piece for piece in shapely.get_parts(inside) if piece.geom_type == "LineString"]
    if not pieces:
        y = float(inside.centroid.y) if not inside.is_empty else (top + bottom) / 2
        return 0.0, ((x, y), (x, y))
    longest = max(pieces, key=lambda piece: piece.length)
    (_, y0), (_, y1) = shapely.get_coordinates(longest)[[0, -1]]
    return float(longest.length), ((x, min(y0, y1)), (x, max(y0, y1)))


def _outline(shape: MultiPolygon) -> Polygon | None:
    if shape.is_empty:
        return None
    return Polygon(max(shape.geoms, key=lambda part: part.area).exterior)


def _in_mm(outline: Polygon, spacing: PixelSpacing) -> Polygon:
    return scale(outline, spacing.x_mm, spacing.y_mm, origin=(0, 0))


DEFINITIONS: dict[str, Callable[[Polygon], tuple[float, Segment]]] = {
    "max_vertical": _max_vertical,
    "centroid_column": _centroid_column,
    "central_third_mean": _central_third_mean,
    "max_inscribed_circle": _max_inscribed_circle,
}
