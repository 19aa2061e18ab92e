"""Paired readings: zero without anchoring, found where there is some, silent on few subjects."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.anchoring import LEAST_SUBJECTS, Anchoring, Measured, PairedReading, anchoring
from domain.errors import InvalidInput

POSITIVE = st.floats(1, 1e4)


def readings(
    generator: np.random.Generator, pull: float, n: int = 20, speed: float = 1.0
) -> list[PairedReading]:
    """A pre-label 6 % too small, readers who err by 4 %, the one with it pulled so far to it."""
    pairs = []
    for number in range(n):
        true = generator.uniform(300, 900)
        offered = true * (0.94 + generator.normal(0, 0.03))
        free, other = true * (1 + generator.normal(0, 0.04, 2))
        seen = other + pull * (offered - other)
        with_it, without_it = (1 - abs(one - offered) / offered for one in (seen, free))
        seconds = np.exp(generator.normal(4, 0.4, 2))
        pairs.append(
            PairedReading(
                number,
                f"s{number}",
                with_it,
                without_it,
                Measured(offered, seen, free),
                None,
                float(seconds[0] * speed),
                float(seconds[1]),
            )
        )
    return pairs


def test_readers_who_do_not_care_differ_by_chance_only() -> None:
    generator = np.random.default_rng(1)
    found = [anchoring(readings(generator, 0.0)) for _ in range(300)]
    for figure in ("dice", "csa_closer", "csa_shift"):
        intervals = [getattr(one, figure).ci95 for one in found]
        assert np.mean([low <= 0 <= high for low, high in intervals]) >= 0.91
    assert np.mean([one.csa_closer.value for one in found]) == pytest.approx(0, abs=0.15)


def test_the_obvious_figure_finds_anchoring_where_there_is_none() -> None:
    """Why sign(p - b) (w - b) is not used: regression to the mean alone makes it positive."""
    generator = np.random.default_rng(2)
    csa = [one.csa for _ in range(300) for one in readings(generator, 0.0)]
    naive = [np.sign(one.pre_label - one.without_it) * one.shift_percent for one in csa]
    assert np.mean(naive) > 1.0
    assert np.mean([one.closer_percent for one in csa]) == pytest.approx(0, abs=0.15)


def test_half_a_pull_is_found_on_twenty_subjects_and_its_direction_is_told() -> None:
    generator = np.random.default_rng(3)
    found = [anchoring(readings(generator, 0.5)) for _ in range(100)]
    assert np.mean([one.dice.ci95[0] > 0 for one in found]) > 0.9
    assert np.mean([one.csa_closer.ci95[0] > 0 for one in found]) > 0.9
    assert np.mean([one.csa_shift.value for one in found]) == pytest.approx(-3.2, abs=0.5)


def test_time_is_a_ratio_within_the_image() -> None:
    generator = np.random.default_rng(4)
    pairs = readings(generator, 0.0, n=60, speed=0.4)
    ratio = anchoring(pairs).seconds_ratio
    assert ratio.value == pytest.approx(0.4, rel=0.2)
    assert ratio.ci95[0] < ratio.value < ratio.ci95[1] < 1
    timeless = [PairedReading(one.image, one.subject, 0.9, 0.9, seconds_with=0.0) for one in pairs]
    assert "0 of at least" in anchoring(timeless).seconds_ratio.reason


def test_below_eight_subjects_nothing_is_decidable() -> None:
    generator = np.random.default_rng(5)
    few = readings(generator, 1.0, n=LEAST_SUBJECTS - 1)
    found = anchoring([*few, *few])
    assert (found.n_images, found.n_subjects) == (7, 7)
    assert found.dice.value is found.dice.ci95 is None
    assert found.dice.reason == "not decidable: 7 of at least 8 subjects"
    assert anchoring([]).csa_shift.value is None


def test_a_quantity_that_some_images_lack_is_judged_by_its_own_subjects() -> None:
    generator = np.random.default_rng(6)
    pairs = readings(generator, 0.5, n=9)
    without_csa = [
        PairedReading(one.image, one.subject, one.dice_with, one.dice_without) for one in pairs[:2]
    ]
    found: Anchoring = anchoring([*without_csa, *pairs[2:]])
    assert found.dice.value is not None
    assert found.csa_closer.reason == "not decidable: 7 of at least 8 subjects"


def test_more_images_of_a_subject_do_not_weigh_more() -> None:
    generator = np.random.default_rng(7)
    pairs = readings(generator, 0.5, n=8)
    often = [pairs[0]] * 40 + pairs[1:]
    assert anchoring(often).dice.value == pytest.approx(anchoring(pairs).dice.value)


def test_per_cents_of_nothing_are_refused() -> None:
    with pytest.raises(InvalidInput):
        Measured(0.0, 1.0, 1.0)


@given(POSITIVE, POSITIVE, POSITIVE)
def test_closer_is_at_most_the_shift_and_swaps_its_sign_with_the_readers(p, w, b) -> None:
    measured, swapped = Measured(p, w, b), Measured(p, b, w)
    assert abs(measured.closer_percent) <= abs(measured.shift_percent) + 1e-6
    assert measured.closer_percent == pytest.approx(-swapped.closer_percent)
    assert measured.shift_percent == pytest.approx(-swapped.shift_percent)
