"""CSA, thickness, circumference, echo intensity: docs/algorithms/measurement.md.

tests/golden/measurement.json holds the figures of some outlines, which the editor's JavaScript
must give too. After a deliberate change of a definition (and of MEASUREMENT_VERSION) write it
again with `python -m tests.domain.test_measurement` at the repository's root.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, affinity, box

from domain.calibration import PixelSpacing
from domain.errors import InvalidInput
from domain.geometry import Region, normalise, region_from_json, region_to_json, simplify
from domain.measurement import (
    CIRCLE_TOLERANCE,
    LONGITUDINAL,
    MEASUREMENT_VERSION,
    NOT_CALIBRATED,
    THICKNESS_DEFINITIONS,
    circumference,
    cross_section,
    csa_mm2,
    echo_intensity,
    has_csa,
    thickness,
)
from domain.raster import polygon_to_mask

GOLDEN = Path(__file__).parents[1] / "golden" / "measurement.json"
GOLDEN_HEIGHT, GOLDEN_WIDTH = 384, 400
TOLERANCES_PX = (0.35, 1.0)

EVEN = PixelSpacing(0.1, 0.1, "manual")
UNEVEN = PixelSpacing(0.1, 0.2, "manual")
VERTICAL = [name for name in THICKNESS_DEFINITIONS if name != "max_inscribed_circle"]


def ellipse(a: float, b: float, points: int = 360, x: float = 200, y: float = 150) -> Polygon:
    angles = np.linspace(0, 2 * math.pi, points, endpoint=False)
    return Polygon(np.stack([x + a * np.cos(angles), y + b * np.sin(angles)], axis=1))


def golden_regions() -> dict[str, Region]:
    """Outlines of every kind the editor must measure as the server does."""
    muscle = affinity.rotate(ellipse(140, 52, 90), 12)
    belly = Polygon([(20, 60), (110, 22.5), (260.25, 30), (371, 88), (250, 141.5), (90, 133)])
    crescent = ellipse(150, 90, 60).difference(ellipse(170, 80, 60, y=210))
    holed = belly.difference(ellipse(20, 9, 24, 180, 80)).difference(box(100, 90, 112, 99))
    pieces = MultiPolygon([belly, box(300, 200, 340, 380)])
    beyond = affinity.translate(muscle, 150, 140)
    shapes = {
        "rectangle": box(10.5, 20.25, 110.5, 60.75),
        "muscle": muscle,
        "belly": belly,
        "crescent": crescent,
        "two holes": holed,
        "two parts": pieces,
        "beyond the image": beyond,
        "below one pixel": box(7.1, 7.1, 7.4, 7.4),
        "slanted sliver": Polygon([(10, 10), (300, 200), (299, 203)]),
    }
    return {name: Region("RF", normalise(shape)) for name, shape in shapes.items()}


def golden_case(name: str, region: Region) -> dict[str, Any]:
    """What every implementation must find in one outline."""
    shape = region.shape
    mask = polygon_to_mask(shape, GOLDEN_HEIGHT, GOLDEN_WIDTH)
    rows, columns = np.nonzero(mask)
    return {
        "name": name,
        "region": region_to_json(region),
        "area_px": shape.area,
        "csa_mm2": csa_mm2(shape, UNEVEN),
        "circumference_px": circumference(shape),
        "circumference_mm": circumference(shape, UNEVEN),
        "thickness": {name: golden_thickness(shape, name) for name in THICKNESS_DEFINITIONS},
        "mask": {
            "pixels": len(rows),
            "sum_of_rows": int(rows.sum()),
            "sum_of_columns": int(columns.sum()),
        },
        "simplified": [golden_simplification(shape, tolerance) for tolerance in TOLERANCES_PX],
    }


def golden_thickness(shape: MultiPolygon, definition: str) -> dict[str, Any]:
    in_px = thickness(shape, definition, None)
    in_mm = thickness(shape, definition, UNEVEN)
    return {"value_px": in_px.value_px, "value_mm": in_mm.value_mm, "line": in_px.line}


def golden_simplification(shape: MultiPolygon, tolerance_px: float) -> dict[str, Any]:
    thinner = simplify(shape, tolerance_px)
    return {
        "tolerance_px": tolerance_px,
        "points": sum(len(ring.coords) - 1 for ring in shapely.get_rings(thinner.geoms)),
        "area_px": thinner.area,
    }


def golden_file() -> dict[str, Any]:
    return {
        "version": MEASUREMENT_VERSION,
        "width": GOLDEN_WIDTH,
        "height": GOLDEN_HEIGHT,
        "spacing_mm": {"x": UNEVEN.x_mm, "y": UNEVEN.y_mm},
        "circle_tolerance": 0.05,
        "cases": [golden_case(name, region) for name, region in golden_regions().items()],
    }


def assert_alike(found: Any, expected: Any, where: str) -> None:
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        for key in expected:
            assert_alike(found[key], expected[key], f"{where}, {key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for number, (one, other) in enumerate(zip(found, expected, strict=True)):
            assert_alike(one, other, f"{where}, {number}")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-6, abs=2e-3), where
    else:
        assert found == expected, where


def test_the_golden_figures_still_hold() -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert golden["version"] == MEASUREMENT_VERSION
    for case in golden["cases"]:
        found = golden_case(case["name"], region_from_json(case["region"]))
        assert_alike(json.loads(json.dumps(found)), case, case["name"])


def test_the_golden_file_covers_every_outline_and_definition() -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert [case["name"] for case in golden["cases"]] == list(golden_regions())
    for case in golden["cases"]:
        assert set(case["thickness"]) == set(THICKNESS_DEFINITIONS)


@pytest.mark.parametrize("definition", THICKNESS_DEFINITIONS)
def test_a_rectangle_is_as_thick_as_it_is_high(definition: str) -> None:
    found = thickness(box(10, 20, 110, 60), definition, UNEVEN)
    assert found.value_px == pytest.approx(40, abs=0.01)
    assert found.definition == definition
    assert found.value_mm is not None
    if definition in VERTICAL:
        assert found.value_mm == pytest.approx(8)


def test_an_ellipse() -> None:
    shape = ellipse(100, 40)
    values = {name: thickness(shape, name, EVEN).value_px for name in THICKNESS_DEFINITIONS}
    assert values["max_vertical"] == pytest.approx(80, abs=1e-6)
    assert values["centroid_column"] == pytest.approx(80, abs=1e-6)
    # The mean of 2 b sqrt(1 - u^2) over |u| < 1/3.
    mean = 80 * (math.sqrt(8) / 9 + math.asin(1 / 3)) * 1.5
    assert values["central_third_mean"] == pytest.approx(mean, abs=0.02)
    assert values["max_inscribed_circle"] == pytest.approx(80, abs=0.02)


def test_the_definitions_differ_on_a_slanted_muscle() -> None:
    """Why one must be named: the vertical of a belly at 30 degrees is longer than its width."""
    slanted = affinity.rotate(ellipse(120, 30), 30)
    vertical = thickness(slanted, "max_vertical", None).value_px
    circle = thickness(slanted, "max_inscribed_circle", None).value_px
    assert vertical > 1.1 * circle
    assert circle == pytest.approx(60, abs=0.1)


def test_the_longest_chord_lies_between_vertices_seen_from_one_side() -> None:
    """A step: the chord is longest just left of x = 10, where the outline jumps."""
    step = Polygon([(0, 0), (20, 0), (20, 5), (10, 5), (10, 9), (0, 8)])
    found = thickness(step, "max_vertical", None)
    assert found.line == ((10, 0), (10, 9))


def test_a_chord_does_not_cross_a_gap() -> None:
    """A U lying on its side: the column crosses two arms and counts the thicker one."""
    arms = Polygon([(0, 0), (30, 0), (30, 4), (10, 4), (10, 8), (30, 8), (30, 14), (0, 14)])
    assert thickness(arms, "centroid_column", None).value_px == pytest.approx(6)
    assert thickness(arms, "max_vertical", None).line == ((0, 0), (0, 14))


@pytest.mark.parametrize("definition", THICKNESS_DEFINITIONS)
def test_holes_and_islands_do_not_change_thickness(definition: str) -> None:
    whole = ellipse(100, 40)
    holed = MultiPolygon([whole.difference(ellipse(20, 10)), box(0, 250, 10, 383)])
    found, expected = (thickness(shape, definition, EVEN) for shape in (holed, whole))
    assert found.value_mm == pytest.approx(expected.value_mm)
    assert np.array(found.line) == pytest.approx(np.array(expected.line))


@pytest.mark.parametrize("definition", THICKNESS_DEFINITIONS)
def test_an_empty_outline_has_no_thickness(definition: str) -> None:
    with pytest.raises(InvalidInput, match="no thickness"):
        thickness(MultiPolygon(), definition, EVEN)


def test_an_unknown_definition_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match="'feret' is none of max_vertical, centroid_column"):
        thickness(box(0, 0, 1, 1), "feret", None)


@pytest.mark.parametrize("definition", THICKNESS_DEFINITIONS)
def test_no_mm_without_calibration(definition: str) -> None:
    assert thickness(ellipse(100, 40), definition, None).value_mm is None


star_rings = st.lists(st.floats(5, 100), min_size=3, max_size=25).map(
    lambda radii: normalise(
        Polygon(
            [
                (200 + r * math.cos(a), 150 + 0.5 * r * math.sin(a))
                for r, a in zip(
                    radii,
                    np.linspace(0, 2 * math.pi, len(radii), endpoint=False).tolist(),
                    strict=True,
                )
            ]
        )
    )
)


@given(star_rings, st.sampled_from(list(THICKNESS_DEFINITIONS)))
@settings(max_examples=100, deadline=None)
def test_the_line_has_the_length_of_the_value(shape: MultiPolygon, definition: str) -> None:
    """The circle's line is that in mm, the px are of another: both within the tolerance."""
    found = thickness(shape, definition, EVEN)
    of_both_circles = 2 * (CIRCLE_TOLERANCE + CIRCLE_TOLERANCE / EVEN.x_mm)
    assert math.dist(*found.line) == pytest.approx(found.value_px, abs=of_both_circles)
    assert found.value_mm == pytest.approx(found.value_px * 0.1, abs=0.01)
    upper, lower = found.line
    assert upper[1] <= lower[1]


