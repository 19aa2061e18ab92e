"""docs/algorithms/agreement.md, the limits: one formula for single and repeated scans."""

from __future__ import annotations

import numpy as np
import pytest

from domain.errors import InvalidInput
from domain.estimate import Estimate
from domain.limits import (
    limits_of_agreement,
    minimal_detectable_change,
    standard_error_of_measurement,
)

SIMULATIONS = 2_000


class TestFormula:
    def test_one_scan_a_subject_is_the_classical_formula(self) -> None:
        differences = np.random.default_rng(1).normal(2, 5, 12)
        found = limits_of_agreement(differences.tolist(), [f"s{i}" for i in range(12)])
        spread = 1.96 * differences.std(ddof=1)
        assert found.bias.value == pytest.approx(differences.mean())
        assert found.lower.value == pytest.approx(differences.mean() - spread)
        assert found.upper.value == pytest.approx(differences.mean() + spread)
        assert (found.n_values, found.n_subjects) == (12, 12)

    def test_repeats_follow_the_formula_term_by_term(self) -> None:
        by_subject = [[1.0, 3.0], [4.0], [2.0, 2.5, 6.0], [0.0, -1.0], [5.0]]
        values = [value for subject in by_subject for value in subject]
        codes = [f"s{i}" for i, subject in enumerate(by_subject) for _ in subject]
        means = [sum(one) / len(one) for one in by_subject]
        within = sum(
            (value - mean) ** 2
            for one, mean in zip(by_subject, means, strict=True)
            for value in one
        ) / (9 - 5)
        m_h = 5 / sum(1 / len(one) for one in by_subject)
        variance = np.var(means, ddof=1) + (1 - 1 / m_h) * within
        found = limits_of_agreement(values, codes)
        assert found.bias.value == pytest.approx(np.mean(means))
        assert found.upper.value == pytest.approx(np.mean(means) + 1.96 * np.sqrt(variance))
        assert found.lower.value == pytest.approx(np.mean(means) - 1.96 * np.sqrt(variance))

    def test_repeated_scans_are_not_averaged_away(self) -> None:
        """12 subjects with 10 frames: limits drawn over the subjects' means are far too narrow."""
        generator = np.random.default_rng(5)
        true = np.hypot(0.3, 1.0) * 1.96
        values = np.repeat(generator.normal(0, 0.3, 12), 10) + generator.normal(0, 1.0, 120)
        codes = np.repeat([f"s{i}" for i in range(12)], 10)
        of_means = 1.96 * values.reshape(12, 10).mean(axis=1).std(ddof=1)
        found = limits_of_agreement(values.tolist(), codes.tolist())
        assert found.upper.value is not None
        assert found.bias.value is not None
        assert found.upper.value - found.bias.value == pytest.approx(true, rel=0.15)
        assert of_means < 0.6 * true

    def test_sem_of_single_scans_is_that_of_the_analysis_of_variance(self) -> None:
        """Reader variance by (MS_C - MS_E) / n, plus MS_E."""
        readings = np.random.default_rng(2).normal(20, 3, (9, 3)) + np.array([0, 2, 5])
        deviations = readings - readings.mean()
        rows, columns = deviations.mean(axis=1), deviations.mean(axis=0)
        error = (deviations - rows[:, None] - columns).ravel()
        ms_error = (error**2).sum() / (8 * 2)
        ms_readers = 9 * (columns**2).sum() / 2
        found = standard_error_of_measurement(readings, [f"s{i}" for i in range(9)])
        assert found.value == pytest.approx(np.sqrt((ms_readers - ms_error) / 9 + ms_error))

    def test_mdc95(self) -> None:
        assert minimal_detectable_change(2.0) == pytest.approx(1.96 * np.sqrt(2) * 2)


class TestDegenerate:
    @pytest.mark.parametrize("subjects", [[], ["a"], ["a", "a"], list("abcd"), list("aabbccdd")])
    def test_below_five_subjects_there_is_none_and_it_says_why(self, subjects: list[str]) -> None:
        found = limits_of_agreement([1.0] * len(subjects), subjects)
        none = Estimate(None, None, "fewer than 5 subjects")
        assert (found.bias, found.lower, found.upper) == (none, none, none)
        assert standard_error_of_measurement(np.ones((len(subjects), 2)), subjects) == none

    def test_differences_that_are_all_equal(self) -> None:
        found = limits_of_agreement([1.5] * 6, list("abcdef"))
        for estimate in (found.bias, found.lower, found.upper):
            assert estimate == Estimate(1.5, (1.5, 1.5))

    def test_what_is_no_finite_value_of_each_scan_is_refused(self) -> None:
        with pytest.raises(InvalidInput, match="finite"):
            limits_of_agreement([1.0, float("nan")] * 3, list("abcdef"))
        with pytest.raises(InvalidInput, match="5 subject codes"):
            limits_of_agreement([1.0] * 6, list("abcde"))
        with pytest.raises(InvalidInput, match="two readers"):
            standard_error_of_measurement(np.ones((6, 1)), list("abcdef"))

    def test_the_unit_and_the_origin_do_not_matter(self) -> None:
        values = np.random.default_rng(9).normal(0, 1, 20)
        codes = [f"s{i % 7}" for i in range(20)]
        plain = limits_of_agreement(values.tolist(), codes).upper
        moved = limits_of_agreement((values * 100 + 7).tolist(), codes).upper
        assert plain.value is not None
        assert plain.ci95 is not None
        assert moved.value == pytest.approx(plain.value * 100 + 7)
        assert moved.ci95 == pytest.approx([bound * 100 + 7 for bound in plain.ci95])


@pytest.mark.parametrize("n_scans", [1, 4])
@pytest.mark.parametrize("n_subjects", [5, 8, 12, 19])
def test_nominal_intervals_cover_what_they_promise(n_subjects: int, n_scans: int) -> None:
    """Two readers with a bias, a part of the error shared by a subject's scans and one of each."""
    bias, of_subject, of_scan = 0.6, 1.0, 0.7
    spread = np.hypot(of_subject, of_scan)
    true = {
        "bias": bias,
        "lower": bias - 1.96 * spread,
        "upper": bias + 1.96 * spread,
        "sem": np.sqrt((bias**2 + spread**2) / 2),
    }
    generator = np.random.default_rng(100 * n_subjects + n_scans)
    shape = (SIMULATIONS, n_subjects * n_scans)
    shared = generator.normal(0, of_subject, (SIMULATIONS, n_subjects))
    differences = bias + np.repeat(shared, n_scans, axis=1) + generator.normal(0, of_scan, shape)
    muscles = generator.normal(50, 10, shape)
    codes = [f"s{i}" for i in range(n_subjects) for _ in range(n_scans)]
    covered = dict.fromkeys(true, 0)
    for row, sizes in zip(differences, muscles, strict=True):
        limits = limits_of_agreement(row.tolist(), codes)
        sem = standard_error_of_measurement(
            np.stack([sizes + row / 2, sizes - row / 2], axis=1), codes
        )
        found = {"bias": limits.bias, "lower": limits.lower, "upper": limits.upper, "sem": sem}
        for name, estimate in found.items():
            assert estimate.ci95 is not None
            covered[name] += estimate.ci95[0] <= true[name] <= estimate.ci95[1]
    share = {name: count / SIMULATIONS for name, count in covered.items()}
    for name in ("bias", "lower", "upper"):
        assert 0.93 <= share[name] <= 0.99, share
    assert share["sem"] >= 0.91, share
