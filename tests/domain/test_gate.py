"""docs/algorithms/gate.md as a truth table."""

from __future__ import annotations

import numpy as np
import pytest

from domain.errors import InvalidInput
from domain.gate import Verdict, compare, first_model, minimum_detectable_difference


def by_subject(values: np.ndarray | list[float]) -> dict[str, float]:
    return {f"s{index:03}": float(value) for index, value in enumerate(values)}


def candidate_and_current(
    differences: list[float] | np.ndarray,
) -> tuple[dict[str, float], dict[str, float]]:
    current = np.linspace(0.7, 0.9, len(differences))
    return by_subject(current + np.asarray(differences)), by_subject(current)


class TestLaterModels:
    @pytest.mark.parametrize(
        ("differences", "verdict"),
        [
            ([0.02, 0.03, 0.01, 0.02, 0.04, 0.02], Verdict.WIN),
            ([-0.02, -0.03, -0.01, -0.02, -0.04, -0.02], Verdict.LOSS),
            ([0.02, -0.03, 0.01, -0.02, 0.04, -0.01], Verdict.TIE),
            ([0.0] * 8, Verdict.TIE),
            ([0.01] * 6, Verdict.WIN),
            ([0.1] * 5, Verdict.NOT_DECIDABLE),
            ([-0.1] * 5, Verdict.NOT_DECIDABLE),
            ([], Verdict.NOT_DECIDABLE),
            ([0.3] + [-0.01] * 7, Verdict.TIE),
        ],
    )
    def test_truth_table(self, differences: list[float], verdict: Verdict) -> None:
        decision = compare(*candidate_and_current(differences), seed=1)
        assert decision.verdict is verdict
        assert decision.promotes is (verdict is Verdict.WIN)

    def test_numbers_of_a_win(self) -> None:
        differences = np.array([0.02, 0.03, 0.01, 0.02, 0.04, 0.02])
        decision = compare(*candidate_and_current(differences), seed=1)
        assert decision.n_subjects == 6
        assert decision.mean_difference == pytest.approx(differences.mean())
        assert decision.ci95 is not None
        assert 0 < decision.ci95[0] < differences.mean() < decision.ci95[1]
        assert "Better by +0.0233" in decision.reason

    def test_equal_models_have_the_interval_zero(self) -> None:
        decision = compare(*candidate_and_current([0.0] * 9), seed=1)
        assert decision.ci95 == (0.0, 0.0)
        assert decision.minimum_detectable_difference == 0.0

    def test_the_pairs_count_not_the_two_means(self) -> None:
        """A small gain everywhere beats a spread between subjects many times as large."""
        current = np.linspace(0.3, 0.95, 10)
        gain = 0.004 + 0.002 * np.sin(np.arange(10))
        assert compare(by_subject(current + gain), by_subject(current), seed=0).promotes

    def test_order_of_subjects_does_not_matter(self) -> None:
        candidate, current = candidate_and_current(np.random.default_rng(3).normal(0.01, 0.03, 12))
        reordered = dict(reversed(candidate.items()))
        assert compare(reordered, current, seed=4) == compare(candidate, current, seed=4)

    def test_different_subjects_are_refused(self) -> None:
        with pytest.raises(InvalidInput, match="s002 was evaluated with one of the two"):
            compare(by_subject([0.1, 0.2, 0.3]), by_subject([0.1, 0.2]))

    def test_a_missing_value_is_refused(self) -> None:
        with pytest.raises(InvalidInput, match="finite"):
            compare(by_subject([0.1] * 6 + [np.nan]), by_subject([0.1] * 7))

    def test_equal_models_rarely_win(self) -> None:
        """200 equal candidates, 19 subjects: about 3.5 % pass (nominal 2.5 %), never a tenth."""
        generator = np.random.default_rng(20)
        current = np.zeros(19)
        wins = sum(
            compare(
                by_subject(generator.normal(0, 0.03, 19)),
                by_subject(current),
                seed=trial,
                replicates=500,
            ).promotes
            for trial in range(200)
        )
        assert 1 <= wins <= 16


class TestFirstModel:
    @pytest.mark.parametrize(
        ("values", "verdict"),
        [
            ([0.8, 0.9, 0.7], Verdict.FLOOR_REACHED),
            ([0.8], Verdict.FLOOR_REACHED),
            ([0.79, 0.79], Verdict.FLOOR_MISSED),
            ([], Verdict.NOT_DECIDABLE),
        ],
    )
    def test_truth_table(self, values: list[float], verdict: Verdict) -> None:
        decision = first_model(by_subject(values), floor=0.8)
        assert decision.verdict is verdict
        assert decision.promotes is (verdict is Verdict.FLOOR_REACHED)

    def test_numbers(self) -> None:
        decision = first_model(by_subject([0.7, 0.8, 0.9, 0.8, 0.8, 0.6]), floor=0.7, seed=2)
        assert decision.mean == pytest.approx(0.76667, abs=1e-5)
        assert decision.mean_difference is None
        assert decision.ci95 is not None
        assert decision.ci95[0] < 0.76667 < decision.ci95[1]


def test_minimum_detectable_difference_against_a_simulation() -> None:
    from scipy.stats import ttest_1samp

    generator = np.random.default_rng(0)
    spread = generator.normal(0, 1, 19)
    spread = 0.03 * (spread - spread.mean()) / spread.std(ddof=1)
    detectable = minimum_detectable_difference(spread)
    assert detectable == pytest.approx(0.0204, abs=0.0002)
    trials = generator.normal(detectable, 0.03, (3000, 19))
    found = (ttest_1samp(trials, 0.0, axis=1).pvalue < 0.05).mean()
    assert found == pytest.approx(0.8, abs=0.03)


def test_one_difference_detects_nothing() -> None:
    assert minimum_detectable_difference(np.array([0.1])) is None
