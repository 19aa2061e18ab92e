"""The pixel rule, its inverse and LabelMe's rule: docs/algorithms/raster.md."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageDraw
from shapely import MultiPolygon, Polygon, affinity, box

from domain.errors import InvalidInput
from domain.geometry import Region, normalise
from domain.raster import (
    label_map,
    labelme_polygon_mask,
    mask_to_polygon,
    polygon_to_mask,
    regions_from_label_map,
)

LABELS = ["PL", "PB", "septum"]

sizes = st.tuples(st.integers(1, 14), st.integers(1, 14))
masks = arrays.arrays(np.bool_, sizes)
maps = arrays.arrays(np.uint8, sizes, elements=st.integers(0, 3))
tolerances = st.sampled_from([0.0, 0.35, 0.5, 1.0, 3.0])
thousandths = st.integers(-3_000, 15_000).map(lambda value: value / 1000)
halves = st.integers(-4, 30).map(lambda value: value / 2)
rings = st.lists(
    st.tuples(halves, halves) | st.tuples(thousandths, thousandths), min_size=3, max_size=9
)


def ellipse(a: float, b: float, angle: float = 0, x: float = 200.3, y: float = 150.7) -> Polygon:
    circle = shapely.Point(x, y).buffer(1, quad_segs=100)
    return affinity.rotate(affinity.scale(circle, a, b), angle)


def centres_inside(shape: MultiPolygon, height: int, width: int) -> np.ndarray:
    """A judge in plain Python: GEOS on the centre moved towards the right and down."""
    nudge = 2**-20
    return np.array(
        [
            [
                shape.contains(shapely.Point(column + 0.5 + nudge, row + 0.5 + nudge**1.5))
                for column in range(width)
            ]
            for row in range(height)
        ]
    )


@given(rings)
@settings(max_examples=100)
def test_a_pixel_belongs_to_what_lies_right_and_below_its_centre(
    ring: list[tuple[float, float]],
) -> None:
    shape = normalise(Polygon(ring))
    assert np.array_equal(polygon_to_mask(shape, 12, 13), centres_inside(shape, 12, 13))


@given(st.lists(st.tuples(halves, halves), min_size=3, max_size=12, unique=True))
@settings(max_examples=100)
def test_neighbours_own_every_pixel_once(points: list[tuple[float, float]]) -> None:
    """A triangulation whose borders run through pixel centres: the hardest case of all."""
    triangles = shapely.delaunay_triangles(shapely.MultiPoint(points)).geoms
    owned = sum(
        (polygon_to_mask(triangle, 16, 16).astype(int) for triangle in triangles),
        start=np.zeros((16, 16), int),
    )
    hull = shapely.MultiPoint(points).convex_hull
    assert owned.max() <= 1
    if isinstance(hull, Polygon):
        assert np.array_equal(owned == 1, polygon_to_mask(hull, 16, 16))


@pytest.mark.parametrize("offset", [0.0, 0.25, 0.49, 0.5, 0.99])
def test_a_square_keeps_its_area_at_any_offset(offset: float) -> None:
    """PIL makes 121 pixels of it (docs/labelme.md 3.3)."""
    assert (
        polygon_to_mask(box(5 + offset, 5 + offset, 15 + offset, 15 + offset), 30, 30).sum() == 100
    )


@pytest.mark.parametrize(("a", "b"), [(200, 60), (150, 40), (80, 25), (40, 12)])
def test_the_mask_of_an_ellipse_has_its_area(a: float, b: float) -> None:
    shape = ellipse(a, b)
    assert polygon_to_mask(shape, 384, 400).sum() == pytest.approx(shape.area, rel=0.003)


def test_holes_and_parts() -> None:
    shape = MultiPolygon(
        [Polygon(box(0, 0, 6, 6).exterior, [box(2, 2, 4, 4).exterior]), box(8, 0, 9, 6)]
    )
    mask = polygon_to_mask(shape, 6, 10)
    assert mask.sum() == 36 - 4 + 6
    assert not mask[2:4, 2:4].any()


def test_what_lies_outside_the_image_is_left_out() -> None:
    assert polygon_to_mask(box(-1e6, -1e6, 1e6, 1e6), 4, 5).all()
    assert not polygon_to_mask(box(100, 0, 110, 4), 4, 5).any()
    assert not polygon_to_mask(box(-10, -10, -1, 4), 4, 5).any()


def test_the_empty_shape_has_an_empty_mask() -> None:
    assert polygon_to_mask(MultiPolygon(), 4, 5).shape == (4, 5)
    assert not polygon_to_mask(MultiPolygon(), 4, 5).any()


def test_a_sliver_between_centres_has_no_pixel() -> None:
    assert not polygon_to_mask(box(0, 1.6, 50, 2.4), 10, 50).any()


@pytest.mark.parametrize(("height", "width"), [(0, 4), (4, 0), (-1, 4)])
def test_an_image_without_pixels_is_refused(height: int, width: int) -> None:
    with pytest.raises(InvalidInput, match="no pixels"):
        polygon_to_mask(box(0, 0, 1, 1), height, width)


@given(masks)
@settings(max_examples=100)
def test_without_tolerance_mask_to_polygon_to_mask_is_the_identity(mask: np.ndarray) -> None:
    shape = mask_to_polygon(mask, 0)
    assert shape.is_valid
    assert shape.area == mask.sum()
    assert np.array_equal(polygon_to_mask(shape, *mask.shape), mask)
    assert shapely.equals_identical(normalise(shape), shape)


@given(maps, tolerances)
@settings(max_examples=100)
def test_label_maps_become_valid_neighbours_without_overlap(
    numbers: np.ndarray, tolerance: float
) -> None:
    regions = regions_from_label_map(numbers, LABELS, tolerance)
    present = [LABELS[number - 1] for number in np.unique(numbers) if number]
    assert [region.label for region in regions] == present
    shapes = [region.shape for region in regions]
    assert all(shape.is_valid and not shape.is_empty for shape in shapes)
    assert shapely.union_all(shapes).area == pytest.approx(sum(shape.area for shape in shapes))
    if tolerance == 0:
        assert np.array_equal(label_map(regions, LABELS, *numbers.shape), numbers)


def septum_map() -> np.ndarray:
    rows, columns = np.mgrid[:384, :400]
    muscle = ((columns - 200) / 150) ** 2 + ((rows - 180) / 70) ** 2 < 1
    return np.where(muscle, np.where(rows > 180 + 8 * np.sin(columns / 14), 2, 1), 0).astype(
        np.uint8
    )


def test_a_shared_border_stays_shared_when_thinned() -> None:
    upper, lower = (region.shape for region in regions_from_label_map(septum_map(), LABELS, 0.5))
    whole = mask_to_polygon(septum_map() > 0, 0.5)
    assert upper.intersection(lower).area == 0
    joined = upper.union(lower)
    assert len(joined.geoms if isinstance(joined, MultiPolygon) else [joined]) == 1
    assert shapely.get_num_interior_rings(joined) == 0  # no gap was left along the septum
    assert joined.symmetric_difference(whole).area < 0.002 * whole.area
    assert upper.intersection(lower).length > 200


def test_the_default_tolerance_thins_much_and_moves_little() -> None:
    shape = normalise(ellipse(110, 45, 20))
    mask = polygon_to_mask(shape, 384, 400)
    traced = mask_to_polygon(mask)
    assert shapely.get_num_coordinates(traced) < 130
    assert (
        shapely.hausdorff_distance(
            traced.exterior if isinstance(traced, Polygon) else traced, shape
        )
        < 1.3
    )
    assert traced.area == pytest.approx(shape.area, rel=0.003)
    again = polygon_to_mask(traced, 384, 400)
    assert np.count_nonzero(again != mask) < 0.005 * mask.sum()


@pytest.mark.parametrize("tolerance", [0.25, 0.5, 1.0, 2.0])
def test_the_outline_moves_by_no_more_than_the_tolerance(tolerance: float) -> None:
    """Cutting the corners of pixels moves it by at most half a pixel's diagonal more."""
    mask = polygon_to_mask(ellipse(110, 45, 20), 384, 400)
    moved = shapely.hausdorff_distance(mask_to_polygon(mask, 0), mask_to_polygon(mask, tolerance))
    assert moved <= tolerance + math.sqrt(0.5)


