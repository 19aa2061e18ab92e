from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hypothesis_numpy
from scipy import ndimage

from domain import raster
from inference.card import Postprocessing, read_card
from inference.postprocessing import clean, foreground, islands, outline
from inference.runtime import PredictedMap
from tests.inference.tiny_models import brightness_network, card_json

RULE = Postprocessing(
    min_island_px=4, min_island_fraction=0.1, min_hole_px=4, min_hole_fraction=0.1, tolerance_px=0.5
)
EVERYTHING = Postprocessing(
    min_island_px=0, min_island_fraction=0, min_hole_px=0, min_hole_fraction=0, tolerance_px=0
)
label_maps = hypothesis_numpy.arrays(
    np.uint8,
    st.tuples(st.integers(1, 12), st.integers(1, 12)),
    elements=st.sampled_from([0, 0, 1, 1, 2]),
)


def card(*labels: str, **rule):
    model = brightness_network()
    names = list(labels or ("RF",))
    return read_card(card_json(model, labels=names, postprocessing=rule))


def certain(label_map: np.ndarray, classes: int, probability: float = 0.9) -> PredictedMap:
    """A predicted map that gives each pixel's label `probability`."""
    rest = (1 - probability) / (classes - 1)
    maps = [np.where(label_map == index, probability, rest) for index in range(classes)]
    return PredictedMap(label_map, np.stack(maps).astype(np.float32))


def disc(height=100, width=120, x=60.0, y=50.0, radius=30.0) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width] + 0.5
    return ((columns - x) ** 2 + (rows - y) ** 2 <= radius**2).astype(np.uint8)


def test_small_islands_go_and_the_muscle_stays():
    label_map = disc()
    label_map[2:5, 2:5] = 1
    cleaned = clean(label_map, 1, RULE)
    assert np.array_equal(cleaned, disc())
    assert label_map[2, 2] == 1


def test_the_fraction_is_of_the_largest_island_of_the_same_label():
    label_map = disc()
    label_map[0:3, 0:3] = 2
    assert np.array_equal(clean(label_map, 2, RULE), label_map)


def test_small_holes_are_filled_and_large_ones_kept():
    label_map = disc()
    small, large = label_map.copy(), label_map.copy()
    small[50:54, 60:64] = 0
    large[40:60, 50:70] = 0
    assert np.array_equal(clean(small, 1, RULE), label_map)
    assert np.array_equal(clean(large, 1, RULE), large)


def test_a_hole_that_holds_another_label_is_kept():
    label_map = disc()
    label_map[50:54, 60:64] = 2
    assert np.array_equal(clean(label_map, 2, RULE), label_map)


def test_what_was_dropped_inside_a_muscle_is_filled():
    label_map = disc()
    label_map[50, 60] = 2
    assert np.array_equal(clean(label_map, 2, RULE), disc())


def test_a_notch_at_the_image_s_edge_is_no_hole():
    label_map = np.ones((20, 20), np.uint8)
    label_map[0, 10] = 0
    assert np.array_equal(clean(label_map, 1, RULE), label_map)


@settings(max_examples=100, deadline=None)
@given(label_maps)
def test_cleaning_keeps_the_stated_rule(label_map):
    cleaned = clean(label_map, 2, RULE)
    for label in (1, 2):
        found = islands(label_map, label)
        largest = max((island.pixel_count for island in found), default=0)
        least = max(RULE.min_island_px, RULE.min_island_fraction * largest)
        for island in found:
            if island.pixel_count >= least:
                assert (cleaned[island.window][island.mask] == label).all()
        assert all(island.pixel_count >= least for island in islands(cleaned, label))


@settings(max_examples=100, deadline=None)
@given(label_maps)
def test_a_rule_of_nothing_changes_nothing(label_map):
    assert np.array_equal(clean(label_map, 2, EVERYTHING), label_map)


@settings(max_examples=100, deadline=None)
@given(label_maps)
def test_islands_are_the_four_connected_parts(label_map):
    found = islands(label_map, 1)
    _, count = ndimage.label(label_map == 1)
    assert len(found) == count
    painted = np.zeros(label_map.shape, bool)
    for island in found:
        assert not (painted[island.window] & island.mask).any()
        painted[island.window] |= island.mask
    assert np.array_equal(painted, label_map == 1)


@settings(max_examples=100, deadline=None)
@given(label_maps)
def test_the_window_holds_every_label(label_map):
    rows, columns = foreground(label_map)
    assert np.count_nonzero(label_map[rows, columns]) == np.count_nonzero(label_map)


@settings(max_examples=50, deadline=None)
@given(label_maps)
def test_regions_without_tolerance_are_the_label_map_again(label_map):
    exact = card("PL", "PB", **vars(EVERYTHING))
    outlined = outline(certain(label_map, 3), exact)
    again = raster.label_map(outlined.regions, exact.labels, *label_map.shape)
    assert np.array_equal(again, label_map)


def test_each_part_is_a_region_with_its_own_probability():
    label_map = disc(x=35) | disc(x=100, radius=12)
    predicted = certain(label_map, 2, probability=0.8)
    predicted.probability[1][:, 70:][label_map[:, 70:] == 1] = 0.6
    outlined = outline(predicted, card())
    assert [region.label for region in outlined.regions] == ["RF", "RF"]
    assert sorted(round(value, 2) for value in outlined.probabilities) == [0.6, 0.8]
    assert 0.6 < outlined.probability < 0.8
    assert all(isinstance(region.shape, shapely.MultiPolygon) for region in outlined.regions)


def test_the_outline_stays_within_the_tolerance():
    label_map = disc(x=80, y=55)
    outlined = outline(certain(label_map, 2), card(tolerance_px=0.5))
    (region,) = outlined.regions
    again = raster.polygon_to_mask(region.shape, *label_map.shape)
    missed = again != (label_map == 1)
    border = ndimage.binary_dilation(label_map) & ~ndimage.binary_erosion(label_map)
    assert not (missed & ~border).any()
    assert region.shape.area == pytest.approx(label_map.sum(), rel=0.02)
    assert len(region.shape.geoms[0].exterior.coords) < 100


def test_neighbours_share_their_border():
    label_map = disc()
    label_map[(label_map == 1) & (np.arange(120) >= 60)] = 2
    outlined = outline(certain(label_map, 3), card("PL", "PB"))
    first, second = (region.shape for region in outlined.regions)
    assert first.intersection(second).area == 0
    assert first.intersection(second).length > 50


def test_nothing_found_says_how_sure_that_is():
    background = np.full((5, 6), 0.95, np.float32)
    background[2, 3] = 0.6
    predicted = PredictedMap(np.zeros((5, 6), np.uint8), np.stack([background, 1 - background]))
    outlined = outline(predicted, card())
    assert outlined.regions == []
    assert outlined.probabilities == []
    assert outlined.probability == pytest.approx(0.6)


def test_a_scan_that_is_all_muscle_is_one_rectangle():
    outlined = outline(certain(np.ones((40, 50), np.uint8), 2), card(tolerance_px=0))
    (region,) = outlined.regions
    assert region.shape.equals(shapely.box(0, 0, 50, 40))
