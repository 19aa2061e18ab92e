"""Intervals of the Dice: docs/algorithms/conformal.md."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import conformal
from domain.conformal import Outcome
from domain.errors import InvalidInput


def outcomes(
    generator: np.random.Generator, subjects: int, images: int = 1, within: float = 0.02
) -> list[Outcome]:
    """An over-confident model: a subject's own error, and one of each image; heavy lower tail."""
    made = []
    for subject in range(subjects):
        own = 0.05 + 0.04 * generator.standard_exponential()
        for image in range(images):
            predicted = float(generator.uniform(0.85, 0.98))
            error = own + within * float(generator.standard_normal())
            true = min(1.0, max(0.0, predicted - error))
            made.append(Outcome(f"S{subject}", f"S{subject}-{image}", predicted, true))
    return made


def test_nineteen_subjects_are_the_fewest():
    generator = np.random.default_rng(0)
    assert conformal.smallest() == conformal.MINIMUM_SUBJECTS == 19
    assert conformal.interval(outcomes(generator, 18)) is None
    assert conformal.interval(outcomes(generator, 19)) is not None
    assert conformal.interval([]) is None


def test_frames_of_a_subject_are_no_subjects():
    assert conformal.interval(outcomes(np.random.default_rng(0), 9, images=300)) is None


def test_with_nineteen_subjects_it_reaches_from_the_worst_to_the_best():
    made = outcomes(np.random.default_rng(1), 19)
    found = conformal.interval(made)
    residuals = [one.residual for one in made]
    assert (found.low, found.high) == (min(residuals), max(residuals))
    assert found.shift == pytest.approx(float(np.median(residuals)))
    assert found.n_subjects == 19
    assert found.coverage is None


@pytest.mark.parametrize(("n", "low", "high"), [(19, 1, 19), (38, 1, 38), (39, 2, 38), (99, 5, 95)])
def test_the_ranks_are_exact(n, low, high):
    made = [Outcome(f"S{i}", f"I{i}", 0.5, i / 1000) for i in range(1, n + 1)]
    found = conformal.interval(made)
    assert found.low == pytest.approx(low / 1000 - 0.5)
    assert found.high == pytest.approx(high / 1000 - 0.5)


def test_other_levels_need_other_numbers():
    assert conformal.smallest(Fraction(1, 2)) == 3
    assert conformal.smallest(Fraction(95, 100)) == 39


@pytest.mark.parametrize("n", [19, 30, 60])
def test_coverage_holds_for_an_image_of_a_new_subject(n):
    """2000 studies: at least the nominal 90 %, and less than 90 % + 2 / (n + 1) above it."""
    generator = np.random.default_rng(n)
    hits = 0
    for _ in range(2000):
        *known, new = outcomes(generator, n + 1)
        found = conformal.interval(known)
        hits += found.low <= new.residual <= found.high
    coverage = hits / 2000
    assert 0.9 - 3 * np.sqrt(0.09 / 2000) <= coverage <= 0.9 + 2 / (n + 1) + 0.02


def test_coverage_holds_where_subjects_have_many_images():
    generator = np.random.default_rng(5)
    hits = 0
    for _ in range(1000):
        made = outcomes(generator, 26, images=6)
        new = made[-int(generator.integers(1, 7))]
        found = conformal.interval(made[:-6])
        hits += found.low <= new.residual <= found.high
    assert hits / 1000 >= 0.9 - 3 * np.sqrt(0.09 / 1000)


def test_frames_taken_for_subjects_would_break_the_promise():
    """Why one score per subject: pooled frames of few subjects cover far less than they say."""
    generator = np.random.default_rng(6)
    hits = 0
    for _ in range(200):
        made = outcomes(generator, 6, images=40, within=0.004)
        known, new = made[:-40], made[-1]
        pooled = [Outcome(one.image, one.image, one.predicted, one.true) for one in known]
        found = conformal.interval(pooled)
        hits += found.low <= new.residual <= found.high
    assert hits / 200 < 0.85


def test_the_reported_coverage_is_near_the_nominal_one():
    found = conformal.interval(outcomes(np.random.default_rng(7), 200, images=3))
    assert found.coverage == pytest.approx(0.9, abs=0.04)
    assert found.expected_range[0] < found.coverage < found.expected_range[1]


def test_how_far_coverage_strays_with_few_subjects():
    found = conformal.interval(outcomes(np.random.default_rng(8), 19))
    assert found.expected_range == (
        pytest.approx(0.774, abs=0.002),
        pytest.approx(0.980, abs=0.002),
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_the_order_of_the_outcomes_does_not_matter(seed):
    generator = np.random.default_rng(seed)
    made = outcomes(generator, 25, images=3)
    shuffled = [made[i] for i in generator.permutation(len(made))]
    assert conformal.interval(made) == conformal.interval(shuffled)


def test_an_interval_stays_within_0_and_1():
    found = conformal.DiceInterval(-0.3, 0.1, -0.05, 20, None, (0.7, 1.0))
    assert found.of(0.95) == (pytest.approx(0.9), pytest.approx(0.65), 1.0)
    assert found.of(0.1)[1] == 0.0


def test_impossible_outcomes_are_refused():
    with pytest.raises(InvalidInput, match="within 0 to 1"):
        conformal.interval([Outcome("S1", "I1", 1.2, 0.9)])
    with pytest.raises(InvalidInput, match="within 0 to 1"):
        conformal.interval([Outcome("S1", "I1", float("nan"), 0.9)])
    with pytest.raises(InvalidInput, match="twice"):
        conformal.interval([Outcome("S1", "I1", 0.9, 0.9), Outcome("S2", "I1", 0.9, 0.9)])