def test_islands_and_holes_are_kept() -> None:
    mask = np.zeros((30, 40), bool)
    mask[2:20, 2:30] = True
    mask[5:8, 5:9] = False
    mask[10, 12] = False
    mask[25, 35] = True
    shape = mask_to_polygon(mask)
    assert sorted(len(part.interiors) for part in shape.geoms) == [0, 2]


def test_pixels_that_touch_at_a_corner_are_parts() -> None:
    assert len(mask_to_polygon(np.eye(3, dtype=bool), 0).geoms) == 3


def test_a_hole_that_touches_the_outside_at_a_corner_is_a_hole() -> None:
    ring = np.ones((4, 4), bool)
    ring[1:3, 1:3] = False
    ring[0, 0] = False
    shape = mask_to_polygon(ring, 0)
    assert shape.is_valid
    assert [len(part.interiors) for part in shape.geoms] == [1]


def test_an_empty_mask_has_an_empty_outline() -> None:
    assert mask_to_polygon(np.zeros((4, 5), bool)) == MultiPolygon()
    assert regions_from_label_map(np.zeros((4, 5), np.uint8), LABELS) == []


def test_a_full_mask_is_the_image() -> None:
    assert mask_to_polygon(np.ones((4, 5), bool), 0).equals(box(0, 0, 5, 4))


