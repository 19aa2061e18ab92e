"""May a candidate model take the current one's place? Paired statistics over subjects.

Two proofs. Measurement rests on the locked test set: the candidate must win in Dice, subject by
subject, at a level divided by the looks that the lock allows, and must harm nothing (HD95,
failures, the low tenth, any class, error and bias of CSA and thickness, large subgroups).
Pre-labels rest on the development subjects: not worse, and no harm to a class. A site's first
model must reach the site's floor. docs/algorithms/gate.md gives each rule, reason and test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from domain.gate_checks import (
    BySubject,
    Check,
    Fact,
    Figures,
    Subgroup,
    Values,
    check_same,
    class_checks,
    failures_check,
    floor_check,
    harm_checks,
    integrity_checks,
    interval_of,
    not_worse_check,
    only,
    paired,
    sd_of,
    shown_above,
    signed,
    spreads_of,
    subgroup_checks,
    subgroups_of,
    values_of,
    win_check,
)
from domain.gate_configuration import GateConfiguration
from domain.power import false_claim_probability, minimum_detectable_difference
from domain.signed_rank import signed_rank_p, smallest_p

__all__ = [
    "PROMOTING",
    "Check",
    "Decision",
    "Fact",
    "Figures",
    "GateConfiguration",
    "Subgroup",
    "Verdict",
    "compare",
    "compare_for_pre_labels",
    "first_model",
    "spreads_of",
]


class Verdict(StrEnum):
    """What the comparison says; PROMOTING holds those that let a model be promoted."""

    FLOOR_REACHED = "floor reached"
    FLOOR_MISSED = "floor missed"
    WIN = "win"
    NOT_WORSE = "not worse"
    TIE = "tie"
    LOSS = "loss"
    NOT_DECIDABLE = "not decidable"
    BLOCKED = "blocked"


PROMOTING = frozenset({Verdict.FLOOR_REACHED, Verdict.WIN, Verdict.NOT_WORSE})


@dataclass(frozen=True)
class Decision:
    """A verdict with the numbers behind it.

    mean is the candidate's mean over subjects; the differences are candidate minus current and
    None for a site's first model. ci95 belongs to the mean of a first model and to the mean
    difference of a later one. alpha is the level of this decision; p_value that of the exact
    signed-rank test. minimum_detectable_difference is what as many subjects with this spread
    would show at that level in 80 of 100 comparisons; false_claim_probability that a model which
    did so well is none the better. blocked_by names the check behind BLOCKED.
    """

    verdict: Verdict
    reason: str
    n_subjects: int
    mean: float | None
    mean_difference: float | None = None
    ci95: tuple[float, float] | None = None
    minimum_detectable_difference: float | None = None
    p_value: float | None = None
    alpha: float | None = None
    false_claim_probability: float | None = None
    blocked_by: str = ""
    checks: tuple[Check, ...] = ()
    subgroups: tuple[Subgroup, ...] = ()

    @property
    def promotes(self) -> bool:
        """Whether the rule lets the candidate be promoted."""
        return self.verdict in PROMOTING


def first_model(
    candidate: BySubject,
    floor: float,
    configuration: GateConfiguration | None = None,
    *,
    facts: Sequence[Fact] = (),
) -> Decision:
    """A site without a current model: the candidate's mean over subjects must reach the floor.

    candidate: {subject code: mean Dice of the subject's images}, finite. From five subjects on
    the lower end of the 95 % interval must also be no more than `floor_slack` below the floor;
    with fewer there is no interval, and the mean alone decides. No subject: not decidable.
    """
    configuration = configuration or GateConfiguration()
    values = values_of(candidate)
    checks = tuple(integrity_checks(facts))
    if not values.size:
        return Decision(Verdict.NOT_DECIDABLE, "No subject was evaluated.", 0, None, checks=checks)
    mean = float(values.mean())
    interval = interval_of(values, 0.025, configuration)
    lowest = floor - configuration.floor_slack
    reached = mean >= floor and (interval is None or interval[0] >= lowest)
    decision = Decision(
        verdict=Verdict.FLOOR_REACHED if reached else Verdict.FLOOR_MISSED,
        reason=_floor_reason(mean, interval, values.size, floor, lowest),
        n_subjects=int(values.size),
        mean=mean,
        ci95=interval,
        checks=(*checks, floor_check(mean, interval, values.size, floor, lowest)),
    )
    return _unless_broken(decision)


def compare(
    candidate: Figures,
    current: Figures,
    configuration: GateConfiguration | None = None,
    *,
    facts: Sequence[Fact] = (),
    groupings: Mapping[str, Mapping[str, str]] | None = None,
) -> Decision:
    """The measurement gate: a candidate against the current model on the same locked subjects.

    WIN: better in Dice (`shown_above` 0 at alpha_per_look) and every check of harm holds. LOSS:
    shown worse at the same level. TIE: neither. BLOCKED: the evaluations cannot be compared, or a
    win that harms. NOT_DECIDABLE: too few subjects for any win, or for a check of one. groupings:
    {"sex": {subject: group}}. Raises InvalidInput where the subjects or labels of the two differ
    or a value is not finite.
    """
    configuration = configuration or GateConfiguration()
    check_same(candidate, current)
    difference = paired(candidate.dice, current.dice)
    groups = subgroups_of(candidate.dice, current.dice, groupings or {}, configuration)
    alpha = configuration.alpha_per_look
    checks = (
        *integrity_checks(facts),
        win_check(difference, alpha, configuration),
        *harm_checks(candidate, current, configuration),
        *subgroup_checks(groups, configuration),
    )
    numbers = _numbers(candidate, difference, alpha, configuration)
    verdict, reason, blocked_by = _judge_win(difference, alpha, checks, configuration)
    return _unless_broken(
        Decision(verdict, reason, checks=checks, subgroups=groups, blocked_by=blocked_by, **numbers)
    )


def compare_for_pre_labels(
    candidate: Figures,
    current: Figures,
    configuration: GateConfiguration | None = None,
    *,
    facts: Sequence[Fact] = (),
) -> Decision:
    """The development gate: may the candidate make pre-labels in the current model's place?

    On subjects that both have, out of fold. NOT_WORSE: its mean Dice is shown to be less than
    `noninferiority_margin` below (at alpha, no look is spent), no class is down by more than
    `class_margin`, and it fails no more often. BLOCKED by a class or by failures; LOSS where it
    is shown worse; NOT_DECIDABLE otherwise. It claims no gain. Subjects of one model only are
    left out; raises InvalidInput for a value that is not finite.
    """
    configuration = configuration or GateConfiguration()
    shared = set(candidate.dice) & set(current.dice)
    candidate, current = only(candidate, shared), only(current, shared)
    check_same(candidate, current)
    difference = paired(candidate.dice, current.dice)
    margin, alpha = configuration.noninferiority_margin, configuration.alpha
    checks = (
        *integrity_checks(facts),
        not_worse_check(difference, margin, alpha, configuration),
        failures_check(candidate, current),
        *class_checks(candidate, current, configuration.class_margin),
    )
    numbers = _numbers(candidate, difference, alpha, configuration)
    verdict, reason, blocked_by = _judge_not_worse(difference, checks, configuration)
    return _unless_broken(
        Decision(verdict, reason, checks=checks, blocked_by=blocked_by, **numbers)
    )


def _unless_broken(decision: Decision) -> Decision:
    """BLOCKED in place of any verdict where a fact does not hold."""
    broken = [each for each in decision.checks if each.name == "integrity" and not each.passed]
    if not broken:
        return decision
    title, found = broken[0].title, broken[0].found
    reason = f"The numbers do not count. {title}: {found if found == 'no' else f'no ({found})'}."
    return replace(decision, verdict=Verdict.BLOCKED, reason=reason, blocked_by="integrity")


def _floor_reason(
    mean: float, interval: tuple[float, float] | None, n: int, floor: float, lowest: float
) -> str:
    start = f"Mean {mean:.3f} over {n} subject{'s' if n != 1 else ''}, "
    if mean < floor:
        return f"{start}below the site's floor {floor:.3f}."
    if interval is not None and interval[0] < lowest:
        return (
            f"{start}at least the site's floor {floor:.3f}, but its 95 % interval reaches down to "
            f"{interval[0]:.3f}, below {lowest:.3f}: approve more subjects, or train on more."
        )
    return f"{start}at least the site's floor {floor:.3f}."


def _numbers(
    candidate: Figures, difference: Values, alpha: float, configuration: GateConfiguration
) -> dict[str, Any]:
    n = int(difference.size)
    mean = float(difference.mean()) if n else None
    return {
        "n_subjects": n,
        "mean": float(values_of(candidate.dice).mean()) if n else None,
        "mean_difference": mean,
        "ci95": interval_of(difference, 0.025, configuration),
        "minimum_detectable_difference": minimum_detectable_difference(difference, alpha),
        "p_value": signed_rank_p(difference) if n else None,
        "alpha": alpha,
        "false_claim_probability": (
            None if mean is None else false_claim_probability(mean, sd_of(difference), n)
        ),
    }


def _judge_win(
    difference: Values, alpha: float, checks: Sequence[Check], configuration: GateConfiguration
) -> tuple[Verdict, str, str]:
    n = int(difference.size)
    if n < configuration.minimum_subjects:
        return Verdict.NOT_DECIDABLE, _too_few(n, configuration.minimum_subjects, alpha), ""
    span = _span(difference, configuration)
    if shown_above(-difference, 0.0, alpha, configuration):
        return Verdict.LOSS, f"Worse by {span}.", ""
    if not shown_above(difference, 0.0, alpha, configuration):
        return Verdict.TIE, f"No difference shown: {span}. The current model stays.", ""
    return _unless_harmful(Verdict.WIN, f"Better by {span}.", checks)


def _judge_not_worse(
    difference: Values, checks: Sequence[Check], configuration: GateConfiguration
) -> tuple[Verdict, str, str]:
    n, alpha = int(difference.size), configuration.alpha
    if n < configuration.minimum_for_pre_label:
        return Verdict.NOT_DECIDABLE, _too_few(n, configuration.minimum_for_pre_label, alpha), ""
    margin, span = configuration.noninferiority_margin, _span(difference, configuration)
    if shown_above(difference, -margin, alpha, configuration):
        reason = f"Not worse by {margin:g} or more on the development subjects: {span}."
        return _unless_harmful(Verdict.NOT_WORSE, reason, checks)
    if shown_above(-difference, 0.0, alpha, configuration):
        return Verdict.LOSS, f"Worse on the development subjects by {span}.", ""
    return (
        Verdict.NOT_DECIDABLE,
        f"It may be worse by {margin:g} or more: {span}. Approve more subjects,"
        " then compare again.",
        "",
    )


def _unless_harmful(
    verdict: Verdict, reason: str, checks: Sequence[Check]
) -> tuple[Verdict, str, str]:
    harm = next((each for each in checks if each.passed is False), None)
    if harm is not None:
        return Verdict.BLOCKED, f"{reason} But {_harm_words(harm)}.", harm.name
    unknown = next((each for each in checks if each.undecided), None)
    if unknown is not None:
        return Verdict.NOT_DECIDABLE, f"{reason} But {_harm_words(unknown)}.", ""
    return verdict, reason, ""


def _harm_words(check: Check) -> str:
    return f"{check.title}: {check.found} (asked: {check.rule})"


def _too_few(n: int, least: int, alpha: float) -> str:
    return (
        f"{n} subject{'s are' if n != 1 else ' is'} too few to tell two models apart: even a model"
        f" that is better on each of them has p = {smallest_p(n):.2g}, and {alpha:.3g} is asked"
        f" for. At least {least} are needed."
    )


def _span(difference: Values, configuration: GateConfiguration) -> str:
    mean, interval = float(difference.mean()), interval_of(difference, 0.025, configuration)
    low, high = interval if interval else (mean, mean)
    return f"{signed(mean)} (95 % interval {signed(low)} to {signed(high)})"
