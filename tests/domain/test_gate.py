"""docs/algorithms/gate.md as a truth table."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from benchmarks.gate import ahead_by_chance, equal_candidates_promoted
from domain.errors import InvalidInput
from domain.gate import (
    Decision,
    Fact,
    Figures,
    GateConfiguration,
    Verdict,
    compare,
    compare_for_pre_labels,
    first_model,
    spreads_of,
)
from domain.gate_checks import shown_above
from domain.power import ClassSpread, gate_power

QUICK = GateConfiguration(replicates=500)
WINNING = [0.02, 0.03, 0.01, 0.02, 0.04, 0.02, 0.01, 0.03]


def by_subject(values: np.ndarray | list[float]) -> dict[str, float]:
    return {f"s{index:03}": float(value) for index, value in enumerate(values)}


def figures(dice: np.ndarray | list[float], **others: Any) -> Figures:
    return Figures(dice=by_subject(dice), **others)


def pair(differences: np.ndarray | list[float]) -> tuple[Figures, Figures]:
    """Candidate and current with these differences in Dice and nothing else."""
    current = np.linspace(0.7, 0.9, len(differences))
    return figures(current + np.asarray(differences)), figures(current)


def errors(name: str, values: np.ndarray | list[float]) -> dict[str, Any]:
    """The figures of one error with its absolute values."""
    signed = by_subject(values)
    return {
        "errors": {name: signed},
        "absolute_errors": {name: {code: abs(value) for code, value in signed.items()}},
    }


def winning(candidate: dict[str, Any], current: dict[str, Any]) -> Decision:
    """The decision on a candidate that wins in Dice and has these other figures."""
    better, worse = pair(WINNING)
    return compare(replace(better, **candidate), replace(worse, **current), QUICK)


class TestLaterModels:
    @pytest.mark.parametrize(
        ("differences", "verdict"),
        [
            (WINNING, Verdict.WIN),
            ([-one for one in WINNING], Verdict.LOSS),
            ([0.02, -0.03, 0.01, -0.02, 0.04, -0.01, 0.0, 0.01], Verdict.TIE),
            ([0.0] * 8, Verdict.TIE),
            ([0.01] * 8, Verdict.WIN),
            ([0.01] * 7, Verdict.NOT_DECIDABLE),
            ([0.1] * 4, Verdict.NOT_DECIDABLE),
            ([-0.1] * 4, Verdict.NOT_DECIDABLE),
            ([], Verdict.NOT_DECIDABLE),
            ([0.3] + [-0.01] * 8, Verdict.TIE),
            ([0.01] * 11 + [-0.3], Verdict.TIE),
            ([0.01] * 8 + [0.0] * 4, Verdict.WIN),
            ([0.01] * 7 + [0.0] * 12, Verdict.TIE),
        ],
    )
    def test_truth_table(self, differences: list[float], verdict: Verdict) -> None:
        decision = compare(*pair(differences), QUICK)
        assert decision.verdict is verdict
        assert decision.promotes is (verdict is Verdict.WIN)

    def test_numbers_of_a_win(self) -> None:
        decision = compare(*pair(WINNING))
        assert decision.n_subjects == 8
        assert decision.mean_difference == pytest.approx(np.mean(WINNING))
        assert decision.ci95 is not None
        assert 0 < decision.ci95[0] < np.mean(WINNING) < decision.ci95[1]
        assert decision.p_value == pytest.approx(2**-8)
        assert decision.alpha == pytest.approx(0.005)
        assert decision.false_claim_probability is not None
        assert decision.false_claim_probability < 0.001
        assert "Better by +0.0225" in decision.reason

    def test_too_few_subjects_say_how_many_are_needed(self) -> None:
        reason = compare(*pair([0.1] * 7), QUICK).reason
        assert "7 subjects are too few" in reason
        assert "p = 0.0078, and 0.005 is asked for. At least 8" in reason

    def test_equal_models_have_the_interval_zero(self) -> None:
        decision = compare(*pair([0.0] * 9))
        assert decision.ci95 == (0.0, 0.0)
        assert decision.minimum_detectable_difference == 0.0
        assert decision.false_claim_probability == 0.5

    def test_the_pairs_count_not_the_two_means(self) -> None:
        """A small gain everywhere beats a spread between subjects many times as large."""
        current = np.linspace(0.3, 0.95, 10)
        gain = 0.004 + 0.002 * np.sin(np.arange(10))
        assert compare(figures(current + gain), figures(current)).promotes

    def test_frames_of_a_subject_do_not_count_as_subjects(self) -> None:
        """Eight subjects are needed, however many frames each mean was taken over."""
        assert compare(*pair([0.05] * 5), QUICK).verdict is Verdict.NOT_DECIDABLE

    def test_more_looks_ask_for_more_subjects(self) -> None:
        assert GateConfiguration(looks=1).minimum_subjects == 5
        assert GateConfiguration(looks=10).minimum_subjects == 8
        assert GateConfiguration().for_looks(40).minimum_subjects == 10
        assert GateConfiguration().for_looks(3).looks == 10

    def test_different_subjects_are_refused(self) -> None:
        with pytest.raises(InvalidInput, match="s002 was evaluated with one of the two"):
            compare(figures([0.1, 0.2, 0.3]), figures([0.1, 0.2]))

    def test_a_class_missing_from_one_model_is_refused(self) -> None:
        candidate, current = pair(WINNING)
        with pytest.raises(InvalidInput, match="Label PB was evaluated with one"):
            compare(replace(candidate, labels={"PB": candidate.dice}), current)

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_a_value_that_is_not_finite_is_refused(self, value: float) -> None:
        with pytest.raises(InvalidInput, match="finite"):
            compare(figures([0.1] * 8 + [value]), figures([0.1] * 9))
        with pytest.raises(InvalidInput, match="finite"):
            winning({"hd95_px": by_subject([value] * 8)}, {"hd95_px": by_subject([1.0] * 8)})


class TestHarm:
    """Each rule beside the win blocks alone, and says its name."""

    def test_hd95_in_mm(self) -> None:
        current = {"hd95_mm": by_subject([1.0] * 8)}
        assert winning({"hd95_mm": by_subject([1.4] * 8)}, current).promotes
        blocked = winning({"hd95_mm": by_subject([1.6] * 8)}, current)
        assert (blocked.verdict, blocked.blocked_by) == (Verdict.BLOCKED, "hd95")
        assert "HD95 (mm): +0.6, up to +0.6" in blocked.reason

    def test_hd95_in_px_where_one_subject_has_no_calibration(self) -> None:
        candidate = {
            "hd95_mm": by_subject([9.0] * 7),
            "hd95_px": by_subject([14.0] * 8),
        }
        current = {"hd95_mm": by_subject([1.0] * 7), "hd95_px": by_subject([10.0] * 8)}
        decision = winning(candidate, current)
        assert decision.promotes
        assert any(check.title == "HD95 (px)" for check in decision.checks)

    def test_failures(self) -> None:
        assert winning({"failures": {"s001": 1}}, {"failures": {"s002": 1}}).promotes
        blocked = winning({"failures": {"s001": 1}}, {"failures": {}})
        assert blocked.blocked_by == "failures"

    def test_the_low_tenth(self) -> None:
        gains = [0.05] * 35 + [-0.06] * 5
        current = np.linspace(0.9, 0.7, 40)
        decision = compare(figures(current + gains), figures(current), QUICK)
        assert decision.blocked_by == "p10"

    def test_a_class(self) -> None:
        dice = pair(WINNING)[1].dice
        lower = {code: value - 0.011 for code, value in dice.items()}
        nearly = {code: value - 0.009 for code, value in dice.items()}
        current = {"labels": {"PL": dice, "PB": dice}}
        assert winning({"labels": {"PL": dice, "PB": nearly}}, current).promotes
        blocked = winning({"labels": {"PL": dice, "PB": lower}}, current)
        assert blocked.blocked_by == "class PB"

    @pytest.mark.parametrize(
        ("name", "margin", "check"),
        [
            ("csa_error_mm2", 20.0, "csa"),
            ("csa_error_percent", 3.0, "csa"),
            ("mt_error_mm", 0.5, "mt"),
            ("mt_error_percent", 3.0, "mt"),
        ],
    )
    def test_measurement(self, name: str, margin: float, check: str) -> None:
        current = errors(name, [0.0] * 8)
        assert winning(errors(name, [0.9 * margin] * 8), current).promotes
        blocked = winning(errors(name, [1.1 * margin] * 8), current)
        assert blocked.blocked_by == f"{check} error"

    def test_bias_alone(self) -> None:
        """As large an absolute error as before, but all of it to one side."""
        current = errors("csa_error_percent", [8.0, -8.0] * 4)
        blocked = winning(errors("csa_error_percent", [8.0] * 8), current)
        assert blocked.blocked_by == "csa bias"

    def test_a_bias_to_the_other_side_is_no_harm(self) -> None:
        assert winning(errors("mt_error_mm", [-0.6] * 8), errors("mt_error_mm", [0.6] * 8)).promotes

    def test_without_calibration_in_per_cent(self) -> None:
        per_cent = errors("csa_error_percent", [1.0] * 8)
        some = errors("csa_error_mm2", [90.0] * 3)
        both = {key: {**per_cent[key], **some[key]} for key in per_cent}
        decision = winning(both, both)
        assert decision.promotes
        assert any(check.title == "CSA: bias (%)" for check in decision.checks)

    def test_subjects_that_the_view_cuts_leave_the_unit_as_it_is(self) -> None:
        """They have no error in either unit: the others are judged in mm, and counted."""
        mm, per_cent = errors("csa_error_mm2", [1.0] * 6), errors("csa_error_percent", [1.0] * 6)
        both = {key: {**per_cent[key], **mm[key]} for key in mm}
        decision = winning({**both, "n_cut": {"csa": 2}}, {**both, "n_cut": {"csa": 2}})
        (csa,) = [check for check in decision.checks if check.name == "csa bias"]
        assert csa.title == "CSA: bias (mm²)"
        assert (csa.n_subjects, csa.n_cut) == (6, 2)
        assert csa.found.endswith("; left out 2 that the view cuts")

    def test_areas_are_worded_in_the_unit_of_the_site_and_judged_the_same(self) -> None:
        worse, before = errors("csa_error_mm2", [-30.0] * 8), errors("csa_error_mm2", [4.0] * 8)
        in_cm2 = {"csa_unit": "cm²", "csa_per_mm2": 0.01}
        found = []
        for unit in ({}, in_cm2):
            checks = winning({**worse, **unit}, {**before, **unit}).checks
            found.append(next(check for check in checks if check.name == "csa error"))
        mm2, cm2 = found
        assert (mm2.passed, mm2.value, mm2.bound) == (cm2.passed, cm2.value, cm2.bound)
        assert (mm2.title, cm2.title) == (
            "CSA: absolute error (mm²)",
            "CSA: absolute error (cm²)",
        )
        assert (mm2.found, cm2.found) == ("+26, up to +26", "+0.26, up to +0.26")
        assert (mm2.rule[-8:], cm2.rule[-9:]) == ("below 20", "below 0.2")

    def test_numbers_in_words_have_a_minus_sign(self) -> None:
        worse = errors("mt_error_mm", [-0.1] * 8)
        checks = winning(worse, errors("mt_error_mm", [0.6] * 8)).checks
        (found,) = [check.found for check in checks if check.name == "mt error"]
        assert found == "\u22120.5, up to \u22120.5"

    def test_where_all_are_cut_nothing_is_judged_and_that_is_said(self) -> None:
        decision = winning({"n_cut": {"csa": 8}}, {"n_cut": {"csa": 8}})
        (csa,) = [check for check in decision.checks if check.name == "csa error"]
        assert decision.promotes
        assert csa.found == "no value here; left out 8 that the view cuts"

    def test_a_site_without_csa_is_not_held_up(self) -> None:
        decision = winning({}, {})
        (csa,) = [check for check in decision.checks if check.name == "csa bias"]
        assert decision.promotes
        assert (csa.passed, csa.undecided, csa.found) == (None, False, "no value here")

    def test_too_few_values_for_a_check_withhold_the_win(self) -> None:
        """References that are empty have no error in per cent."""
        few = errors("csa_error_percent", [1.0] * 4)
        decision = winning(few, few)
        assert decision.verdict is Verdict.NOT_DECIDABLE
        assert "4 subjects: no interval" in decision.reason

    def test_empty_references_agree_with_empty_predictions(self) -> None:
        """Both empty: Dice 1 and HD95 0 for both models, a difference of zero."""
        one = figures([1.0] * 8, hd95_px=by_subject([0.0] * 8))
        assert compare(one, one, QUICK).verdict is Verdict.TIE

    def test_harm_is_shown_beside_a_tie_too(self) -> None:
        candidate, current = pair([0.0] * 8)
        decision = compare(replace(candidate, failures={"s000": 2}), current, QUICK)
        assert decision.verdict is Verdict.TIE
        assert [check.name for check in decision.checks if check.passed is False] == [
            "win",
            "failures",
        ]


class TestIntegrity:
    def test_numbers_that_do_not_count(self) -> None:
        fact = Fact("Both on the same lock", False, "versions 1 and 2")
        decision = compare(*pair(WINNING), QUICK, facts=[fact])
        assert (decision.verdict, decision.blocked_by) == (Verdict.BLOCKED, "integrity")
        assert "Both on the same lock: no (versions 1 and 2)." in decision.reason
        first = first_model(by_subject([0.9]), 0.5, QUICK, facts=[fact])
        assert first.verdict is Verdict.BLOCKED

    def test_facts_that_hold_are_listed(self) -> None:
        decision = compare(*pair(WINNING), QUICK, facts=[Fact("Files as registered", True)])
        assert decision.promotes
        assert decision.checks[0].title == "Files as registered"


class TestSubgroups:
    def grouped(self, large: int, loss: float) -> Decision:
        gains = [loss] * large + [0.05] * 60
        sex = {f"s{index:03}": "f" if index < large else "m" for index in range(large + 60)}
        current = np.full(large + 60, 0.8)
        return compare(figures(current + gains), figures(current), QUICK, groupings={"sex": sex})

    def test_small_groups_are_shown_and_never_block(self) -> None:
        decision = self.grouped(14, -0.03)
        (women, men) = decision.subgroups
        assert (women.n_subjects, women.judged, men.judged) == (14, False, True)
        assert women.mean_difference == pytest.approx(-0.03)
        assert not any(check.name[-1] == "f" for check in decision.checks if check.passed is False)

    def test_large_groups_block(self) -> None:
        candidate_loses = self.grouped(15, -0.025)
        checks = {check.name: check.passed for check in candidate_loses.checks}
        assert checks["subgroup sex f"] is False
        assert checks["subgroup sex m"] is True

    def test_one_group_of_all_subjects_says_nothing_new(self) -> None:
        assert compare(*pair(WINNING), QUICK, groupings={"device": {}}).subgroups == ()

    def test_a_subject_without_a_group_is_not_dropped(self) -> None:
        decision = compare(*pair(WINNING), QUICK, groupings={"device": {"s000": "A"}})
        assert [(each.group, each.n_subjects) for each in decision.subgroups] == [
            ("A", 1),
            ("not known", 7),
        ]


class TestPreLabels:
    @pytest.mark.parametrize(
        ("differences", "verdict"),
        [
            ([0.0] * 5, Verdict.NOT_WORSE),
            ([-0.005] * 5, Verdict.NOT_WORSE),
            ([-0.02] * 5, Verdict.LOSS),
            ([0.1] * 4, Verdict.NOT_DECIDABLE),
            ([0.05, -0.05, 0.04, -0.06, 0.02, -0.03], Verdict.NOT_DECIDABLE),
            ([], Verdict.NOT_DECIDABLE),
        ],
    )
    def test_truth_table(self, differences: list[float], verdict: Verdict) -> None:
        decision = compare_for_pre_labels(*pair(differences), QUICK)
        assert decision.verdict is verdict
        assert decision.promotes is (verdict is Verdict.NOT_WORSE)
        assert decision.alpha == 0.05

    def test_harm_to_a_class_blocks(self) -> None:
        candidate, current = pair([0.0] * 6)
        lower = {code: value - 0.02 for code, value in current.dice.items()}
        higher = {code: value + 0.02 for code, value in current.dice.items()}
        decision = compare_for_pre_labels(
            replace(candidate, labels={"PL": higher, "PB": lower}),
            replace(current, labels={"PL": current.dice, "PB": current.dice}),
            QUICK,
        )
        assert decision.blocked_by == "class PB"

    def test_more_failures_block(self) -> None:
        candidate, current = pair([0.01] * 6)
        decision = compare_for_pre_labels(replace(candidate, failures={"s000": 1}), current, QUICK)
        assert decision.blocked_by == "failures"

    def test_only_subjects_of_both_count(self) -> None:
        candidate, current = pair([0.01] * 6)
        wider = replace(candidate, dice={**candidate.dice, "new": 0.1}, failures={"new": 3})
        decision = compare_for_pre_labels(wider, current, QUICK)
        assert (decision.verdict, decision.n_subjects) == (Verdict.NOT_WORSE, 6)

    def test_it_spends_no_look(self) -> None:
        assert QUICK.minimum_for_pre_label == 5 < QUICK.minimum_subjects


class TestFirstModel:
    @pytest.mark.parametrize(
        ("values", "verdict"),
        [
            ([0.8, 0.9, 0.7], Verdict.FLOOR_REACHED),
            ([0.8], Verdict.FLOOR_REACHED),
            ([0.79, 0.79], Verdict.FLOOR_MISSED),
            ([0.99, 0.99, 0.99, 0.99, 0.2], Verdict.FLOOR_MISSED),
            ([], Verdict.NOT_DECIDABLE),
        ],
    )
    def test_truth_table(self, values: list[float], verdict: Verdict) -> None:
        decision = first_model(by_subject(values), floor=0.8)
        assert decision.verdict is verdict
        assert decision.promotes is (verdict is Verdict.FLOOR_REACHED)

    def test_numbers(self) -> None:
        decision = first_model(by_subject([0.7, 0.8, 0.9, 0.8, 0.8, 0.75]), floor=0.7)
        assert decision.mean == pytest.approx(0.79167, abs=1e-5)
        assert decision.mean_difference is None
        assert decision.ci95 is not None
        assert decision.ci95[0] < 0.79167 < decision.ci95[1]

    def test_a_wide_interval_misses_the_floor_and_says_so(self) -> None:
        decision = first_model(by_subject([0.95, 0.95, 0.95, 0.95, 0.3]), floor=0.8)
        assert "interval reaches down to" in decision.reason


class TestConfiguration:
    def test_json_both_ways(self) -> None:
        configuration = GateConfiguration(alpha=0.1, looks=4, csa_margin_mm2=12.5)
        stored = json.loads(json.dumps(configuration.as_json()))
        assert GateConfiguration.from_json(stored) == configuration

    @pytest.mark.parametrize(
        "change", [{"format": 2}, {"gamma": 1}, {"alpha": 0.0}, {"alpha": 0.7}, {"looks": 0}]
    )
    def test_what_it_does_not_know_is_refused(self, change: dict[str, Any]) -> None:
        with pytest.raises(InvalidInput):
            GateConfiguration.from_json({**GateConfiguration().as_json(), **change})

    @pytest.mark.parametrize("value", [-0.01, float("nan"), float("inf")])
    def test_margins_are_finite_and_not_negative(self, value: float) -> None:
        with pytest.raises(InvalidInput, match="class_margin"):
            GateConfiguration(class_margin=value)


differences = st.lists(st.floats(-0.2, 0.2).map(lambda value: round(value, 3)), min_size=8,
                       max_size=20)  # fmt: skip


class TestWhatMustNeverMatter:
    @settings(max_examples=60, deadline=None)
    @given(differences, st.randoms(use_true_random=False))
    def test_order_and_names_of_subjects(self, values: list[float], random: Any) -> None:
        shuffled = random.sample(values, len(values))
        one = compare(figures(np.array(values) + 0.5), figures([0.5] * len(values)), QUICK)
        other = compare(figures(np.array(shuffled) + 0.5), figures([0.5] * len(values)), QUICK)
        assert one.verdict is other.verdict
        assert one.p_value == other.p_value

    @settings(max_examples=60, deadline=None)
    @given(differences, st.floats(0.0, 0.3))
    def test_a_gain_for_everybody_never_turns_a_win_into_a_loss(
        self, values: list[float], gain: float
    ) -> None:
        before = compare(*pair(values), QUICK).verdict
        after = compare(*pair(np.array(values) + gain), QUICK).verdict
        worth = {Verdict.LOSS: 0, Verdict.TIE: 1, Verdict.BLOCKED: 1, Verdict.WIN: 2}
        if before is Verdict.WIN:
            assert after is not Verdict.LOSS
        assert not (worth[before] == 2 and worth[after] == 0)

    @settings(max_examples=60, deadline=None)
    @given(differences)
    def test_the_two_models_changing_places_turn_the_verdict_round(
        self, values: list[float]
    ) -> None:
        verdict = compare(*pair(values), QUICK).verdict
        turned = compare(*pair([-value for value in values]), QUICK).verdict
        if verdict is Verdict.WIN:
            assert turned is Verdict.LOSS
        if verdict is Verdict.TIE:
            assert turned is Verdict.TIE

    @settings(max_examples=30, deadline=None)
    @given(differences)
    def test_a_win_is_never_below_zero(self, values: list[float]) -> None:
        decision = compare(*pair(values), QUICK)
        if decision.verdict is Verdict.WIN:
            assert decision.mean_difference is not None
            assert decision.mean_difference > 0

    @settings(max_examples=30, deadline=None)
    @given(differences, st.floats(0.1, 5.0))
    def test_scale(self, values: list[float], scale: float) -> None:
        spread = np.array(values)
        assert shown_above(spread, 0.0, 0.05, QUICK) == shown_above(
            np.round(spread * scale, 12), 0.0, 0.05, QUICK
        )


def test_200_equal_candidates_are_promoted_at_most_alpha() -> None:
    """docs/algorithms/gate.md quotes this: alpha 0.05 would let 10 through."""
    assert equal_candidates_promoted() <= 0.05 * 200


def test_point_estimates_promote_half_of_the_equal_candidates() -> None:
    """What a gate without statistics does; learning.md 5.6 has 50 %."""
    assert 0.43 < ahead_by_chance() < 0.57


def test_the_simulated_power_is_that_of_the_gate_itself() -> None:
    """150 pairs through `compare` against `gate_power` with the spreads of the same pairs."""
    generator = np.random.default_rng(5)
    configuration = GateConfiguration(looks=1, replicates=1000)
    promoted, spreads = 0, []
    for _ in range(150):
        noise = generator.normal(0, 0.03, 19)
        current = generator.normal(0.85, 0.05, 19)
        distance = generator.normal(0, 0.6, (2, 19))
        candidate = figures(current + noise + 0.02, hd95_mm=by_subject(3 + distance[0]))
        serving = figures(current, hd95_mm=by_subject(3 + distance[1]))
        promoted += compare(candidate, serving, configuration).promotes
        spreads.append(spreads_of(candidate, serving, configuration))
    typical = replace(
        spreads[0],
        dice=float(np.mean([one.dice for one in spreads])),
        hd95=float(np.mean([one.hd95 for one in spreads if one.hd95 is not None])),
        heavy_tails=False,
    )
    (simulated,) = gate_power(19, (0.02,), typical, configuration)
    assert promoted / 150 == pytest.approx(simulated, abs=0.1)


def test_the_simulated_power_knows_classes_and_failures() -> None:
    """150 pairs with two classes that part and failures of either model, through `compare`."""
    generator = np.random.default_rng(6)
    configuration = GateConfiguration(looks=1, replicates=500)
    promoted, spreads = 0, []
    for _ in range(150):
        current = generator.normal(0.85, 0.05, 19)
        difference = generator.normal(0.02, 0.03, 19)
        apart = generator.normal(0.0, 0.09, 19)
        candidate = two_classes(current + difference, apart, generator.poisson(0.03, 19))
        serving = two_classes(current, np.zeros(19), generator.poisson(0.03, 19))
        promoted += compare(candidate, serving, configuration).promotes
        spreads.append(spreads_of(candidate, serving, configuration))
    classes = [one.classes.sd for one in spreads if one.classes is not None]
    assert np.mean(classes) == pytest.approx(0.09, rel=0.05)
    typical = replace(
        spreads[0],
        dice=float(np.mean([one.dice for one in spreads])),
        classes=ClassSpread(2, float(np.mean(classes))),
        failures=float(np.mean([one.failures for one in spreads])),
        heavy_tails=False,
    )
    (simulated,) = gate_power(19, (0.02,), typical, configuration)
    (without,) = gate_power(19, (0.02,), replace(typical, classes=None, failures=0), configuration)
    assert promoted / 150 == pytest.approx(simulated, abs=0.1)
    assert without - simulated > 0.2, "or the two rules are not tried here"


def two_classes(dice: np.ndarray, apart: np.ndarray, failures: np.ndarray) -> Figures:
    """Figures whose two classes lie `apart` above and below the Dice of all."""
    return figures(
        dice,
        labels={"PL": by_subject(dice + apart), "PB": by_subject(dice - apart)},
        failures={f"s{index:03}": int(count) for index, count in enumerate(failures)},
    )


class TestMarginsOfMeasurement:
    """docs/algorithms/gate.md, "Where the margins of CSA and MT come from"."""

    GATE = GateConfiguration()

    @pytest.mark.parametrize(
        ("margin", "paired_sd"),
        [(GATE.csa_margin_percent, 4.0), (GATE.mt_margin_percent, 3.5)],
    )
    def test_no_error_that_passes_at_19_subjects_is_more_than_2_percent_larger(
        self, margin: float, paired_sd: float
    ) -> None:
        """learning.md 5.6 allows 2 % of the point; here the end of an interval is judged."""
        half_width = norm.ppf(0.95) * paired_sd / np.sqrt(19)
        assert 1.0 < margin - half_width < 2.0

    def test_they_are_below_the_error_of_one_human_reading(self) -> None:
        """clinical.md: the smallest change that two readings show is 11.5 % of the thickness."""
        standard_error = 11.5 / (1.96 * np.sqrt(2.0))
        assert self.GATE.mt_margin_percent < standard_error

    def test_mm_and_mm2_are_the_per_cents_of_the_smallest_cut_offs(self) -> None:
        """clinical.md: thickness of the rectus femoris 15.9 mm, CSA of the biceps 710 mm2."""
        assert self.GATE.mt_margin_mm == pytest.approx(0.03 * 15.9, rel=0.1)
        assert self.GATE.csa_margin_mm2 == pytest.approx(0.03 * 710, rel=0.1)
