"""CSA, thickness, circumference and echo intensity of one outline, `measurement_v1`.

Lengths and areas come from the polygon, never from a mask, whose thickness would depend on the
pixel rule. mm come from a `PixelSpacing` and from nothing else. Thickness is measured on the part
with the largest area, its holes filled: an island does not thicken a muscle, a vessel does not
thin it. docs/algorithms/measurement.md defines each and shows what they differ by.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, Polygon, affinity
from shapely.geometry.base import BaseGeometry

from domain.calibration import PixelSpacing
from domain.errors import InvalidInput
from domain.geometry import polygons
from domain.raster import polygon_to_mask

MEASUREMENT_VERSION = "measurement_v1"
TRANSVERSE = "transverse"
NOT_CALIBRATED = "not calibrated"
LONGITUDINAL = "longitudinal view: a CSA needs a transverse one"
CIRCLE_TOLERANCE = 0.001

CSA, VISIBLE_CSA = "CSA", "visible CSA"
THICKNESS, VISIBLE_THICKNESS = "thickness", "visible thickness"
"""Names of quantities: what the view cuts is another quantity, and is never pooled with it."""

Point = tuple[float, float]
Line = tuple[Point, Point]


@dataclass(frozen=True)
class Thickness:
    """A muscle thickness and where it was measured.

    Args:
        value_px: in pixels.
        value_mm: in mm; None without a calibration.
        line: its two ends in image pixels, the upper one first; of two level ones the left.
        definition: a name of `THICKNESS_DEFINITIONS`.
    """

    value_px: float
    value_mm: float | None
    line: Line
    definition: str


@dataclass(frozen=True)
class CrossSection:
    """A CSA as it is to be reported.

    Args:
        quantity: "CSA", or "visible CSA" where the field of view cuts the muscle.
        value_mm2: None where it may not be given.
        why_empty: the reason for None, else "".
    """

    quantity: str
    value_mm2: float | None
    why_empty: str


def csa_mm2(shape: BaseGeometry, spacing: PixelSpacing) -> float:
    """The area of all parts without their holes, in mm²; 0 for an empty shape.

    On a longitudinal image this is no CSA: `cross_section` knows.
    """
    return float(shape.area) * spacing.x_mm * spacing.y_mm


def has_csa(plane: str) -> bool:
    """Whether a cross-sectional area exists in this plane: in the transverse one only."""
    return plane == TRANSVERSE


def cross_section(
    shape: BaseGeometry, plane: str, cut: Collection[str], spacing: PixelSpacing | None
) -> CrossSection:
    """The CSA of an outline with its proper name, or why there is none.

    Args:
        plane: "transverse" or "longitudinal".
        cut: the sides on which the field of view cuts the muscle.
    """
    quantity = VISIBLE_CSA if cut else CSA
    if not has_csa(plane):
        return CrossSection(quantity, None, LONGITUDINAL)
    if spacing is None:
        return CrossSection(quantity, None, NOT_CALIBRATED)
    return CrossSection(quantity, csa_mm2(shape, spacing), "")


def is_cut_thickness(cut: Collection[str]) -> bool:
    """Whether the view cuts the thickness: only a deep cut shortens it."""
    return "deep" in cut


def thickness_quantity(cut: Collection[str]) -> str:
    """The proper name of a thickness, by the sides on which the view cuts the muscle."""
    return VISIBLE_THICKNESS if is_cut_thickness(cut) else THICKNESS


def thickness(shape: BaseGeometry, definition: str, spacing: PixelSpacing | None) -> Thickness:
    """The thickness of the largest part, its holes filled, by a named definition.

    `max_vertical`: the longest vertical chord, the left-most of equals.
    `centroid_column`: the longest chord in the column of the centroid.
    `central_third_mean`: the area within the middle third of the horizontal extent, over its
    width; the line has that length, at the middle column, around the middle of its chord.
    `max_inscribed_circle`: the diameter of the largest circle inside, to 0.001 px (or mm); the
    line is the diameter through the point where it touches. With unequal spacings it is sought
    in mm, and the line is that of mm.

    Raises:
        InvalidInput: an unknown definition, or an empty shape.
    """
    if definition not in THICKNESS_DEFINITIONS:
        raise InvalidInput(
            f"thickness definition {definition!r} is none of {', '.join(THICKNESS_DEFINITIONS)}"
        )
    return THICKNESS_DEFINITIONS[definition](_measured_part(shape), spacing)


def circumference(shape: BaseGeometry, spacing: PixelSpacing | None = None) -> float:
    """The length of the outlines of all parts, holes not counted, in mm; without spacing in px.

    0 for an empty shape.
    """
    outlines = [part.exterior for part in polygons(shape)]
    return float(sum(_scaled(outline, spacing).length for outline in outlines))


def echo_intensity(pixels: NDArray[np.uint8], shape: BaseGeometry) -> float | None:
    """The mean grey level (0 to 255) of the pixels whose centre lies in the shape.

    Pixels are those of the stored image (height, width). What lies outside the image does not
    count; None if no pixel centre is inside.
    """
    inside = pixels[polygon_to_mask(shape, *pixels.shape)]
    return float(inside.mean()) if inside.size else None


def _measured_part(shape: BaseGeometry) -> Polygon:
    parts = [Polygon(part.exterior) for part in polygons(shape)]
    if not parts:
        raise InvalidInput("an empty outline has no thickness; draw it first")
    return max(parts, key=lambda part: part.area)


def _max_vertical(part: Polygon, spacing: PixelSpacing | None) -> Thickness:
    columns = _Columns.of(part)
    line = columns.longest_chord()
    return _vertical(line, "max_vertical", spacing)


def _centroid_column(part: Polygon, spacing: PixelSpacing | None) -> Thickness:
    line = _Columns.of(part).chord_at(part.centroid.x)
    return _vertical(line, "centroid_column", spacing)


def _central_third_mean(part: Polygon, spacing: PixelSpacing | None) -> Thickness:
    left, _, right, _ = part.bounds
    width = (right - left) / 3
    columns = _Columns.of(part)
    mean = columns.area_between(left + width, right - width) / width
    (x, top), (_, bottom) = columns.chord_at((left + right) / 2)
    middle = (top + bottom) / 2
    line = ((x, middle - mean / 2), (x, middle + mean / 2))
    return _vertical(line, "central_third_mean", spacing)


def _max_inscribed_circle(part: Polygon, spacing: PixelSpacing | None) -> Thickness:
    in_px = _radius_of_inscribed_circle(part)
    if spacing is None:
        return Thickness(2 * in_px.length, None, _diameter(in_px), "max_inscribed_circle")
    in_mm = _radius_of_inscribed_circle(Polygon(shapely.get_coordinates(_scaled(part, spacing))))
    back = affinity.scale(in_mm, 1 / spacing.x_mm, 1 / spacing.y_mm, origin=(0, 0))
    return Thickness(2 * in_px.length, 2 * in_mm.length, _diameter(back), "max_inscribed_circle")


THICKNESS_DEFINITIONS: dict[str, Callable[[Polygon, PixelSpacing | None], Thickness]] = {
    "max_vertical": _max_vertical,
    "centroid_column": _centroid_column,
    "central_third_mean": _central_third_mean,
    "max_inscribed_circle": _max_inscribed_circle,
}


def _vertical(line: Line, definition: str, spacing: PixelSpacing | None) -> Thickness:
    value_px = line[1][1] - line[0][1]
    value_mm = None if spacing is None else value_px * spacing.y_mm
    return Thickness(value_px, value_mm, line, definition)


def _scaled(shape: BaseGeometry, spacing: PixelSpacing | None) -> BaseGeometry:
    if spacing is None:
        return shape
    return affinity.scale(shape, spacing.x_mm, spacing.y_mm, origin=(0, 0))


def _radius_of_inscribed_circle(part: Polygon) -> LineString:
    """From the centre to the point where the circle touches."""
    return shapely.maximum_inscribed_circle(part, tolerance=CIRCLE_TOLERANCE)


def _diameter(radius: BaseGeometry) -> Line:
    (centre_x, centre_y), (x, y) = radius.coords
    ends = sorted([(x, y), (2 * centre_x - x, 2 * centre_y - y)], key=lambda end: end[::-1])
    return ends[0], ends[1]


@dataclass(frozen=True)
class _Columns:
    """A polygon cut by a vertical line through each of its vertices, into trapezoids.

    Between two such lines no vertex lies, so every chord changes linearly there: its length is
    largest at one of the two lines, and areas are exact. All arrays are (n,).
    """

    left: NDArray[np.float64]
    right: NDArray[np.float64]
    top_left: NDArray[np.float64]
    top_right: NDArray[np.float64]
    bottom_left: NDArray[np.float64]
    bottom_right: NDArray[np.float64]

    @classmethod
    def of(cls, part: Polygon) -> _Columns:
        points = shapely.get_coordinates(part.exterior)
        edges = np.hstack([points[:-1], points[1:]])
        edges = np.where((edges[:, 0] > edges[:, 2])[:, None], edges[:, [2, 3, 0, 1]], edges)
        edges = edges[edges[:, 0] < edges[:, 2]]
        cuts = np.unique(points[:, 0])
        first = np.searchsorted(cuts, edges[:, 0])
        counts = np.searchsorted(cuts, edges[:, 2]) - first
        edge = np.repeat(np.arange(len(edges)), counts)
        slab = np.arange(len(edge)) + np.repeat(first - (np.cumsum(counts) - counts), counts)
        at_left = _y_at(edges[edge], cuts[slab])
        at_right = _y_at(edges[edge], cuts[slab + 1])
        order = np.lexsort([at_left + at_right, slab])
        upper, lower = order[::2], order[1::2]
        return cls(
            cuts[slab[upper]],
            cuts[slab[upper] + 1],
            at_left[upper],
            at_right[upper],
            at_left[lower],
            at_right[lower],
        )

    def longest_chord(self) -> Line:
        lengths = np.stack([self.bottom_left - self.top_left, self.bottom_right - self.top_right])
        # The same chord seen from both sides of a line may differ by rounding.
        longest = np.round(lengths, 9)
        candidates = np.argwhere(longest == longest.max())
        xs = np.stack([self.left, self.right])
        side, index = min(candidates.tolist(), key=lambda found: xs[found[0], found[1]])
        if side == 0:
            return self._line(self.left[index], self.top_left[index], self.bottom_left[index])
        return self._line(self.right[index], self.top_right[index], self.bottom_right[index])

    def chord_at(self, x: float) -> Line:
        here = np.flatnonzero((self.left <= x) & (x <= self.right))
        share = (x - self.left[here]) / (self.right[here] - self.left[here])
        top = self.top_left[here] + share * (self.top_right[here] - self.top_left[here])
        bottom = self.bottom_left[here] + share * (self.bottom_right[here] - self.bottom_left[here])
        longest = int(np.argmax(np.round(bottom - top, 9)))
        return self._line(x, top[longest], bottom[longest])

    def area_between(self, left: float, right: float) -> float:
        """The area of the polygon between two columns."""
        start, stop = np.maximum(self.left, left), np.minimum(self.right, right)
        inside = start < stop
        start, stop = start[inside], stop[inside]
        middle = ((start + stop) / 2 - self.left[inside]) / (self.right - self.left)[inside]
        at_left = (self.bottom_left - self.top_left)[inside]
        at_right = (self.bottom_right - self.top_right)[inside]
        return float(np.sum((stop - start) * (at_left + middle * (at_right - at_left))))

    @staticmethod
    def _line(x: float, top: float, bottom: float) -> Line:
        return (float(x), float(top)), (float(x), float(bottom))


def _y_at(edges: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    x0, y0, x1, y1 = edges.T
    share = (x - x0) / (x1 - x0)
    return np.where(x == x1, y1, y0 + share * (y1 - y0))
