from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import InvalidInput
from inference.recipes import get, unet

SPEC = unet.input_spec(192, 192)
SPECS = [unet.input_spec(192, 192, fit) for fit in unet.FITS]
sizes = st.integers(min_value=1, max_value=500)


def disc(height: int, width: int) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width] + 0.5
    radius = 0.3 * min(height, width)
    return (rows - height / 2) ** 2 + (columns - width / 2) ** 2 <= radius**2


@settings(max_examples=50, deadline=None)
@given(height=sizes, width=sizes, spec=st.sampled_from(SPECS))
def test_every_scan_size_fits_the_input_and_comes_back_at_its_own_size(height, width, spec):
    pixels = np.random.default_rng(0).integers(0, 256, (height, width)).astype(np.uint8)
    tensor, placement = unet.prepare(pixels, spec)
    assert tensor.shape == (1, 1, 192, 192)
    assert tensor.dtype == np.float32
    assert np.isfinite(tensor).all()
    network_answer = np.full((3, 192, 192), 1 / 3, np.float32)
    restored = unet.restore(network_answer, placement)
    assert restored.shape == (3, height, width)
    assert np.allclose(restored, 1 / 3, atol=1e-5)


def test_a_scan_has_mean_zero_and_deviation_one_and_the_padding_is_zero():
    pixels = np.random.default_rng(1).integers(0, 256, (384, 400)).astype(np.uint8)
    tensor, placement = unet.prepare(pixels, SPEC)
    content = tensor[0, 0, placement.rows, placement.columns]
    assert abs(float(content.mean())) < 1e-4
    assert abs(float(content.std()) - 1) < 1e-4
    assert (placement.content_height, placement.content_width) == (184, 192)
    assert not tensor[0, 0, : placement.top].any()


def test_a_stretched_scan_fills_the_input_and_has_no_padding():
    pixels = np.random.default_rng(1).integers(0, 256, (384, 400)).astype(np.uint8)
    tensor, placement = unet.prepare(pixels, unet.input_spec(192, 192, "stretch"))
    assert (placement.content_height, placement.content_width) == (192, 192)
    assert abs(float(tensor.mean())) < 1e-4
    assert abs(float(tensor.std()) - 1) < 1e-4


def test_gain_and_offset_of_the_machine_do_not_change_the_input():
    pixels = np.random.default_rng(2).integers(0, 100, (192, 192)).astype(np.uint8)
    darker, _ = unet.prepare(pixels, SPEC)
    brighter, _ = unet.prepare((pixels * 2 + 30).astype(np.uint8), SPEC)
    assert np.allclose(darker, brighter, atol=1e-4)


def test_a_blank_scan_gives_zeros():
    tensor, _ = unet.prepare(np.full((50, 60), 255, np.uint8), SPEC)
    assert np.abs(tensor).max() < 1e-4


def test_a_scan_at_the_input_size_is_not_resampled():
    spec = unet.input_spec(384, 416)
    pixels = np.random.default_rng(3).integers(0, 256, (384, 400)).astype(np.uint8)
    _, placement = unet.prepare(pixels, spec)
    assert placement.is_native
    answer = np.random.default_rng(4).random((2, 384, 416)).astype(np.float32)
    assert np.array_equal(unet.restore(answer, placement), answer[:, :, 8:408])


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize(("height", "width"), [(384, 400), (400, 384), (192, 192), (150, 700)])
def test_a_label_map_placed_and_restored_is_the_same_shape_at_the_same_place(height, width, spec):
    truth = disc(height, width)
    placed = unet.prepare_label_map(truth.astype(np.uint8), spec)
    answer = np.stack([placed == 0, placed == 1]).astype(np.float32)
    restored = unet.restore(answer, unet.place(height, width, spec))[1] > 0.5
    overlap = 2 * (restored & truth).sum() / (restored.sum() + truth.sum())
    assert overlap > 0.97
    rows, columns = np.nonzero(restored)
    assert abs(rows.mean() + 0.5 - height / 2) < 1
    assert abs(columns.mean() + 0.5 - width / 2) < 1


def test_restored_probabilities_sum_to_one():
    answer = np.random.default_rng(5).random((4, 192, 192)).astype(np.float32)
    answer /= answer.sum(axis=0)
    restored = unet.restore(answer, unet.place(384, 400, SPEC))
    assert np.allclose(restored.sum(axis=0), 1, atol=1e-5)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((3, 4, 3), np.uint8),
        np.zeros((3, 4), np.float32),
        np.zeros((0, 4), np.uint8),
    ],
)
def test_other_than_grey_8_bit_pixels_are_refused(pixels):
    with pytest.raises(InvalidInput, match="8-bit grey"):
        unet.prepare(pixels, SPEC)


def test_an_answer_of_another_size_is_refused():
    with pytest.raises(InvalidInput, match="does not belong"):
        unet.restore(np.zeros((2, 64, 64), np.float32), unet.place(384, 400, SPEC))


@pytest.mark.parametrize(
    "wrong",
    [
        {"height": 100},
        {"width": 0},
        {"height": 192.0},
        {"height": True},
        {"width": 100_000},
        {"channels": 3},
        {"mode": "crop"},
    ],
)
def test_an_input_that_the_recipe_cannot_serve_is_refused(wrong):
    with pytest.raises(InvalidInput):
        unet.check_input({**SPEC, **wrong})


def test_an_unknown_family_is_refused_with_those_that_exist():
    assert get("unet") is unet
    with pytest.raises(InvalidInput, match="unet"):
        get("resnet")
