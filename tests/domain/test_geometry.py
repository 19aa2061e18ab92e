"""Regions, their JSON, repair and simplification: docs/algorithms/geometry.md."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box

from domain.errors import InvalidGeometry, InvalidInput
from domain.geometry import (
    CROSSING_LIMIT,
    REGION_LIMIT,
    VERTEX_LIMIT,
    Region,
    clip_to_image,
    normalise,
    region_from_json,
    region_to_json,
    regions_from_json,
    simplify,
)

SQUARE = [[0, 0], [10, 0], [10, 10], [0, 10]]
HOLE = [[3, 3], [7, 3], [7, 7], [3, 7]]
BOW_TIE = [[0, 0], [10, 10], [10, 0], [0, 10]]

coordinates = st.integers(-20_000, 420_000).map(lambda thousandths: thousandths / 1000)
points = st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=12)
json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["label", "cut", "parts", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)


def region(*rings: list[Any], **other: Any) -> dict[str, Any]:
    return {"label": "RF", "cut": [], "parts": [list(rings)], **other}


def circle(radius: float, count: int) -> list[list[float]]:
    angles = np.linspace(0, 2 * math.pi, count, endpoint=False)
    return (200 + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)).round(3).tolist()


def test_valid_json_comes_back_point_for_point() -> None:
    data = region(SQUARE[::-1], HOLE, cut=["left", "deep"])
    assert region_to_json(region_from_json(data)) == data


def test_json_is_written_with_finite_numbers_and_no_minus_zero() -> None:
    written = json.dumps(region_to_json(region_from_json(region([[-0.0, 0], [5, 0], [5, 5]]))))
    assert "-0" not in written
    assert json.loads(written)["parts"][0][0][0] == [0, 0]


def test_a_closing_point_and_repeated_points_are_dropped() -> None:
    read = region_from_json(region([[0, 0], [0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]))
    assert region_to_json(read)["parts"] == [[SQUARE]]


def test_points_are_put_on_the_grid() -> None:
    read = region_from_json(region([[0.00049, 0], [10.0004999, 0], [10, 10.0005001]]))
    assert region_to_json(read)["parts"] == [[[[0, 0], [10, 0], [10, 10.001]]]]


def test_points_outside_the_image_are_taken() -> None:
    assert region_from_json(region([[-500, -500], [5000, 0], [0, 5000]])).shape.area > 1e7


def test_cut_is_ordered_and_may_be_missing() -> None:
    assert region_from_json(region(SQUARE, cut=["deep", "left", "deep"])).cut == ("left", "deep")
    assert region_from_json({"label": "RF", "parts": [[SQUARE]]}).cut == ()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (region([[0, 0], [1, 1], [2, math.nan]]), "part 1, ring 1, point 3: y is not a finite"),
        (region([[0, 0], [math.inf, 1], [2, 2]]), "part 1, ring 1, point 2: x is not a finite"),
        (region([[0, 0], ["1", 1], [2, 2]]), "part 1, ring 1, point 2: x is not a number"),
        (region([[0, 0], [True, 1], [2, 2]]), "part 1, ring 1, point 2: x is not a number"),
        (region([[0, 0], [None, 1], [2, 2]]), "part 1, ring 1, point 2: x is not a number"),
        (region([[0, 0], [1, 10**400], [2, 2]]), "point 2: y is further than 1000000 px"),
        (region([[0, 0], [1, -1.1e6], [2, 2]]), "point 2: y is further than 1000000 px"),
        (region([[0, 0], [1, 1, 1], [2, 2]]), "point 2: must be two numbers"),
        (region([[0, 0], 7, [2, 2]]), "point 2: must be two numbers"),
        (region([[0, 0], "ab", [2, 2]]), "point 2: must be two numbers"),
        (region([[0, 0], [1, 1]]), "part 1, ring 1: needs at least three different points"),
        (region([[0, 0], [1, 1], [0, 0], [1, 1]]), "ring 1: needs at least three different"),
        (region([[0, 0], [1e-5, 0], [0, 1e-5]]), "ring 1: needs at least three different"),
        (region([]), "part 1, ring 1: needs at least three different points"),
        (region(SQUARE, [[1, 1]]), "part 1, ring 2: needs at least three different points"),
        (region([[0, 0], [1, 1], [2, 2]]), "part 1: encloses no area"),
        (region(SQUARE, [[-1, -1], [11, -1], [11, 11], [-1, 11]]), "part 1: encloses no area"),
        ({"label": "RF", "parts": [[SQUARE], []]}, "part 2: must be an array of rings"),
        ({"label": "RF", "parts": [SQUARE]}, "part 1, ring 1, point 1: must be two numbers"),
        ({"label": "RF", "parts": [[7]]}, "part 1, ring 1: must be an array of points"),
        ({"label": "RF", "parts": []}, "parts must be an array of at least one part"),
        ({"label": "RF"}, "parts must be an array of at least one part"),
        ({"label": "RF", "parts": "ab"}, "parts must be an array of at least one part"),
        (region(SQUARE, label=""), "label is missing"),
        (region(SQUARE, label=7), "label is missing"),
        (region(SQUARE, label="R\x00F"), "label is longer than 200 characters or has control"),
        (region(SQUARE, label="R" * 201), "label is longer than 200 characters or has control"),
        (region(SQUARE, cut="left"), "cut must be an array of"),
        (region(SQUARE, cut=["up"]), "cut must be an array of"),
        (region(SQUARE, cut=[[]]), "cut must be an array of"),
        (region(SQUARE, colour="red"), "unknown key 'colour'"),
        ([], "must be an object"),
        (None, "must be an object"),
        (region(circle(100, VERTEX_LIMIT + 1)), "20001 points are more than the 20000"),
        ({"label": "RF", "parts": [[[]] * (VERTEX_LIMIT + 1)]}, "are more than the 20000"),
    ],
)
def test_malformed_regions_are_refused_with_their_place(data: object, message: str) -> None:
    with pytest.raises(InvalidGeometry) as refusal:
        region_from_json(data, "region 2")
    assert refusal.value.message.startswith("region 2")
    assert message in refusal.value.message


@given(json_values)
@settings(max_examples=100)
def test_no_json_raises_anything_but_invalid_geometry(data: object) -> None:
    with suppress(InvalidGeometry):
        assert region_from_json(data).shape.is_valid


def test_regions_are_numbered_from_one() -> None:
    with pytest.raises(InvalidGeometry, match="region 2: must be an object"):
        regions_from_json([region(SQUARE), 7])
    assert [read.label for read in regions_from_json([region(SQUARE)])] == ["RF"]
    assert regions_from_json([]) == []


@pytest.mark.parametrize("data", [None, {}, "ab", [region(SQUARE)] * (REGION_LIMIT + 1)])
def test_what_is_no_list_of_regions_is_refused(data: object) -> None:
    with pytest.raises(InvalidGeometry, match="regions: "):
        regions_from_json(data)


def test_a_scribble_is_refused_before_it_costs_minutes() -> None:
    scribble = np.random.default_rng(0).uniform(0, 400, (VERTEX_LIMIT, 2)).tolist()
    with pytest.raises(InvalidGeometry, match=f"itself more than {CROSSING_LIMIT} times"):
        region_from_json(region(scribble))


def test_a_bow_tie_becomes_its_two_wings() -> None:
    shape = region_from_json(region(BOW_TIE)).shape
    assert (len(shape.geoms), shape.area) == (2, 50)


@pytest.mark.parametrize("hole", [HOLE, HOLE[::-1]])
def test_a_bridge_to_a_hole_becomes_a_hole(hole: list[list[float]]) -> None:
    shape = region_from_json(region([*SQUARE, [0, 0], *hole, hole[0]])).shape
    assert (shape.area, len(shape.geoms[0].interiors)) == (84, 1)


def test_a_spike_is_dropped() -> None:
    assert region_from_json(region([[0, 0], [10, 0], [50, 0], [10, 0], [10, 10]])).shape.area == 50


def test_overlapping_parts_are_joined_not_cut_out() -> None:
    other = [[5, 5], [15, 5], [15, 15], [5, 15]]
    shape = region_from_json({"label": "RF", "parts": [[SQUARE], [other]]}).shape
    assert (len(shape.geoms), shape.area) == (1, 175)


def test_a_hole_outside_its_outline_adds_nothing() -> None:
    far = [[20, 20], [30, 20], [30, 30], [20, 30]]
    assert region_from_json(region(SQUARE, far)).shape.equals(box(0, 0, 10, 10))


def test_rings_that_touch_keep_outline_and_hole_apart() -> None:
    """Trap 1 of docs/editor.md: nesting of a flat list of rings fails when rings touch."""
    touching = [[0, 5], [5, 2], [5, 8]]
    shape = region_from_json(region(SQUARE, touching)).shape
    assert shape.area == pytest.approx(100 - 15)


@given(st.lists(points, min_size=1, max_size=3))
@settings(max_examples=100)
def test_normalise_is_valid_on_the_grid_and_stable(parts: list[list[tuple[float, float]]]) -> None:
    shape = normalise(MultiPolygon([Polygon(ring) for ring in parts]))
    assert shape.is_valid
    assert all(part.area > 0 for part in shape.geoms)
    flat = shapely.get_coordinates(shape)
    assert np.array_equal(flat, np.round(flat, 3))
    assert shapely.equals_identical(normalise(shape), shape)


def crossings_right_of(x: float, y: float, ring: list[tuple[float, float]]) -> int:
    count = 0
    for (x0, y0), (x1, y1) in pairwise([*ring, ring[0]]):
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0):
            count += 1
    return count


@given(points)
@settings(max_examples=100)
def test_repair_follows_the_even_odd_rule(ring: list[tuple[float, float]]) -> None:
    shape = normalise(Polygon(ring))
    outline = shapely.LineString([*ring, ring[0]])
    for x, y in np.random.default_rng(0).uniform(-20, 420, (30, 2)).tolist():
        place = shapely.Point(x, y)
        if outline.distance(place) > 0.01:
            assert shape.contains(place) == (crossings_right_of(x, y, ring) % 2 == 1)


@given(points)
@settings(max_examples=50)
def test_a_region_survives_its_json(ring: list[tuple[float, float]]) -> None:
    shape = normalise(Polygon(ring))
    if not shape.is_empty:
        kept = Region("RF", shape, ("right",))
        read = region_from_json(json.loads(json.dumps(region_to_json(kept))))
        assert shapely.equals_identical(read.shape, shape)
        assert (read.label, read.cut) == ("RF", ("right",))


@pytest.mark.parametrize(
    "shape", [Polygon(), MultiPolygon(), shapely.Point(1, 1), Polygon(SQUARE[:2] * 2)]
)
def test_normalise_of_what_has_no_area_is_empty(shape: shapely.Geometry) -> None:
    assert normalise(shape) == MultiPolygon()


@pytest.mark.parametrize("tolerance", [0.1, 0.35, 1.0, 5.0])
def test_simplify_moves_the_outline_by_no_more_than_the_tolerance(tolerance: float) -> None:
    shape = MultiPolygon([Polygon(circle(100, 1200), [circle(40, 400)])])
    thinner = simplify(shape, tolerance)
    assert shapely.get_num_coordinates(thinner) < shapely.get_num_coordinates(shape)
    assert shapely.hausdorff_distance(shape, thinner) <= tolerance + 1e-3
    assert len(thinner.geoms[0].interiors) == 1


def test_simplify_keeps_rings_smaller_than_the_tolerance() -> None:
    """Trap 3 of docs/editor.md: a small ring must not fall below three points."""
    tiny = MultiPolygon([Polygon(circle(100, 300), [circle(0.5, 12)]), box(400, 400, 400.5, 400.5)])
    thinner = simplify(tiny, 20)
    assert [len(part.interiors) for part in thinner.geoms] == [1, 0]


@pytest.mark.parametrize("tolerance", [-1, math.nan, math.inf])
def test_simplify_refuses_a_tolerance_that_is_none(tolerance: float) -> None:
    with pytest.raises(InvalidInput, match="tolerance"):
        simplify(box(0, 0, 1, 1), tolerance)


def test_clip_keeps_what_is_inside() -> None:
    assert clip_to_image(box(-5, -5, 5, 5), 400, 384).equals(box(0, 0, 5, 5))
    assert clip_to_image(box(500, 0, 510, 5), 400, 384).is_empty
    inside = normalise(Polygon(circle(50, 100)))
    assert shapely.equals_identical(clip_to_image(inside, 400, 384), inside)


def test_clip_drops_lines_along_the_edge() -> None:
    assert clip_to_image(box(-5, 0, 0, 5), 400, 384).is_empty
