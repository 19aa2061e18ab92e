from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata, wilcoxon

from domain.errors import InvalidInput
from domain.signed_rank import signed_rank_p, smallest_p


def by_enumeration(differences: np.ndarray) -> float:
    """All 2^n signs of the differences that are not zero, one by one."""
    ranks = rankdata(np.abs(differences))
    observed = ranks[differences > 0].sum()
    moving = ranks[differences != 0]
    sums = [np.dot(moving, signs) for signs in product((0, 1), repeat=moving.size)]
    return float(np.mean(np.array(sums) >= observed - 1e-9))


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9))
def test_ties_and_zeros_are_exact(values: list[int]) -> None:
    differences = np.array(values) / 100.0
    assert signed_rank_p(differences) == pytest.approx(by_enumeration(np.array(values)))


@pytest.mark.parametrize("n", [4, 8, 19, 40])
def test_scipy_without_ties_and_zeros(n: int) -> None:
    differences = np.random.default_rng(n).normal(0.2, 1.0, n)
    expected = wilcoxon(differences, alternative="greater", method="exact").pvalue
    assert signed_rank_p(differences) == pytest.approx(expected)


@pytest.mark.parametrize(("n", "p"), [(4, 0.0625), (5, 0.031), (6, 0.0156), (8, 0.0039)])
def test_smallest_p(n: int, p: float) -> None:
    assert signed_rank_p(np.full(n, 0.01)) == smallest_p(n) == pytest.approx(p, abs=3e-4)


def test_all_zeros_show_nothing() -> None:
    assert signed_rank_p(np.zeros(12)) == 1.0
    assert signed_rank_p(np.zeros(0)) == 1.0


def test_rounding_makes_the_ties_that_arithmetic_broke() -> None:
    broken = np.array([0.8 - 0.7, 0.3 - 0.2, 0.1 - 0.2])
    assert len(set(np.abs(broken))) == 3
    assert signed_rank_p(broken) == signed_rank_p(np.array([0.1, 0.1, -0.1]))


def test_a_value_that_is_not_finite_is_refused() -> None:
    with pytest.raises(InvalidInput, match="finite"):
        signed_rank_p(np.array([0.1, np.inf]))


def test_many_subjects() -> None:
    assert signed_rank_p(np.full(300, 0.01)) == pytest.approx(smallest_p(300))
