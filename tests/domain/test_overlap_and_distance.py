"""Overlap and surface distance: docs/algorithms/overlap-and-distance.md."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from domain.errors import InvalidInput
from domain.overlap import Counts, confusion_counts, dice, iou, precision, recall
from domain.surface import assd, hd95, hd100, nsd, surface_distances

MM = 40 / 384
SHAPE = (384, 400)

sizes = st.tuples(st.integers(1, 12), st.integers(1, 12))
pairs = sizes.flatmap(lambda size: st.tuples(*[arrays.arrays(np.bool_, size)] * 2))
spacings = st.tuples(st.floats(0.03, 3), st.floats(0.03, 3))


def ellipse(x: float = 200, y: float = 180, a: float = 110, b: float = 40) -> np.ndarray:
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    return ((columns - x) / a) ** 2 + ((rows - y) / b) ** 2 < 1


def with_box(mask: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
    changed = mask.copy()
    changed[rows, columns] = True
    return changed


SHIFTED = (ellipse(), ellipse(x=206))
SMALLER = (ellipse(), ellipse(a=100, b=30))
SPECK = (ellipse(), with_box(ellipse(), slice(350, 357), slice(380, 387)))
SPIKE = (ellipse(), with_box(ellipse(), slice(179, 182), slice(300, 370)))
TINY = (ellipse(a=3, b=3), ellipse())
AT_EDGE = (ellipse(x=0), ellipse(x=8))
NON_EMPTY = {
    "shifted": SHIFTED,
    "smaller": SMALLER,
    "speck": SPECK,
    "spike": SPIKE,
    "tiny": TINY,
    "at the edge": AT_EDGE,
    "same": (ellipse(), ellipse()),
}


def monai_values(
    prediction: np.ndarray, reference: np.ndarray, spacing: tuple[float, float]
) -> tuple[float, float, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch
        from monai.metrics import compute_dice, compute_hausdorff_distance, compute_iou

        tensors = [torch.from_numpy(mask)[None, None] for mask in (prediction, reference)]
        distance = compute_hausdorff_distance(
            *tensors, include_background=True, percentile=95, spacing=list(spacing)
        )
    return compute_dice(*tensors).item(), compute_iou(*tensors).item(), distance.item()


def assert_equal_to_monai(
    prediction: np.ndarray, reference: np.ndarray, spacing: tuple[float, float]
) -> None:
    counts = confusion_counts(prediction, reference)
    expected = monai_values(prediction, reference, spacing)
    ours = (dice(counts), iou(counts), hd95(prediction, reference, spacing))
    assert ours == pytest.approx(expected, rel=2e-6, abs=1e-6)  # MONAI computes in float32


@pytest.mark.parametrize("name", NON_EMPTY)
@pytest.mark.parametrize("spacing", [(1.0, 1.0), (MM, MM), (0.05, 0.13)])
def test_equal_to_monai(name: str, spacing: tuple[float, float]) -> None:
    assert_equal_to_monai(*NON_EMPTY[name], spacing)


@given(pairs, spacings)
@settings(max_examples=25, deadline=None)
def test_equal_to_monai_on_any_masks_that_are_not_empty(
    masks: tuple[np.ndarray, np.ndarray], spacing: tuple[float, float]
) -> None:
    prediction, reference = masks
    if prediction.any() and reference.any():
        assert_equal_to_monai(prediction, reference, spacing)


@given(pairs)
@settings(max_examples=60)
def test_a_plain_computation_gives_the_same_distances(
    masks: tuple[np.ndarray, np.ndarray],
) -> None:
    spacing = (0.5, 2.0)
    distances = surface_distances(*masks, spacing)
    boundaries = [np.array(boundary(mask)).reshape(-1, 2) * spacing for mask in masks]
    if all(len(points) for points in boundaries):
        table = np.linalg.norm(boundaries[0][:, None] - boundaries[1][None], axis=2)
        assert sorted(distances.to_reference) == pytest.approx(sorted(table.min(axis=1)))
        assert sorted(distances.to_prediction) == pytest.approx(sorted(table.min(axis=0)))


def boundary(mask: np.ndarray) -> list[tuple[int, int]]:
    height, width = mask.shape

    def outside(row: int, column: int) -> bool:
        return not (0 <= row < height and 0 <= column < width and mask[row, column])

    return [
        (row, column)
        for row, column in np.argwhere(mask).tolist()
        if any(outside(row + dr, column + dc) for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)))
    ]


def test_a_far_speck_is_invisible_to_hd95_only() -> None:
    """The third row of docs/learning.md 4.1."""
    assert hd95(*SPECK, (MM, MM)) == 0.0
    assert hd100(*SPECK, (MM, MM)) > 10


def test_a_spike_counts_by_its_own_direction() -> None:
    """The percentile of the pooled distances, which other tools take, is far smaller."""
    distances = surface_distances(*SPIKE)
    pooled = np.percentile(np.concatenate([distances.to_reference, distances.to_prediction]), 95)
    assert hd95(*SPIKE) > 1.3 * pooled


def test_a_muscle_at_the_image_edge_has_its_boundary_there() -> None:
    assert 0 < hd95(*AT_EDGE) <= 8


EMPTY = np.zeros((30, 40), bool)
DRAWN = with_box(EMPTY, slice(5, 9), slice(5, 9))


def test_two_empty_masks_agree() -> None:
    counts = confusion_counts(EMPTY, EMPTY)
    assert counts == Counts(0, 0, 0)
    assert [ratio(counts) for ratio in (dice, iou, precision, recall)] == [1, 1, 1, 1]
    assert [distance(EMPTY, EMPTY) for distance in (hd95, hd100, assd)] == [0, 0, 0]
    assert nsd(EMPTY, EMPTY, 1) == 1
    assert not surface_distances(EMPTY, EMPTY).failure


@pytest.mark.parametrize(("prediction", "reference"), [(EMPTY, DRAWN), (DRAWN, EMPTY)])
def test_one_empty_mask_is_a_failure(prediction: np.ndarray, reference: np.ndarray) -> None:
    counts = confusion_counts(prediction, reference)
    assert [ratio(counts) for ratio in (dice, iou, precision, recall)] == [0, 0, 0, 0]
    assert surface_distances(prediction, reference).failure
    for distance in (hd95, hd100, assd):
        assert distance(prediction, reference) == 50  # the diagonal of 30 x 40
        assert distance(prediction, reference, (0.1, 0.2)) == pytest.approx(math.hypot(3, 8))
    assert nsd(prediction, reference, 1e9) == 0


def test_single_pixels() -> None:
    one, other = (with_box(EMPTY, slice(r, r + 1), slice(c, c + 1)) for r, c in ((2, 3), (5, 7)))
    assert [distance(one, other) for distance in (hd95, hd100, assd)] == [5, 5, 5]
    assert (nsd(one, other, 4.9), nsd(one, other, 5.0)) == (0, 1)


@given(pairs)
@settings(max_examples=100)
def test_iou_is_dice_over_two_minus_dice(masks: tuple[np.ndarray, np.ndarray]) -> None:
    counts = confusion_counts(*masks)
    assert iou(counts) == pytest.approx(dice(counts) / (2 - dice(counts)))
    assert counts.tp + counts.fp == masks[0].sum()
    assert counts.tp + counts.fn == masks[1].sum()


@given(pairs, spacings)
@settings(max_examples=60)
def test_symmetry(masks: tuple[np.ndarray, np.ndarray], spacing: tuple[float, float]) -> None:
    prediction, reference = masks
    for distance in (hd95, hd100, assd):
        assert distance(prediction, reference, spacing) == pytest.approx(
            distance(reference, prediction, spacing)
        )
    assert nsd(prediction, reference, 1, spacing) == nsd(reference, prediction, 1, spacing)
    forth, back = confusion_counts(prediction, reference), confusion_counts(reference, prediction)
    assert (dice(forth), precision(forth)) == (dice(back), recall(back))


@given(pairs)
@settings(max_examples=60)
def test_nothing_is_ever_nan_and_the_order_holds(masks: tuple[np.ndarray, np.ndarray]) -> None:
    assert 0 <= hd95(*masks) <= hd100(*masks) <= math.hypot(*masks[0].shape)
    assert 0 <= assd(*masks) <= hd100(*masks)
    assert 0 <= nsd(*masks, 1) <= 1


@given(pairs, st.floats(0.1, 10))
@settings(max_examples=60)
def test_scaling_the_spacing_scales_the_distance(
    masks: tuple[np.ndarray, np.ndarray], factor: float
) -> None:
    assert hd95(*masks, (factor, factor)) == pytest.approx(factor * hd95(*masks))


@pytest.mark.parametrize("pixels", [1, 4, 17])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_box_moved_by_k_pixels_is_k_pixels_off(pixels: int, axis: int) -> None:
    """A box, since an ellipse's own curvature hides part of its shift from a percentile."""
    still = with_box(np.zeros(SHAPE, bool), slice(100, 160), slice(100, 160))
    moved = np.roll(still, pixels, axis)
    spacing = (0.1, 0.2)
    assert hd100(still, moved, spacing) == pytest.approx(pixels * spacing[axis])