@given(star_rings)
@settings(max_examples=60, deadline=None)
def test_chords_are_those_that_geos_cuts(shape: MultiPolygon) -> None:
    _, top, _, bottom = shape.bounds
    longest = thickness(shape, "max_vertical", None).value_px
    centroid = thickness(shape, "centroid_column", None)
    x = centroid.line[0][0]
    assert centroid.value_px == pytest.approx(longest_piece(shape, x, top, bottom), abs=1e-6)
    left, _, right, _ = shape.bounds
    for x in np.linspace(left, right, 40)[1:-1].tolist():
        assert longest_piece(shape, x, top, bottom) <= longest + 1e-6
    width = (right - left) / 3
    middle = shape.intersection(box(left + width, top, right - width, bottom))
    mean = thickness(shape, "central_third_mean", None).value_px
    assert mean == pytest.approx(middle.area / width, rel=1e-6)


def longest_piece(shape: MultiPolygon, x: float, top: float, bottom: float) -> float:
    column = shapely.LineString([(x, top - 1), (x, bottom + 1)]).intersection(shape)
    return max(piece.length for piece in shapely.get_parts(column))


@given(star_rings, st.floats(0.02, 2))
@settings(max_examples=60)
def test_mm_are_pixels_times_spacing(shape: MultiPolygon, mm: float) -> None:
    spacing = PixelSpacing(mm, mm, "manual")
    assert csa_mm2(shape, spacing) == pytest.approx(shape.area * mm * mm)
    assert circumference(shape, spacing) == pytest.approx(circumference(shape) * mm)


