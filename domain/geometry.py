"""Regions: polygons with holes and parts, their JSON, validity, repair and simplification.

Coordinates are image pixels on a grid of 1/1000 px: x right, y down, (0, 0) the top-left corner
of the top-left pixel. The mathematics is explained in docs/algorithms/geometry.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from domain.errors import InvalidGeometry, InvalidInput

GRID_DECIMALS = 3
GRID_PX = 10.0**-GRID_DECIMALS
REGION_LIMIT = 1_000
VERTEX_LIMIT = 20_000
CROSSING_LIMIT = 2_000
COORDINATE_LIMIT = 1e6
LABEL_LENGTH_LIMIT = 200
CUTS = ("left", "right", "deep")

Ring = NDArray[np.float64]


@dataclass(frozen=True)
class Region:
    """One drawn thing.

    Args:
        label: the name of a label of the site.
        shape: valid polygons with holes, image pixels, on the 1/1000 px grid.
        cut: the sides (of `CUTS`) on which the field of view cuts the muscle; empty: complete.
    """

    label: str
    shape: MultiPolygon
    cut: tuple[str, ...] = ()


def regions_from_json(data: object) -> list[Region]:
    """The regions of a JSON array.

    Raises:
        InvalidGeometry: not an array, more than `REGION_LIMIT` regions, or a malformed one; the
            message names the place, counting from 1.
    """
    if not _is_array(data):
        raise InvalidGeometry("regions: must be an array of regions")
    if len(data) > REGION_LIMIT:
        raise InvalidGeometry(
            f"regions: {len(data)} are more than the {REGION_LIMIT} an image may have"
        )
    return [region_from_json(item, f"region {number}") for number, item in enumerate(data, 1)]


def region_from_json(data: object, place: str = "region 1") -> Region:
    """The region that a JSON object describes, made valid.

    `{"label": str, "cut": [of "left", "right", "deep"], "parts": [[[[x, y], ...] outer, hole,
    ...], ...]}`; `cut` may be missing. A ring need not be closed by a repeated point. Points
    outside the image are taken up to `COORDINATE_LIMIT`. What is already valid on the grid keeps
    its points, their order and their direction; anything else becomes its valid form (see
    `normalise`).

    Raises:
        InvalidGeometry: anything malformed, a ring of fewer than three different points, a part
            without area, more than `VERTEX_LIMIT` points. The message begins with the place.
    """
    if not isinstance(data, Mapping):
        raise InvalidGeometry(f"{place}: must be an object with label, cut and parts")
    unknown = sorted(str(key) for key in data if key not in ("label", "cut", "parts"))
    if unknown:
        raise InvalidGeometry(
            f"{place}: unknown key {unknown[0]!r}; a region has label, cut and parts"
        )
    label = _label(data.get("label"), place)
    cut = _cut(data.get("cut", []), place)
    parts = _parts(data.get("parts"), place)
    return Region(label, _shape(parts, place), cut)


def region_to_json(region: Region) -> dict[str, Any]:
    """The JSON object of a region; `region_from_json` of it gives the same region."""
    return {
        "label": region.label,
        "cut": list(region.cut),
        "parts": [
            [_ring_to_json(ring) for ring in (part.exterior, *part.interiors)]
            for part in region.shape.geoms
        ],
    }


def normalise(shape: BaseGeometry) -> MultiPolygon:
    """The valid form of a shape on the grid: polygons only, without empty ones.

    A ring encloses what the even-odd rule says, a part is its outer ring without its holes, a
    shape is the union of its parts. A shape that is valid when rounded to the grid keeps its
    points, their order and their direction. The result may be empty; it is never invalid.

    Raises:
        InvalidGeometry: the outline crosses itself more than `CROSSING_LIMIT` times.
    """
    return _normalised([_rings_of(part) for part in polygons(shape)])


def simplify(shape: BaseGeometry, tolerance_px: float) -> MultiPolygon:
    """Fewer points, none of the dropped ones further than `tolerance_px` from the new outline.

    Douglas and Peucker (1973), keeping the topology: a ring never falls below three points and
    no part or hole vanishes or merges. Tolerance 0 drops points on straight lines only.

    Raises:
        InvalidInput: the tolerance is negative or not finite.
    """
    check_tolerance(tolerance_px)
    return normalise(shapely.simplify(normalise(shape), tolerance_px, preserve_topology=True))


def clip_to_image(shape: BaseGeometry, width: int, height: int) -> MultiPolygon:
    """The part of a shape inside the image, [0, width] x [0, height]; empty if none is.

    A shape that lies wholly inside is returned with its points untouched.
    """
    valid = normalise(shape)
    frame = shapely.box(0, 0, width, height)
    if shapely.covers(frame, valid):
        return valid
    return normalise(shapely.intersection(valid, frame))


def polygons(shape: BaseGeometry) -> list[Polygon]:
    """The polygons with area in any geometry, lines and points left out."""
    flat = shapely.get_parts(shapely.get_parts(np.asarray([shape])))
    return [part for part in flat if isinstance(part, Polygon) and not part.is_empty]


def check_tolerance(tolerance_px: float) -> None:
    """Raises InvalidInput unless the tolerance is a finite number of at least 0."""
    if not (math.isfinite(tolerance_px) and tolerance_px >= 0):
        raise InvalidInput(
            f"the tolerance is {tolerance_px}; give a number of pixels that is 0 or more"
        )


def _label(value: object, place: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidGeometry(f"{place}: label is missing; give the name of a label of the site")
    if len(value) > LABEL_LENGTH_LIMIT or not value.isprintable():
        raise InvalidGeometry(
            f"{place}: label is longer than {LABEL_LENGTH_LIMIT} characters "
            "or has control characters"
        )
    return value


def _cut(value: object, place: str) -> tuple[str, ...]:
    if not _is_array(value) or any(side not in CUTS for side in value):
        raise InvalidGeometry(f"{place}: cut must be an array of 'left', 'right' or 'deep'")
    return tuple(side for side in CUTS if side in value)


def _parts(value: object, place: str) -> list[list[Ring]]:
    if not _is_array(value) or not value:
        raise InvalidGeometry(f"{place}: parts must be an array of at least one part")
    _check_vertex_count(value, place)
    return [_part(part, f"{place}, part {number}") for number, part in enumerate(value, 1)]


def _check_vertex_count(parts: Sequence[object], place: str) -> None:
    rings = [ring for part in parts if _is_array(part) for ring in part]
    count = sum(len(ring) for ring in rings if _is_array(ring))
    if max(count, len(rings)) > VERTEX_LIMIT:
        raise InvalidGeometry(
            f"{place}: {count} points are more than the {VERTEX_LIMIT} a region may have; "
            "simplify the outline"
        )


def _part(value: object, place: str) -> list[Ring]:
    if not _is_array(value) or not value:
        raise InvalidGeometry(f"{place}: must be an array of rings, the outline first")
    return [_ring(ring, f"{place}, ring {number}") for number, ring in enumerate(value, 1)]


def _ring(value: object, place: str) -> Ring:
    if not _is_array(value):
        raise InvalidGeometry(f"{place}: must be an array of points")
    points = [_point(point, f"{place}, point {number}") for number, point in enumerate(value, 1)]
    ring = _rounded(np.array(points, dtype=np.float64).reshape(-1, 2))
    if len(np.unique(ring, axis=0)) < 3:
        raise InvalidGeometry(f"{place}: needs at least three different points")
    return ring


def _point(value: object, place: str) -> tuple[float, float]:
    if not _is_array(value) or len(value) != 2:
        raise InvalidGeometry(f"{place}: must be two numbers, x and y")
    return _coordinate(value[0], "x", place), _coordinate(value[1], "y", place)


def _coordinate(value: object, axis: str, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidGeometry(f"{place}: {axis} is not a number")
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidGeometry(f"{place}: {axis} is not a finite number")
    if abs(value) > COORDINATE_LIMIT:
        raise InvalidGeometry(f"{place}: {axis} is further than {COORDINATE_LIMIT:.0f} px away")
    return float(value)


def _shape(parts: list[list[Ring]], place: str) -> MultiPolygon:
    shapes = []
    for number, rings in enumerate(parts, 1):
        shapes.append(_shape_of([rings], f"{place}, part {number}"))
        if shapes[-1].is_empty:
            raise InvalidGeometry(f"{place}, part {number}: encloses no area; draw it again")
    return shapes[0] if len(shapes) == 1 else _shape_of(parts, place)


def _shape_of(parts: list[list[Ring]], place: str) -> MultiPolygon:
    try:
        return _normalised(parts)
    except InvalidGeometry as error:
        raise InvalidGeometry(f"{place}: {error.message}") from error


def _normalised(parts: list[list[Ring]]) -> MultiPolygon:
    rounded = [[_rounded(ring) for ring in rings] for rings in parts]
    as_given = _as_given(rounded)
    if as_given is not None:
        return as_given
    _check_crossings([ring for rings in rounded for ring in rings])
    shape = shapely.union_all([_part_area(rings) for rings in rounded], grid_size=GRID_PX)
    tidy = shapely.orient_polygons(MultiPolygon(polygons(shape)))
    return _multipolygon([[_rounded(ring) for ring in _rings_of(part)] for part in tidy.geoms])


def _check_crossings(rings: list[Ring]) -> None:
    """Refuse scribbles: repairing n crossings costs far more than n steps."""
    ends = [np.stack([ring, np.roll(ring, -1, axis=0)], axis=1) for ring in rings if len(ring)]
    segments = np.asarray(shapely.linestrings(np.concatenate(ends or [np.empty((0, 2, 2))])))
    tree = shapely.STRtree(segments)
    meetings = -3 * len(segments)  # each meets itself and its two neighbours
    for start in range(0, len(segments), 256):
        chunk = segments[start : start + 256]
        meetings += tree.query(chunk, predicate="intersects").shape[1]
        if meetings > 2 * CROSSING_LIMIT:
            raise InvalidGeometry(
                f"the outline crosses or touches itself more than {CROSSING_LIMIT} times; "
                "draw it again"
            )


def _as_given(parts: list[list[Ring]]) -> MultiPolygon | None:
    """The parts as they are, if they make a valid shape with area."""
    if any(len(ring) < 3 for rings in parts for ring in rings):
        return None
    shape = _multipolygon(parts)
    return shape if shape.is_valid and all(part.area > 0 for part in shape.geoms) else None


def _multipolygon(parts: list[list[Ring]]) -> MultiPolygon:
    return MultiPolygon([Polygon(rings[0], rings[1:]) for rings in parts])


def _part_area(rings: list[Ring]) -> BaseGeometry:
    holes = shapely.union_all([_ring_area(ring) for ring in rings[1:]], grid_size=GRID_PX)
    return shapely.difference(_ring_area(rings[0]), holes, grid_size=GRID_PX)


def _ring_area(ring: Ring) -> BaseGeometry:
    """What a ring encloses by the even-odd rule, on the grid.

    The ring is cut at its crossings; of the faces between the pieces those count that a ray
    leaves through an odd number of edges. Equal to `shapely.make_valid(method="linework")`,
    which took 100 times as long at 1,000 crossings.
    """
    if len(ring) < 3:
        return MultiPolygon()
    outline = Polygon(ring)
    if outline.is_valid:
        return outline
    noded = shapely.unary_union(outline.exterior, grid_size=GRID_PX)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    inner = shapely.point_on_surface(faces)
    shapely.prepare(outline)
    odd = shapely.contains_xy(outline, shapely.get_x(inner), shapely.get_y(inner))
    return shapely.union_all(faces[odd], grid_size=GRID_PX)


def _rings_of(part: Polygon) -> list[Ring]:
    return [shapely.get_coordinates(ring)[:-1] for ring in (part.exterior, *part.interiors)]


def _rounded(ring: Ring) -> Ring:
    """The ring on the grid, without repeated neighbours and without its closing point."""
    # + 0.0 turns -0.0 into 0.0, which JSON would write differently.
    points = np.round(ring, GRID_DECIMALS) + 0.0
    changed = np.any(np.diff(points, axis=0) != 0, axis=1)
    distinct = np.concatenate([points[:1], points[1:][changed]])
    closed = len(distinct) > 1 and np.array_equal(distinct[0], distinct[-1])
    return distinct[:-1] if closed else distinct


def _ring_to_json(ring: BaseGeometry) -> list[list[float]]:
    points: list[list[float]] = shapely.get_coordinates(ring)[:-1].tolist()
    return points


def _is_array(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, list | tuple)