@given(pairs, st.integers(1, 4), st.integers(1, 4))
@settings(max_examples=60)
def test_moving_both_changes_nothing(
    masks: tuple[np.ndarray, np.ndarray], rows: int, columns: int
) -> None:
    prediction, reference = (np.pad(mask, 5) for mask in masks)
    moved = [np.roll(mask, (rows, columns), (0, 1)) for mask in (prediction, reference)]
    assert hd95(*moved) == hd95(prediction, reference)
    assert confusion_counts(*moved) == confusion_counts(prediction, reference)


def test_numbers_count_as_masks() -> None:
    assert confusion_counts(DRAWN * 255, DRAWN.astype(np.uint8)) == Counts(16, 0, 0)
    assert hd95(DRAWN * 255, DRAWN.astype(float)) == 0


def test_counts_add_up() -> None:
    assert Counts(1, 2, 3) + Counts(10, 20, 30) == Counts(11, 22, 33)


@pytest.mark.parametrize("measure", [confusion_counts, hd95, assd])
def test_masks_of_different_shape_are_refused(measure: object) -> None:
    with pytest.raises(InvalidInput, match="cannot be compared"):
        measure(EMPTY, EMPTY.T)  # type: ignore[operator]


@pytest.mark.parametrize("spacing", [(0, 1), (1, -1), (math.nan, 1), (1, math.inf)])
def test_a_spacing_must_be_a_length(spacing: tuple[float, float]) -> None:
    with pytest.raises(InvalidInput, match="spacing"):
        hd95(DRAWN, DRAWN, spacing)


@pytest.mark.parametrize("tolerance", [-1, math.nan, math.inf])
def test_a_tolerance_must_be_a_length(tolerance: float) -> None:
    with pytest.raises(InvalidInput, match="tolerance"):
        nsd(DRAWN, DRAWN, tolerance)
