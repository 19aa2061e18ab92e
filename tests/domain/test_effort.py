"""Figures over subjects: medians, means and shares with intervals that hold what they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from domain import effort
from domain.errors import InvalidInput


def codes(n: int) -> list[str]:
    return [f"s{number}" for number in range(n)]


def test_a_subject_counts_once_whatever_the_number_of_its_images() -> None:
    values, subjects = [10.0] * 50 + [40.0, 20.0], ["a"] * 50 + ["b", "c"]
    assert effort.median_of(values, subjects).value == 20.0
    assert effort.mean_of(values, subjects).value == pytest.approx(70 / 3)
    assert effort.share_of([True] * 50 + [False, False], subjects).value == pytest.approx(1 / 3)


@pytest.mark.parametrize(("n", "rank"), [(6, 1), (8, 1), (9, 2), (12, 3), (20, 6), (100, 40)])
def test_the_interval_of_a_median_is_the_tables(n: int, rank: int) -> None:
    """Ranks of Conover 1999, table A3 (two-sided 95 %)."""
    estimate = effort.median_of([float(i) for i in range(1, n + 1)], codes(n))
    assert estimate.ci95 == (rank, n + 1 - rank)
    assert 2 * binom.cdf(rank - 1, n, 0.5) <= 0.05 < 2 * binom.cdf(rank, n, 0.5)


def test_the_interval_of_a_median_covers_skewed_seconds() -> None:
    generator = np.random.default_rng(0)
    covered = 0
    for _ in range(600):
        estimate = effort.median_of(np.exp(generator.normal(4, 0.8, 12)).tolist(), codes(12))
        assert estimate.ci95 is not None
        covered += estimate.ci95[0] <= np.exp(4) <= estimate.ci95[1]
    assert covered / 600 >= 0.94


@pytest.mark.parametrize("within", [1, 5])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.95])
def test_the_interval_of_a_share_is_never_too_narrow(rate: float, within: int) -> None:
    """Subjects that are alike within themselves, down to all or nothing."""
    generator = np.random.default_rng(int(100 * rate) + within)
    subjects = [code for code in codes(15) for _ in range(within)]
    covered = 0
    for _ in range(400):
        each = generator.beta(2 * rate, 2 * (1 - rate), 15)
        flags = (generator.random((15, within)) < each[:, None]).ravel()
        low, high = effort.share_of(flags.tolist(), subjects).ci95 or (1, 0)
        covered += low <= rate <= high
    assert covered / 400 >= 0.94


def test_a_share_on_which_all_agree_has_an_interval_with_width() -> None:
    none, every = (effort.share_of([flag] * 10, codes(10)) for flag in (False, True))
    assert none.value == 0.0
    assert none.ci95 == (0.0, pytest.approx(1 - 0.025 ** (1 / 10)))
    assert every.ci95 == (pytest.approx(0.025 ** (1 / 10)), 1.0)


def test_few_subjects_have_a_figure_and_a_reason_instead_of_an_interval() -> None:
    median, mean = (one([3.0, 5.0], ["a", "b"]) for one in (effort.median_of, effort.mean_of))
    assert (median.value, median.ci95) == (mean.value, mean.ci95) == (4.0, None)
    assert "below 6 subjects, and there are 2" in median.reason
    assert "below 5 subjects" in mean.reason
    assert "there is 1" in effort.mean_of([3.0], ["a"]).reason


@pytest.mark.parametrize("estimate", [effort.median_of, effort.mean_of, effort.share_of])
def test_no_scan_has_no_figure(estimate) -> None:
    assert (estimate([], []).value, estimate([], []).ci95) == (None, None)
    assert estimate([], []).reason == "no scan yet"


def test_what_does_not_fit_together_is_refused() -> None:
    with pytest.raises(InvalidInput):
        effort.mean_of([1.0], [])
    with pytest.raises(InvalidInput):
        effort.median_of([float("nan")], ["a"])


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.floats(0, 1e4)), min_size=1))
def test_order_does_not_matter_and_the_figure_lies_in_its_interval(pairs) -> None:
    for figure in (effort.median_of, effort.mean_of):
        there = figure([value for _, value in pairs], [code for code, _ in pairs])
        back = figure([value for _, value in pairs[::-1]], [code for code, _ in pairs[::-1]])
        assert there.value == pytest.approx(back.value)
        if there.ci95 is not None:
            assert there.ci95[0] - 1e-9 <= there.value <= there.ci95[1] + 1e-9
