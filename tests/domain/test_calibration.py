"""Spacing from depth and image area, contradictions, and the area that pixels propose."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Picture

from domain.calibration import (
    Known,
    Missing,
    PixelSpacing,
    area_from_text,
    contradiction,
    from_depth,
    in_crop,
    proposed_area,
    scale_of,
)
from domain.errors import InvalidInput
from domain.phantom import HEIGHT, WIDTH
from domain.pixels import Grey, Rectangle
from tests.shared import SHARED, needs_shared

AREA = Rectangle(100, 40, 500, 400)
WHOLE = Rectangle(0, 0, 800, 600)


def test_a_depth_spans_the_image_area_and_nothing_else() -> None:
    spacing = from_depth(40, AREA)
    assert (spacing.x_mm, spacing.y_mm, spacing.method) == (0.1, 0.1, "depth")


def test_pixels_that_are_not_square_give_two_spacings() -> None:
    spacing = from_depth(40, AREA, aspect=16 / 15)
    assert spacing.y_mm == 0.1
    assert spacing.x_mm == pytest.approx(0.1 * 16 / 15)


@pytest.mark.parametrize(("depth", "height"), [(math.nan, 400), (-40, 400), (0, 400), (40, 0)])
def test_an_impossible_depth_is_refused(depth: float, height: int) -> None:
    with pytest.raises(InvalidInput):
        from_depth(depth, Rectangle(0, 0, 10, height))


@pytest.mark.parametrize(
    ("text", "area"),
    [("full", WHOLE), (" FULL ", WHOLE), ("100,40,500,400", AREA), ("0,0,800,600", WHOLE)],
)
def test_an_area_as_people_type_it(text: str, area: Rectangle) -> None:
    assert area_from_text(text, 800, 600) == area


@pytest.mark.parametrize("text", ["1,0,800,600", "0,1,800,600", "0,0,10", "all", "-1,0,10,10", ""])
def test_an_area_outside_the_picture_or_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        area_from_text(text, 800, 600)


@pytest.mark.parametrize(
    ("crop", "kept"),
    [
        (WHOLE, AREA),
        (AREA, Rectangle(0, 0, 500, 400)),
        (Rectangle(150, 0, 100, 100), Rectangle(0, 40, 100, 60)),
        (Rectangle(0, 0, 100, 600), None),
    ],
)
def test_an_area_is_translated_and_clipped_to_a_crop(
    crop: Rectangle, kept: Rectangle | None
) -> None:
    assert in_crop(AREA, crop) == kept


class TestTheRule:
    def test_depth_alone_gives_no_mm(self) -> None:
        assert scale_of(Known(800, 600, 40.0)).missing == Missing.AREA

    def test_what_the_pixels_propose_is_no_area(self) -> None:
        found = scale_of(Known(800, 600, 40.0, proposed=AREA))
        assert (found.spacing, found.missing) == (None, Missing.AREA)

    def test_depth_and_area_give_mm(self) -> None:
        found = scale_of(Known(800, 600, 40.0, area=AREA))
        assert found.spacing == PixelSpacing(0.1, 0.1, "depth")
        assert found.area == AREA

    def test_nothing_is_known(self) -> None:
        assert scale_of(Known(800, 600, area=AREA)).missing == Missing.NOTHING_KNOWN

    @pytest.mark.parametrize("spacing", [0.2, 0.05, 0.1042 * 1.04, 0.1042 / 1.04])
    def test_a_typed_spacing_that_the_depth_contradicts_waits(self, spacing: float) -> None:
        typed = PixelSpacing(spacing, spacing, "manifest")
        found = scale_of(Known(400, 384, 40.0, typed))
        assert (found.spacing, found.missing) == (None, Missing.CONTRADICTION)
        assert found.share > 0.03

    @pytest.mark.parametrize("spacing", [40 / 384, 0.1042 * 1.02, 0.1042 / 1.02])
    def test_a_typed_spacing_that_agrees_counts(self, spacing: float) -> None:
        typed = PixelSpacing(spacing, spacing, "manifest")
        assert scale_of(Known(400, 384, 40.0, typed)).spacing == typed

    def test_the_said_area_judges_before_the_proposed_one(self) -> None:
        typed = PixelSpacing(0.1, 0.1, "manifest")
        agrees = Known(800, 600, 40.0, typed, area=AREA, proposed=WHOLE)
        assert scale_of(agrees).spacing == typed
        contradicted = Known(800, 600, 40.0, typed, area=WHOLE, proposed=AREA)
        assert scale_of(contradicted).missing == Missing.CONTRADICTION

    def test_without_an_area_the_pixels_judge(self) -> None:
        by_hand = PixelSpacing(40 / 600, 40 / 600, "manifest")
        known = Known(800, 600, 40.0, by_hand, proposed=AREA)
        assert scale_of(known).missing == Missing.CONTRADICTION

    def test_pixels_of_a_shape_that_is_not_believed_give_no_mm(self) -> None:
        assert scale_of(Known(800, 600, 40.0, area=AREA, aspect=None)).missing == Missing.PIXELS

    @given(st.floats(1, 200), st.integers(1, 2000), st.floats(0.9, 1.1))
    def test_the_border_of_the_tolerance_is_three_per_cent(
        self, depth: float, rows: int, factor: float
    ) -> None:
        spacing = depth / rows
        if spacing * factor >= 5:
            return
        area = Rectangle(0, 0, 10, rows)
        found = contradiction(
            depth, area, PixelSpacing(spacing * factor, spacing * factor, "typed")
        )
        differ = 1 - min(factor, 1 / factor)
        if abs(differ - 0.03) > 1e-9:
            assert (found > 0) == (differ > 0.03)


def _framed(area: Rectangle, width: int, height: int, seed: int, margin: int) -> Grey:
    """Speckle in a rectangle on a plain margin, with a ruler, a line of text and a logo."""
    rng = np.random.default_rng(seed)
    frame = np.full((height, width), margin, np.uint8)
    speckle = np.clip(rng.rayleigh(45, (area.height, area.width)), 0, 255).astype(np.uint8)
    frame[area.y : area.y + area.height, area.x : area.x + area.width] = speckle
    if area.x > 8:
        frame[area.y : area.y + area.height : 20, 2:6] = 255
    if area.y > 12:
        frame[3:9, 5 : width // 2 : 3] = 220
    return frame


@settings(max_examples=40, deadline=None)
@given(
    left=st.integers(0, 80),
    top=st.integers(0, 80),
    width=st.integers(160, 300),
    height=st.integers(160, 300),
    right=st.integers(0, 80),
    bottom=st.integers(0, 80),
    seed=st.integers(0, 1000),
    margin=st.sampled_from([0, 2, 60]),
)
def test_the_area_is_found_to_one_per_cent(
    left: int,
    top: int,
    width: int,
    height: int,
    right: int,
    bottom: int,
    seed: int,
    margin: int,
) -> None:
    area = Rectangle(left, top, width, height)
    frame = _framed(area, left + width + right, top + height + bottom, seed, margin)
    found = proposed_area([frame])
    assert found is not None
    assert abs(found.height - height) <= 0.01 * height + 1
    assert abs(found.y - top) <= 2
    assert abs(found.width - width) <= 0.02 * width + 1


def test_frames_are_read_together() -> None:
    dark_below = _framed(Rectangle(50, 50, 200, 100), 300, 400, 1, 0)
    dark_above = _framed(Rectangle(50, 150, 200, 200), 300, 400, 2, 0)
    assert proposed_area([dark_below, dark_above]) == Rectangle(50, 50, 200, 300)


def test_a_dark_band_does_not_cut_the_area() -> None:
    frame = _framed(Rectangle(50, 20, 200, 360), 300, 400, 1, 0)
    frame[120:200] = 0
    assert proposed_area([frame]) == Rectangle(50, 20, 200, 360)


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_plain_picture_proposes_nothing(grey: int) -> None:
    assert proposed_area([np.full((100, 80), grey, np.uint8)]) is None


def test_a_picture_of_one_pixel_proposes_nothing() -> None:
    assert proposed_area([np.zeros((1, 1), np.uint8)]) is None


def test_frames_of_two_sizes_are_refused() -> None:
    with pytest.raises(InvalidInput, match="one size"):
        proposed_area([np.zeros((4, 4), np.uint8), np.zeros((4, 5), np.uint8)])
    with pytest.raises(InvalidInput, match="at least one"):
        proposed_area([])


REAL = {
    "us_video/clarius-ocular-image.png": Rectangle(264, 87, 752, 786),
    "us_video/clarius_axial-lateral-resolution-2020.png": Rectangle(344, 160, 592, 640),
    "us_video/sonosite-anon-eye1.jpg": Rectangle(387, 41, 336, 599),
    "us_video/interson-image.jpg": Rectangle(388, 60, 525, 790),
    "muscle_longitudinal/images/img_00024.png": Rectangle(0, 96, 652, 400),
    "muscle_longitudinal/images/img_00080.png": Rectangle(104, 129, 440, 471),
    "nerve_vessel/images/test_0004.png": Rectangle(0, 68, 512, 334),
}
"""Looked at: the rectangle lay on the border of the tissue."""


@needs_shared
@pytest.mark.parametrize("name", REAL)
def test_real_machines_pictures(name: str) -> None:
    with Picture.open(SHARED / "data" / name) as picture:
        found = proposed_area([np.asarray(picture.convert("L"))])
    assert found is not None
    wanted = REAL[name]
    assert abs(found.height - wanted.height) <= 0.01 * wanted.height
    assert abs(found.y - wanted.y) <= 0.01 * wanted.height


def test_the_phantom_fills_its_picture() -> None:
    rng = np.random.default_rng(3)
    frame = np.clip(rng.rayleigh(30, (HEIGHT, WIDTH)), 0, 255).astype(np.uint8)
    assert proposed_area([frame]) == Rectangle(0, 0, WIDTH, HEIGHT)
