"""Entropy, expected Dice, members' disagreement: docs/algorithms/uncertainty.md."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import uncertainty
from domain.errors import InvalidInput

seeds = st.integers(0, 2**32 - 1)


def probabilities(seed: int, classes: int = 3, size: tuple[int, int] = (9, 11)) -> np.ndarray:
    """Softmax of random logits."""
    logits = np.random.default_rng(seed).normal(0, 3, (classes, *size))
    powers = np.exp(logits - logits.max(axis=0))
    return (powers / powers.sum(axis=0)).astype(np.float32)


def disc(radius: float, size: int = 64) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size] + 0.5
    return (columns - size / 2) ** 2 + (rows - size / 2) ** 2 <= radius**2


def certain(label_map: np.ndarray, classes: int = 2, probability: float = 1.0) -> np.ndarray:
    """Each pixel's label has `probability`, the others share the rest."""
    answer = np.full((classes, *label_map.shape), (1 - probability) / (classes - 1), np.float32)
    np.put_along_axis(answer, label_map[None].astype(np.int64), probability, axis=0)
    return answer


@given(seeds, st.integers(2, 5))
def test_entropy_lies_between_sure_and_nothing_known(seed, classes):
    entropy = uncertainty.entropy_map(probabilities(seed, classes))
    assert entropy.dtype == np.float32
    assert entropy.min() >= 0
    assert entropy.max() <= 1


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_entropy_is_1_where_nothing_is_known_and_0_where_all_is(classes):
    flat = np.full((classes, 4, 5), 1 / classes, np.float32)
    assert uncertainty.entropy_map(flat) == pytest.approx(np.ones((4, 5)), abs=1e-6)
    sure = certain(np.zeros((4, 5), np.uint8), classes)
    assert uncertainty.entropy_map(sure) == pytest.approx(np.zeros((4, 5)), abs=1e-6)


@given(seeds)
def test_the_order_of_the_classes_does_not_matter_to_entropy(seed):
    probability = probabilities(seed)
    turned = uncertainty.entropy_map(probability[[2, 0, 1]])
    assert turned == pytest.approx(uncertainty.entropy_map(probability), abs=1e-5)


def test_entropy_of_an_even_coin_is_that_of_the_textbook():
    probability = np.array([0.9, 0.1], np.float32).reshape(2, 1, 1)
    assert uncertainty.entropy_map(probability)[0, 0] == pytest.approx(0.46900, abs=1e-4)


@given(seeds)
def test_expected_dice_is_a_fraction(seed):
    for value in uncertainty.expected_dice(probabilities(seed)):
        assert value is None or 0 <= value <= 1


def test_a_sure_outline_expects_1_and_an_absent_label_nothing():
    drawn = disc(10).astype(np.uint8)
    assert uncertainty.expected_dice(certain(drawn, 3)) == [pytest.approx(1.0), None]


def test_what_is_outlined_counts_not_what_is_most_probable():
    probability = certain(disc(10).astype(np.uint8))
    smaller = disc(9).astype(np.uint8)
    area, drawn = disc(10).sum(), disc(9).sum()
    (value,) = uncertainty.expected_dice(probability, smaller)
    assert value == pytest.approx(2 * drawn / (area + drawn))


@settings(max_examples=25, deadline=None)
@given(seeds, st.floats(0.6, 0.98))
def test_it_is_the_mean_dice_when_the_probabilities_are_right(seed, sure):
    generator = np.random.default_rng(seed)
    drawn = disc(12).astype(np.uint8)
    probability = np.zeros((2, *drawn.shape), np.float32)
    near = disc(13.5)
    probability[1, near] = certain(drawn, 2, sure)[1, near]
    probability[0] = 1 - probability[1]
    dice = []
    for _ in range(200):
        truth = generator.random(drawn.shape) < probability[1]
        dice.append(2 * (truth & (drawn > 0)).sum() / (truth.sum() + drawn.sum()))
    assert uncertainty.expected_dice(probability, drawn)[0] == pytest.approx(
        float(np.mean(dice)), abs=0.01
    )


def test_a_haze_far_away_says_nothing_of_the_outline():
    drawn = disc(8).astype(np.uint8)
    hazy = certain(drawn, 2, 0.95)
    clear = hazy.copy()
    clear[1, :4] = 0
    assert uncertainty.expected_dice(hazy, drawn) == uncertainty.expected_dice(clear, drawn)


def test_less_sure_expects_less():
    drawn = disc(12).astype(np.uint8)
    expected = [uncertainty.expected_dice(certain(drawn, 2, p))[0] for p in (0.99, 0.9, 0.7)]
    assert expected == sorted(expected, reverse=True)


def test_the_mean_needs_every_label():
    assert uncertainty.mean_expected_dice([0.8, 0.9]) == pytest.approx(0.85)
    assert uncertainty.mean_expected_dice([0.8, None]) is None
    assert uncertainty.mean_expected_dice([]) is None


def test_members_that_agree_disagree_by_0_and_strangers_by_1():
    left, right = np.zeros((4, 8), np.uint8), np.zeros((4, 8), np.uint8)
    left[:, :4], right[:, 4:] = 1, 1
    assert uncertainty.member_disagreement([left, left]) == 0
    assert uncertainty.member_disagreement([left, right]) == 1
    assert uncertainty.member_disagreement([left, left, right]) == pytest.approx(2 / 3)
    nothing = np.zeros((4, 8), np.uint8)
    assert uncertainty.member_disagreement([nothing, nothing]) == 0
    assert uncertainty.member_disagreement([left]) is None


def test_the_spread_is_that_of_a_sample():
    assert uncertainty.spread([1.0, 2.0, 3.0]) == uncertainty.Spread(2.0, 1.0, 3)
    assert uncertainty.spread([1.0]) is None
    assert uncertainty.spread([1.0, float("nan")]) is None


def test_other_shapes_are_refused():
    with pytest.raises(InvalidInput, match="two classes"):
        uncertainty.entropy_map(np.ones((1, 4, 4), np.float32))
    with pytest.raises(InvalidInput, match="label map"):
        uncertainty.expected_dice(probabilities(0), np.zeros((2, 2), np.uint8))