def test_unequal_spacing_measures_the_circle_in_mm() -> None:
    """200 x 80 px at 0.1 x 0.2 mm is a muscle of 20 x 16 mm."""
    found = thickness(ellipse(100, 40), "max_inscribed_circle", UNEVEN)
    assert found.value_mm == pytest.approx(16, abs=0.01)
    (x0, y0), (x1, y1) = found.line
    assert math.hypot((x1 - x0) * 0.1, (y1 - y0) * 0.2) == pytest.approx(16, abs=0.01)


def test_csa_leaves_holes_out_and_counts_every_part() -> None:
    shape = MultiPolygon([box(0, 0, 10, 10).difference(box(2, 2, 4, 4)), box(20, 0, 25, 10)])
    assert csa_mm2(shape, UNEVEN) == pytest.approx((100 - 4 + 50) * 0.02)
    assert csa_mm2(MultiPolygon(), UNEVEN) == 0


def test_circumference_is_that_of_the_outer_outlines() -> None:
    shape = MultiPolygon([box(0, 0, 10, 10).difference(box(2, 2, 4, 4)), box(20, 0, 25, 10)])
    assert circumference(shape) == pytest.approx(40 + 30)
    assert circumference(shape, UNEVEN) == pytest.approx(2 * (1 + 2) + 2 * (0.5 + 2))
    assert circumference(MultiPolygon(), EVEN) == 0


