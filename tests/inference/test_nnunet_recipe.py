"""nnU-Net's recipe by itself: tiles, weights, normalisation, spacing. No torch.

That it says what nnU-Net's own predictor says is tests/training/test_nnunet_backend.py.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calibration import PixelSpacing
from domain.errors import InvalidInput
from inference.card import Card, read_card
from inference.recipes import nnunet
from tests.inference.tiny_models import brightness_network, card_json

PATCH = (32, 48)
SIDE = st.integers(1, 150)


def card(**changed: object) -> Card:
    """An honest card of an nnU-Net with a patch of 32 x 48 px."""
    own = {
        "family": "nnunet",
        "input": nnunet.input_spec(*PATCH),
        "normalisation": nnunet.normalisation_spec(masked=False),
    }
    return read_card(card_json(brightness_network(), **{**own, **changed}))


def brighter_than_mean(tensor: np.ndarray) -> np.ndarray:
    """A network of one member: label 1 where the normalised grey is above 0."""
    return np.concatenate([-tensor, tensor], axis=1)[:, np.newaxis]


@given(height=SIDE, width=SIDE, step=st.sampled_from([0.25, 0.5, 1.0]))
def test_the_tiles_cover_a_scan_and_stay_inside(height: int, width: int, step: float) -> None:
    shape = (max(height, PATCH[0]), max(width, PATCH[1]))
    covered = np.zeros(shape, int)
    for rows, columns in nnunet.tiles(shape, PATCH, step):
        assert (rows.stop - rows.start, columns.stop - columns.start) == PATCH
        assert rows.start >= 0
        assert columns.start >= 0
        assert rows.stop <= shape[0]
        assert columns.stop <= shape[1]
        covered[rows, columns] += 1
    assert covered.min() >= 1


def test_the_weight_of_a_patch_is_ten_in_the_middle_and_nowhere_zero() -> None:
    weight = nnunet.gaussian(PATCH)
    assert weight.dtype == np.float16
    assert weight.max() == weight[16, 24] == 10
    assert weight.min() > 0
    assert weight.shape == PATCH


@given(height=SIDE, width=SIDE, seed=st.integers(0, 999))
def test_tiling_a_network_that_looks_at_single_pixels_changes_nothing(
    height: int, width: int, seed: int
) -> None:
    scan = np.random.default_rng(seed).normal(size=(height, width)).astype(np.float32)
    logits = nnunet.tiled_logits(brighter_than_mean, scan, card().input)
    assert logits.shape == (1, 2, height, width)
    # Sums in half precision, as nnU-Net's: coarse in a corner, where the weight is 0.002.
    assert np.allclose(logits[0, 1], scan, rtol=5e-3, atol=5e-2)


@given(height=st.integers(1, 90), width=st.integers(1, 90), seed=st.integers(0, 999))
def test_every_scan_comes_back_at_its_size_with_probabilities(
    height: int, width: int, seed: int
) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    spacing = PixelSpacing(0.1, 0.15, "phantom")
    for described in (card(), card(spacing=[0.12, 0.12])):
        probability = nnunet.predict(brighter_than_mean, pixels, spacing, described)
        assert probability.shape == (1, 2, height, width)
        assert np.allclose(probability.sum(axis=1), 1, atol=1e-5)
        assert probability.min() >= 0


def test_what_is_black_around_the_scan_is_cut_away_and_background() -> None:
    pixels = np.zeros((80, 100), np.uint8)
    pixels[20:60, 30:90] = 100
    pixels[30:50, 50:70] = 200
    probability = nnunet.predict(brighter_than_mean, pixels, None, card())[0]
    assert np.array_equal(probability.argmax(axis=0) == 1, pixels == 200)
    _, placement = nnunet.prepare(pixels, None, card())
    assert (placement.rows, placement.columns) == (slice(20, 60), slice(30, 90))


def test_a_black_scan_has_an_answer() -> None:
    pixels = np.zeros((40, 50), np.uint8)
    for masked in (False, True):
        described = card(normalisation=nnunet.normalisation_spec(masked=masked))
        assert nnunet.predict(brighter_than_mean, pixels, None, described).shape == (1, 2, 40, 50)


def test_a_masked_score_is_over_the_scan_without_its_black_corners() -> None:
    pixels = np.full((40, 40), 100, np.uint8)
    pixels[:, 20:] = 140
    pixels[:10, :10] = 0
    whole = nnunet.normalise(pixels, masked=False)
    inside = nnunet.normalise(pixels, masked=True)
    assert abs(float(whole.mean())) < 1e-5
    assert abs(float(inside[pixels > 0].mean())) < 1e-5
    assert (inside[:10, :10] == 0).all()


@pytest.mark.parametrize(
    ("spacing", "target", "expected"),
    [
        (PixelSpacing(0.1, 0.2, "p"), (0.1, 0.1), (160, 100)),
        (PixelSpacing(0.05, 0.1, "p"), (0.1, 0.1), (80, 50)),
        (None, (0.1, 0.1), (80, 100)),
        (PixelSpacing(0.1, 0.1, "p"), None, (80, 100)),
    ],
)
def test_a_scan_is_resampled_to_the_card_s_spacing(
    spacing: PixelSpacing | None,
    target: tuple[float, float] | None,
    expected: tuple[int, int],
) -> None:
    assert nnunet.resampled_size((80, 100), spacing, target) == expected


def test_a_calibration_far_off_is_refused_before_memory_is_filled() -> None:
    far = PixelSpacing(4.9, 4.9, "typed wrongly")
    with pytest.raises(InvalidInput, match="check its calibration"):
        nnunet.resampled_size((400, 400), far, (0.05, 0.05))


def test_a_mirrored_prediction_is_the_mean_of_both_ways() -> None:
    leftness = np.linspace(1, -1, PATCH[1], dtype=np.float32)

    def favours_the_left(tensor: np.ndarray) -> np.ndarray:
        score = np.broadcast_to(leftness, tensor.shape)
        return np.concatenate([-score, score], axis=1)[:, np.newaxis]

    scan = np.zeros(PATCH, np.float32)
    one_way = nnunet.tiled_logits(favours_the_left, scan, nnunet.input_spec(*PATCH))
    both = nnunet.tiled_logits(
        favours_the_left, scan, nnunet.input_spec(*PATCH, mirror_axes=[nnunet.HORIZONTAL])
    )
    assert one_way[0, 1].max() > 0.9
    assert np.abs(both).max() < 1e-3


def test_each_member_has_its_own_probabilities() -> None:
    def two_members(tensor: np.ndarray) -> np.ndarray:
        one = brighter_than_mean(tensor)
        return np.concatenate([one, -one], axis=1)

    pixels = np.random.default_rng(1).integers(1, 256, (50, 60), dtype=np.uint8)
    members = nnunet.predict(two_members, pixels, None, card(members=2))
    assert members.shape == (2, 2, 50, 60)
    assert np.allclose(members[0, 1], members[1, 0], atol=1e-3)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mode", "letterbox"),
        ("channels", 3),
        ("height", 8),
        ("width", 4096),
        ("height", 64.0),
        ("step", 0),
        ("step", True),
        ("mirror_axes", [0]),
        ("mirror_axes", [0, 1]),
        ("mirror_axes", None),
    ],
)
def test_a_card_s_input_is_checked(field: str, value: object) -> None:
    with pytest.raises(InvalidInput, match="nnU-Net card's input"):
        card(input={**nnunet.input_spec(*PATCH), field: value})


@pytest.mark.parametrize(
    "normalisation", [{}, {"method": "ct", "masked": False}, {"method": "zscore", "masked": 1}]
)
def test_a_card_s_normalisation_is_checked(normalisation: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match="normalisation"):
        card(normalisation=normalisation)


@pytest.mark.parametrize(
    "pixels", [np.zeros((0, 4), np.uint8), np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4))]
)
def test_only_grey_pixels_are_taken(pixels: np.ndarray) -> None:
    with pytest.raises(InvalidInput, match="8-bit grey"):
        nnunet.predict(brighter_than_mean, pixels, None, card())