def test_the_later_region_wins_a_pixel() -> None:
    regions = [
        Region("PL", normalise(box(0, 0, 3, 2))),
        Region("PB", normalise(box(2, 0, 5, 2))),
        Region("PL", normalise(box(4, 0, 5, 1))),
    ]
    assert label_map(regions, LABELS, 2, 5).tolist() == [[1, 1, 2, 2, 1], [1, 1, 2, 2, 2]]


def test_labels_must_fit() -> None:
    with pytest.raises(InvalidInput, match="'RF' is none of PL, PB, septum"):
        label_map([Region("RF", normalise(box(0, 0, 1, 1)))], LABELS, 2, 2)
    with pytest.raises(InvalidInput, match="holds 7, but there are 3 labels"):
        regions_from_label_map(np.full((2, 2), 7, np.uint8), LABELS)
    with pytest.raises(InvalidInput, match="256 labels"):
        label_map([], [str(number) for number in range(256)], 2, 2)


@pytest.mark.parametrize("tolerance", [-0.1, math.nan, math.inf])
def test_a_tolerance_must_be_a_length(tolerance: float) -> None:
    with pytest.raises(InvalidInput, match="tolerance"):
        mask_to_polygon(np.ones((2, 2), bool), tolerance)


def filled_by_pil(points: list[tuple[float, float]], height: int, width: int) -> np.ndarray:
    canvas = Image.new("L", (width, height))
    ImageDraw.Draw(canvas).polygon(points, fill=1, outline=1)
    return np.array(canvas, dtype=bool)


muscle_like = st.builds(
    lambda count, a, b, wave, x, y: [
        (
            x + a * (1 + 0.1 * math.sin(3 * angle + wave)) * math.cos(angle),
            y + b * (1 + 0.1 * math.sin(3 * angle + wave)) * math.sin(angle),
        )
        for angle in (2 * math.pi * step / count for step in range(count))
    ],
    st.integers(12, 150),
    st.floats(20, 80),
    st.floats(10, 40),
    st.floats(0, 6),
    st.floats(40, 80),
    st.floats(30, 60),
)


@given(muscle_like)
@settings(max_examples=60)
def test_labelme_rule_is_that_of_pil(points: list[tuple[float, float]]) -> None:
    assert np.array_equal(labelme_polygon_mask(points, 100, 120), filled_by_pil(points, 100, 120))


@pytest.mark.parametrize("offset", [0.0, 0.3, 0.99])
def test_labelme_rule_is_fat(offset: float) -> None:
    square = [(5 + offset, 5), (15 + offset, 5), (15 + offset, 15), (5 + offset, 15)]
    assert labelme_polygon_mask(square, 30, 30).sum() == 121
    left = labelme_polygon_mask([(0, 0), (10, 0), (10, 20), (0, 20)], 40, 40)
    right = labelme_polygon_mask([(10, 0), (30, 0), (30, 20), (10, 20)], 40, 40)
    assert (left.sum(), right.sum(), (left & right).sum()) == (231, 441, 21)


def test_labelme_rule_accepts_a_bow_tie_and_refuses_two_points() -> None:
    bow_tie = [(0.0, 0.0), (20.0, 20.0), (20.0, 0.0), (0.0, 20.0)]
    assert labelme_polygon_mask(bow_tie, 30, 30).sum() == 241
    with pytest.raises(InvalidInput, match="three points"):
        labelme_polygon_mask(bow_tie[:2], 30, 30)