def test_a_cross_section_is_named_or_says_why_not() -> None:
    shape = box(0, 0, 10, 10)
    assert cross_section(shape, "transverse", (), EVEN).value_mm2 == pytest.approx(1)
    assert cross_section(shape, "transverse", (), EVEN).quantity == "CSA"
    assert cross_section(shape, "transverse", ("left",), EVEN).quantity == "visible CSA"
    without = cross_section(shape, "transverse", (), None)
    assert (without.value_mm2, without.why_empty) == (None, NOT_CALIBRATED)
    along = cross_section(shape, "longitudinal", (), EVEN)
    assert (along.value_mm2, along.why_empty) == (None, LONGITUDINAL)
    assert (has_csa("transverse"), has_csa("longitudinal")) == (True, False)


def test_echo_intensity_is_the_mean_of_the_pixels_inside() -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert echo_intensity(pixels, box(1, 0, 3, 2)) == pytest.approx((1 + 2 + 5 + 6) / 4)
    assert echo_intensity(pixels, box(-5, -5, 1, 9)) == pytest.approx((0 + 4 + 8) / 3)
    holed = box(0, 0, 4, 3).difference(box(1, 1, 3, 2))
    assert echo_intensity(pixels, holed) == pytest.approx((66 - 5 - 6) / 10)


@pytest.mark.parametrize("shape", [MultiPolygon(), box(0.6, 0.6, 1.4, 1.4), box(50, 50, 60, 60)])
def test_echo_intensity_of_no_pixel_is_none(shape: shapely.Geometry) -> None:
    assert echo_intensity(np.zeros((3, 4), np.uint8), shape) is None


@pytest.mark.parametrize("value", [0, -1, 5, math.nan, math.inf])
def test_an_impossible_spacing_is_refused(value: float) -> None:
    with pytest.raises(InvalidInput, match="between 0 and 5"):
        PixelSpacing(value, 0.1, "manual")
    with pytest.raises(InvalidInput, match="between 0 and 5"):
        PixelSpacing(0.1, value, "manual")


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(json.dumps(golden_file(), indent=1) + "\n", encoding="utf-8")
