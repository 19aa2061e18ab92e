"""docs/algorithms/power.md against simulation and against the figures printed there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom, norm, poisson, ttest_1samp

from domain.agreement import icc_a1_interval, two_way_anova
from domain.errors import InvalidInput
from domain.gate_configuration import GateConfiguration
from domain.power import (
    ClassSpread,
    ErrorSpread,
    Spreads,
    bias_half_width,
    detectable_difference,
    false_claim_probability,
    gate_power,
    icc_width,
    minimum_detectable_difference,
    paired_sd,
    plan,
)
from domain.signed_rank import signed_rank_p

GATE = GateConfiguration()
WIDE = GateConfiguration(p10_margin=1.0)
"""The rule of the low tenth switched off, so that the win alone is simulated."""
WHOLE = Spreads(dice=0.03, hd95=0.6, csa=ErrorSpread(6.0, 4.0, 3.0), mt=ErrorSpread(5.0, 3.5, 3.0))


def test_minimum_detectable_difference_against_a_simulation() -> None:
    generator = np.random.default_rng(0)
    spread = generator.normal(0, 1, 19)
    spread = 0.03 * (spread - spread.mean()) / spread.std(ddof=1)
    detectable = minimum_detectable_difference(spread)
    assert detectable == pytest.approx(0.0204, abs=0.0002)
    trials = generator.normal(detectable, 0.03, (3000, 19))
    found = (ttest_1samp(trials, 0.0, axis=1).pvalue < 0.05).mean()
    assert found == pytest.approx(0.8, abs=0.03)


def test_a_stricter_level_detects_less() -> None:
    assert detectable_difference(19, 0.03, 0.005) == pytest.approx(0.0257, abs=0.0001)
    assert minimum_detectable_difference(np.array([0.1])) is None


@pytest.mark.parametrize(("n", "sd", "alpha"), [(1, 0.1, 0.05), (9, -1.0, 0.05), (9, 0.1, 0.5)])
def test_what_cannot_be_detected_is_refused(n: int, sd: float, alpha: float) -> None:
    with pytest.raises(InvalidInput):
        detectable_difference(n, sd, alpha)


@pytest.mark.parametrize(("gain", "probability"), [(0.01, 0.17), (0.02, 0.032), (0.0, 0.5)])
def test_false_claim_probability(gain: float, probability: float) -> None:
    """learning.md 5.6: n = 19, SD .07, r = .8."""
    found = false_claim_probability(gain, paired_sd(0.07, 0.07, 0.8), 19)
    assert found == pytest.approx(probability, abs=0.002)


def test_false_claims_without_spread_or_subjects() -> None:
    assert false_claim_probability(0.01, 0.0, 9) == 0.0
    assert false_claim_probability(-0.01, 0.0, 9) == 1.0
    assert false_claim_probability(0.0, 0.0, 9) == 0.5
    assert false_claim_probability(0.1, 0.1, 1) is None


@pytest.mark.parametrize(
    ("n", "gain", "sd", "at_05", "at_005"),
    [(19, 0.01, 0.02, 0.76, 0.39), (19, 0.02, 0.02, 1.0, 0.93), (19, 0.02, 0.03, 0.92, 0.65)],
)
def test_power_of_the_rank_test_alone(
    n: int, gain: float, sd: float, at_05: float, at_005: float
) -> None:
    """learning.md 5.6, t4-distributed differences; the gate asks for more and has less."""
    generator = np.random.default_rng(1)
    trials = gain + sd / np.sqrt(2.0) * generator.standard_t(4, (1500, n))
    p = np.array([signed_rank_p(row) for row in trials])
    assert (p < 0.05).mean() == pytest.approx(at_05, abs=0.035)
    assert (p < 0.005).mean() == pytest.approx(at_005, abs=0.035)
    (whole,) = gate_power(n, (gain,), Spreads(sd), WIDE)
    assert whole == pytest.approx(at_005, abs=0.06)
    assert whole <= (p < 0.005).mean() + 0.03


def test_one_locked_test_in_six_finds_a_gain_of_a_hundredth() -> None:
    (found,) = gate_power(19, (0.01,), Spreads(0.03), GATE)
    assert found == pytest.approx(1 / 6, abs=0.04)


def test_equal_models_pass_at_most_at_the_level_of_a_look() -> None:
    (found,) = gate_power(19, (0.0,), Spreads(0.03), WIDE, trials=20_000)
    assert found <= 0.006


def test_every_further_rule_costs_power() -> None:
    (win,) = gate_power(19, (0.02,), Spreads(0.03), GATE)
    (whole,) = gate_power(19, (0.02,), WHOLE, GATE)
    noisy = Spreads(0.03, csa=ErrorSpread(20.0, 20.0, 3.0))
    (hardly,) = gate_power(19, (0.02,), noisy, GATE)
    assert win >= whole > hardly


@pytest.mark.parametrize("failures", [0.005, 0.02, 0.1])
def test_failures_against_their_exact_chance(failures: float) -> None:
    """Of Poisson(n f) failures that one model alone has, no more than half are the candidate's."""
    sure = Spreads(0.001)
    (found,) = gate_power(19, (0.1,), replace(sure, failures=failures), WIDE, trials=20_000)
    alone = np.arange(60)
    exact = poisson.pmf(alone, 19 * failures) @ binom.cdf(alone // 2, alone, 0.5)
    assert found == pytest.approx(exact, abs=0.01)


@pytest.mark.parametrize(("sd", "gain"), [(0.02, 0.0), (0.08, 0.0), (0.08, 0.01)])
def test_two_classes_against_their_exact_chance(sd: float, gain: float) -> None:
    """Their means lie sd / sqrt(n) above and below: both hold where that is at most the margin."""
    certain = Spreads(0.0005, heavy_tails=False)
    classes = ClassSpread(2, sd)
    lax = replace(WIDE, looks=1, alpha=0.49)
    (found,) = gate_power(19, (gain,), replace(certain, classes=classes), lax, trials=20_000)
    (win,) = gate_power(19, (gain,), certain, lax, trials=20_000)
    room = (gain + GATE.class_margin) * np.sqrt(19) / sd
    assert found / win == pytest.approx(1 - 2 * norm.sf(room), abs=0.02)


def test_a_single_failure_of_one_model_weighs_more_in_a_large_lock() -> None:
    """docs/algorithms/power.md prints these: 94 subjects find a gain of 0.02 less than 60 do."""
    spreads = replace(WHOLE, classes=ClassSpread(2, 0.02), failures=0.01)
    found = [gate_power(n, (0.02,), spreads, GATE, trials=500)[0] for n in (19, 60, 94)]
    assert found == pytest.approx([0.53, 0.82, 0.73], abs=0.01)


def test_more_classes_cost_more() -> None:
    chances = [
        gate_power(19, (0.02,), Spreads(0.03, classes=ClassSpread(count, 0.08)), GATE)[0]
        for count in (2, 3, 5)
    ]
    assert chances == sorted(chances, reverse=True)
    with pytest.raises(InvalidInput, match="single class"):
        gate_power(19, (0.02,), Spreads(0.03, classes=ClassSpread(1, 0.08)), GATE)


def test_power_grows_with_gain_and_subjects() -> None:
    small = gate_power(19, (0.0, 0.01, 0.02, 0.03), WHOLE, GATE)
    large = gate_power(60, (0.0, 0.01, 0.02, 0.03), WHOLE, GATE)
    assert list(small) == sorted(small)
    assert all(more >= less for more, less in zip(large[1:], small[1:], strict=True))


def test_below_eight_subjects_nothing_wins() -> None:
    assert gate_power(7, (0.5,), Spreads(0.01), GATE) == (0.0,)
    with pytest.raises(InvalidInput):
        gate_power(1, (0.5,), Spreads(0.01), GATE)


def test_a_page_computes_a_plan_once() -> None:
    plan((8, 12, 19), WHOLE, GATE, csa_sd=6.0, icc=0.9)
    before = gate_power.cache_info()
    plan((8, 12, 19), WHOLE, GATE, csa_sd=6.0, icc=0.9)
    after = gate_power.cache_info()
    assert (after.hits - before.hits, after.misses - before.misses) == (3, 0)


def test_plan() -> None:
    rows = plan((6, 19, 40), WHOLE, GATE, csa_sd=6.0, icc=0.9)
    assert [row.n_subjects for row in rows] == [6, 19, 40]
    assert rows[0].detectable_difference is None
    assert rows[1].detectable_difference == pytest.approx(0.0257, abs=0.0001)
    assert rows[1].csa_bias_half_width == pytest.approx(2.89, abs=0.01)
    assert rows[2].icc_width < rows[1].icc_width


def test_bias_half_width_is_that_of_the_t_interval() -> None:
    values = np.random.default_rng(2).normal(0, 6, 19)
    interval = ttest_1samp(values, 0.0).confidence_interval(0.95)
    expected = (interval.high - interval.low) / 2
    assert bias_half_width(19, float(values.std(ddof=1))) == pytest.approx(expected)
    with pytest.raises(InvalidInput):
        bias_half_width(1, 1.0)


def test_icc_width_against_the_interval_that_agreement_gives() -> None:
    generator = np.random.default_rng(3)
    widths = []
    for _ in range(200):
        truth = generator.normal(0, 3.0, (40, 1))
        interval = icc_a1_interval(two_way_anova(truth + generator.normal(0, 1.0, (40, 2))))
        assert interval is not None
        widths.append(interval[1] - interval[0])
    assert icc_width(40, 0.9) == pytest.approx(np.mean(widths), rel=0.15)
    with pytest.raises(InvalidInput):
        icc_width(40, 1.2)
