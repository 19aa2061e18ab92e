"""Charts, shifts and statistics of pictures: docs/algorithms/drift.md."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from domain import drift
from domain.errors import InvalidInput


def corrections(generator: np.random.Generator, n: int, worse: float = 0.0) -> list[float]:
    """Dice of pre-labels and what was approved: many near 1, some far below; a fifth unchanged."""
    dice = generator.beta(18, 2, n) - worse
    dice[generator.random(n) < 0.2] = 1.0 - worse
    return [float(value) for value in np.clip(dice, 0, 1)]


def alarms(worse: float, repeats: int, charts: int = 1, values: int = 100) -> float:
    """The share of charts that lie below their limit at any of `values` corrections."""
    generator = np.random.default_rng(1)
    found = 0
    for _ in range(repeats):
        watched = drift.chart(
            corrections(generator, drift.REFERENCE_SIZE),
            corrections(generator, values, worse),
            charts=charts,
        )
        pairs = list(zip(watched.average, watched.limit, strict=True))
        found += any(z < low for z, low in pairs[drift.FEWEST_WATCHED - 1 :])
    return found / repeats


def test_at_most_one_chart_in_twenty_alarms_falsely_in_a_hundred_corrections():
    assert alarms(0.0, 1000) <= 0.05


def test_a_loss_of_a_tenth_is_found_within_fifty():
    assert alarms(0.1, 300, values=50) >= 0.8


def test_more_charts_together_are_watched_more_strictly():
    reference = corrections(np.random.default_rng(0), 20)
    one, many = (drift.chart(reference, [0.5], charts=n) for n in (1, 8))
    assert many.limit[0] < one.limit[0]


def test_below_twenty_corrections_nothing_is_watched():
    watched = drift.chart([0.9] * 19, [0.1] * 30)
    assert watched == drift.Chart(19, None, (), ())
    assert not watched.is_low


@pytest.mark.parametrize("reference", [[1.0] * 20, [0.9, 0.95] * 10])
def test_one_bad_scan_is_no_drift(reference):
    usual = reference[-1]
    for values in ([0.3], [0.5, *[usual] * 4], [0.5, *[usual] * 30]):
        assert not drift.chart(reference, values).is_low


def test_pre_labels_that_were_all_accepted_unchanged_and_now_are_not():
    assert not drift.chart([1.0] * 20, [0.99] * 20).is_low
    assert drift.chart([1.0] * 20, [0.6] * 20).is_low


def test_only_the_newest_average_decides():
    reference = corrections(np.random.default_rng(0), 30)
    assert drift.chart(reference, [0.3] * 10).is_low
    assert not drift.chart(reference, [0.3] * 10 + [0.97] * 60).is_low


def test_the_average_is_the_textbook_s():
    reference = [0.9] * 10 + [0.8] * 10
    watched = drift.chart(reference, [0.7, 0.6])
    logit = lambda p: np.log(p / (1 - p))  # noqa: E731
    centre = (logit(0.9) + logit(0.8)) / 2
    first = 0.9 * centre + 0.1 * logit(0.7)
    second = 0.9 * first + 0.1 * logit(0.6)
    assert [float(logit(one)) for one in watched.average] == pytest.approx([first, second])


def test_a_dice_outside_0_to_1_is_refused():
    with pytest.raises(InvalidInput, match="within"):
        drift.chart([0.9] * 20, [1.1])


def features(generator: np.random.Generator, n: int, shift: float = 0.0) -> dict[str, list[float]]:
    values = generator.normal(0, 1, (8, n))
    values[0] += shift
    return {f"feature {index}": list(row) for index, row in enumerate(values)}


def test_one_comparison_in_fifty_at_most_finds_a_shift_where_there_is_none():
    generator = np.random.default_rng(2)
    found = 0
    for _ in range(500):
        shifts = drift.compare(features(generator, 60), features(generator, 20))
        found += any(one.is_shifted for one in shifts)
    assert found / 500 <= 0.02


def test_a_shift_by_one_and_a_half_deviations_is_found_and_named():
    generator = np.random.default_rng(3)
    found = 0
    for _ in range(100):
        shifts = drift.compare(features(generator, 60), features(generator, 20, shift=1.5))
        found += shifts[0].is_shifted and shifts[0].feature == "feature 0"
    assert found >= 85


def test_the_chance_level_of_the_psi_is_exceeded_in_one_of_twenty():
    generator = np.random.default_rng(4)
    shifts = [
        one
        for _ in range(200)
        for one in drift.compare(features(generator, 100), features(generator, 50))
    ]
    exceeded = np.mean([one.psi > one.by_chance for one in shifts])
    assert 0.02 <= exceeded <= 0.07


def test_few_subjects_are_not_compared():
    generator = np.random.default_rng(0)
    assert drift.compare(features(generator, 14), features(generator, 30)) == []
    assert drift.compare(features(generator, 30), features(generator, 7)) == []
    assert drift.compare({}, {}) == []


def test_what_is_not_finite_is_left_out():
    reference = {"depth": [40.0] * 20 + [float("nan")] * 5}
    (shift,) = drift.compare(reference, {"depth": [float("nan"), *[60.0] * 10]})
    assert (shift.n_reference, shift.n_window) == (20, 10)
    assert shift.is_shifted


@pytest.mark.parametrize("other", [30.0, 50.0])
def test_a_depth_that_never_changed_and_now_does_is_a_shift(other):
    (shift,) = drift.compare({"depth": [40.0] * 30}, {"depth": [other] * 10})
    assert shift.is_shifted
    (same,) = drift.compare({"depth": [40.0] * 30}, {"depth": [40.0] * 10})
    assert not same.is_shifted


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_the_correction_is_benjamini_and_hochberg_s(p):
    assert drift.benjamini_hochberg(p) == pytest.approx(false_discovery_control(p))


def test_no_p_value_no_correction():
    assert drift.benjamini_hochberg([]) == []


def test_a_flat_picture_has_neither_entropy_nor_speckle():
    flat = drift.picture_statistics(np.full((20, 30), 90, np.uint8))
    assert flat["mean grey"] == flat["dark end (P5)"] == flat["bright end (P95)"] == 90
    assert flat["grey entropy"] == 0
    assert flat["speckle"] == pytest.approx(0, abs=1e-6)
    assert drift.picture_statistics(np.zeros((20, 30), np.uint8))["speckle"] == 0


def test_rayleigh_speckle_has_its_known_contrast():
    generator = np.random.default_rng(0)
    pixels = np.clip(generator.rayleigh(30, (200, 200)), 0, 255).astype(np.uint8)
    assert drift.picture_statistics(pixels)["speckle"] == pytest.approx(0.523, abs=0.03)


def test_gain_changes_the_grey_levels():
    generator = np.random.default_rng(0)
    pixels = np.clip(generator.rayleigh(30, (100, 100)), 0, 255).astype(np.uint8)
    brighter = np.clip(pixels.astype(int) + 40, 0, 255).astype(np.uint8)
    before, after = drift.picture_statistics(pixels), drift.picture_statistics(brighter)
    assert after["mean grey"] > before["mean grey"] + 30
    assert after["speckle"] < before["speckle"]


def test_a_picture_that_is_none_is_refused():
    for wrong in (np.zeros((0, 5), np.uint8), np.zeros((4, 4, 3), np.uint8)):
        with pytest.raises(InvalidInput, match="grey picture"):
            drift.picture_statistics(wrong)
