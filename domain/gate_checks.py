"""The rules of the gate one by one, each from per-subject figures to a Check.

docs/algorithms/gate.md gives the rules, their reasons and their defaults.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.bootstrap import MINIMUM_SUBJECTS, mean_interval, percentile_interval, resample_counts
from domain.errors import InvalidInput
from domain.gate_configuration import GateConfiguration
from domain.power import ClassSpread, ErrorSpread, Spreads
from domain.signed_rank import signed_rank_p

BySubject = Mapping[str, float]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Figures:
    """What one model did on one set of references; each {subject: mean over its images}.

    labels: label -> Dice by subject. failures: labels by subject of which exactly one of
    prediction and reference was empty. errors and absolute_errors: quantity (`csa_error_mm2`, ...)
    -> by subject, the mean error and the mean of its absolute value. A subject without a
    calibration is missing from the quantities in mm, one whose muscle the view cuts from both;
    n_cut: `csa` and `mt` -> outlines without an error for that reason. csa_unit: the sign of the
    unit in which words give areas, csa_per_mm2: how many of it make 1 mm².
    """

    dice: BySubject
    labels: Mapping[str, BySubject] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    hd95_mm: BySubject = field(default_factory=dict)
    hd95_px: BySubject = field(default_factory=dict)
    errors: Mapping[str, BySubject] = field(default_factory=dict)
    absolute_errors: Mapping[str, BySubject] = field(default_factory=dict)
    n_cut: Mapping[str, int] = field(default_factory=dict)
    csa_unit: str = "mm²"
    csa_per_mm2: float = 1.0


@dataclass(frozen=True)
class Check:
    """One rule of the gate: what it asks, what was found, whether that holds.

    passed is None where nothing can be said: too few subjects with a value, or (with n_subjects
    0) a quantity that the site does not have. Only the former withholds a win. n_cut: outlines left
    out since the view cuts them.
    """

    name: str
    title: str
    rule: str
    found: str
    passed: bool | None
    n_subjects: int = 0
    value: float | None = None
    bound: float | None = None
    n_cut: int = 0

    @property
    def undecided(self) -> bool:
        """Whether there are values, but too few to judge by."""
        return self.passed is None and self.n_subjects > 0


@dataclass(frozen=True)
class Fact:
    """Something about the two evaluations that must be so before numbers count."""

    title: str
    holds: bool
    found: str = ""


@dataclass(frozen=True)
class Subgroup:
    """The paired difference in one group of subjects; shown always, judged when large."""

    grouping: str
    group: str
    n_subjects: int
    mean_difference: float
    ci95: tuple[float, float] | None
    judged: bool


def shown_above(
    values: Values, bound: float, alpha: float, configuration: GateConfiguration
) -> bool:
    """Whether one value per subject is shown to lie above `bound`, with one-sided error `alpha`.

    Three things at once: the mean is above, the exact signed-rank test of the distances to the
    bound has p < alpha, and the lower end of the 1 - 2 alpha bootstrap interval of the mean is
    above. The exact test keeps the error with few subjects, where the bootstrap is liberal; the
    bootstrap keeps a few large losses from hiding behind many small gains.
    """
    distances = values - bound
    if values.size < MINIMUM_SUBJECTS or not distances.mean() > 0:
        return False
    interval = interval_of(distances, alpha, configuration)
    return interval is not None and interval[0] > 0 and signed_rank_p(distances) < alpha


def paired(candidate: BySubject, current: BySubject) -> Values:
    """Candidate minus current over the subjects of both, sorted by size.

    Sorted, so that neither the order nor the names of subjects matter to a resample.
    """
    shared = {code: candidate[code] - current[code] for code in candidate if code in current}
    return np.sort(values_of(shared))


def spreads_of(candidate: Figures, current: Figures, configuration: GateConfiguration) -> Spreads:
    """The spreads that two evaluations show, for the power of the gate at other gains."""
    check_same(candidate, current)
    distance = _distance(candidate, current, configuration)
    sd = sd_of(paired(candidate.dice, current.dice))
    return Spreads(
        dice=sd,
        dice_between=sd_of(values_of(current.dice)),
        hd95=sd_of(paired(distance.candidate, distance.current)) if distance.candidate else None,
        hd95_margin=distance.margin,
        csa=_error_spread(candidate, current, "csa", configuration),
        mt=_error_spread(candidate, current, "mt", configuration),
        classes=_class_spread(candidate, current),
        failures=_failures_of_one_alone(candidate, current),
    )


def integrity_checks(facts: Iterable[Fact]) -> list[Check]:
    """One check a fact, all named `integrity`."""
    return [
        Check("integrity", fact.title, "must be so", fact.found or ("yes" if fact.holds else "no"),
              fact.holds)
        for fact in facts
    ]  # fmt: skip


def floor_check(
    mean: float, interval: tuple[float, float] | None, n: int, floor: float, lowest: float
) -> Check:
    """A first model against the floor; without an interval (None) the mean alone decides."""
    found = f"mean {mean:.3f}"
    if interval is not None:
        found += f", 95 % interval {interval[0]:.3f} to {interval[1]:.3f}"
    return Check(
        "floor",
        "First model: the site's floor",
        f"mean at least {floor:.3f}, interval from {lowest:.3f}",
        found,
        mean >= floor and (interval is None or interval[0] >= lowest),
        n,
        mean,
        interval[0] if interval else None,
    )


def win_check(difference: Values, alpha: float, configuration: GateConfiguration) -> Check:
    """Better in Dice: `shown_above` 0; not judged below five subjects."""
    rule = f"mean above 0, lower end of the {_percent(alpha)} interval above 0, p < {alpha:.3g}"
    interval = interval_of(difference, alpha, configuration)
    if interval is None:
        return Check("win", "Dice, subject by subject", rule, f"{difference.size} subjects", None,
                     int(difference.size))  # fmt: skip
    mean = float(difference.mean())
    return Check(
        "win",
        "Dice, subject by subject",
        rule,
        f"{signed(mean)}, from {signed(interval[0])}, p = {signed_rank_p(difference):.2g}",
        shown_above(difference, 0.0, alpha, configuration),
        int(difference.size),
        mean,
        interval[0],
    )


def not_worse_check(
    difference: Values, margin: float, alpha: float, configuration: GateConfiguration
) -> Check:
    """Not worse in Dice: `shown_above` minus the margin; not judged below five subjects."""
    lowest = signed(-margin, "g")
    rule = f"lower end of the {_percent(alpha)} interval above {lowest}, p < {alpha:.3g}"
    interval = interval_of(difference, alpha, configuration)
    title = "Dice not worse, subject by subject"
    if interval is None:
        found = f"{difference.size} subjects"
        return Check("not worse", title, rule, found, None, int(difference.size))
    mean = float(difference.mean())
    return Check(
        "not worse",
        title,
        rule,
        f"{signed(mean)}, from {signed(interval[0])}, p = {signed_rank_p(difference + margin):.2g}",
        shown_above(difference, -margin, alpha, configuration),
        int(difference.size),
        mean,
        interval[0],
    )


def harm_checks(
    candidate: Figures, current: Figures, configuration: GateConfiguration
) -> list[Check]:
    """Everything that must hold beside a win: HD95, failures, low tenth, classes, CSA, MT."""
    distance = _distance(candidate, current, configuration)
    return [
        _upper_check("hd95", f"HD95 ({distance.unit})", distance, configuration),
        failures_check(candidate, current),
        _low_tenth_check(candidate, current, configuration.p10_margin),
        *class_checks(candidate, current, configuration.class_margin),
        *_error_checks(candidate, current, "csa", "CSA", configuration),
        *_error_checks(candidate, current, "mt", "MT", configuration),
    ]


def failures_check(candidate: Figures, current: Figures) -> Check:
    """The candidate fails on no more labels and images than the current model."""
    found, before = sum(candidate.failures.values()), sum(current.failures.values())
    return Check(
        "failures",
        "Failures (nothing drawn where there is muscle, or the reverse)",
        f"no more than {before}",
        f"{found}",
        found <= before,
        len(candidate.dice),
        float(found),
        float(before),
    )


def class_checks(candidate: Figures, current: Figures, margin: float) -> list[Check]:
    """One check a class, where the site has several; a single class is the Dice itself."""
    if len(candidate.labels) < 2:
        return []
    return [
        _class_check(label, paired(candidate.labels[label], current.labels[label]), margin)
        for label in candidate.labels
    ]


def subgroups_of(
    candidate: BySubject,
    current: BySubject,
    groupings: Mapping[str, Mapping[str, str]],
    configuration: GateConfiguration,
) -> tuple[Subgroup, ...]:
    """Every group of every grouping; a subject without a group is in `not known`.

    A grouping that puts all subjects into one group says nothing new and is left out.
    """
    return tuple(
        _subgroup(grouping, group, candidate, current, members, configuration)
        for grouping, group_of in groupings.items()
        if len(groups := _members(candidate, group_of)) > 1
        for group, members in groups.items()
    )


def subgroup_checks(groups: Sequence[Subgroup], configuration: GateConfiguration) -> list[Check]:
    """Only groups of `subgroup_minimum` subjects; smaller ones are shown, never judged."""
    margin = configuration.subgroup_margin
    return [
        Check(
            f"subgroup {each.grouping} {each.group}",
            f"Dice in subgroup {each.grouping}: {each.group}",
            f"not down by more than {margin:g}",
            signed(each.mean_difference),
            each.mean_difference >= -margin,
            each.n_subjects,
            each.mean_difference,
            -margin,
        )
        for each in groups
        if each.judged
    ]


def check_same(candidate: Figures, current: Figures) -> None:
    """Raise InvalidInput unless both have the same subjects and labels, all Dice finite."""
    if odd := sorted(set(candidate.dice) ^ set(current.dice)):
        raise InvalidInput(
            f"Subject {odd[0]} was evaluated with one of the two models only: evaluate both on "
            "the same references, then compare."
        )
    if odd := sorted(set(candidate.labels) ^ set(current.labels)):
        raise InvalidInput(
            f"Label {odd[0]} was evaluated with one of the two models only: evaluate both again, "
            "then compare."
        )
    values_of(candidate.dice)
    values_of(current.dice)


def only(figures: Figures, subjects: set[str]) -> Figures:
    """The same figures of these subjects alone."""

    def kept(values: Mapping[str, Any]) -> dict[str, Any]:
        return {code: values[code] for code in values if code in subjects}

    return Figures(
        dice=kept(figures.dice),
        labels={label: kept(values) for label, values in figures.labels.items()},
        failures=kept(figures.failures),
        hd95_mm=kept(figures.hd95_mm),
        hd95_px=kept(figures.hd95_px),
        errors={name: kept(values) for name, values in figures.errors.items()},
        absolute_errors={name: kept(values) for name, values in figures.absolute_errors.items()},
        csa_unit=figures.csa_unit,
        csa_per_mm2=figures.csa_per_mm2,
    )


def interval_of(
    values: Values, tail: float, configuration: GateConfiguration
) -> tuple[float, float] | None:
    """The bootstrap interval of a mean that leaves `tail` out at each end; None below five."""
    return mean_interval(
        values, seed=configuration.seed, replicates=configuration.replicates, tail=tail
    )


def values_of(by_subject: BySubject) -> Values:
    """The values by the order of subject codes. Raises InvalidInput where one is not finite."""
    values = np.array([by_subject[code] for code in sorted(by_subject)], dtype=np.float64)
    _finite(values)
    return values


def signed(value: float, form: str = "+.4f") -> str:
    """A number in words, by a format of Python's, with a minus sign in place of a hyphen."""
    return f"{value:{form}}".replace("-", "\N{MINUS SIGN}")


def sd_of(values: Values) -> float:
    """Sample standard deviation; 0 below two values."""
    return float(values.std(ddof=1)) if values.size > 1 else 0.0


@dataclass(frozen=True)
class _Quantity:
    """A quantity in the unit that the gate judges it in, with its margin."""

    unit: str
    candidate: BySubject
    current: BySubject
    margin: float
    shown: float = 1.0

    def words(self, value: float) -> str:
        """A difference in `unit`, of which `shown` make one of the values' own."""
        return signed(value * self.shown, "+.3g")


def _distance(candidate: Figures, current: Figures, configuration: GateConfiguration) -> _Quantity:
    if _covers(candidate, candidate.hd95_mm, current.hd95_mm):
        return _Quantity("mm", candidate.hd95_mm, current.hd95_mm, configuration.hd95_margin_mm)
    return _Quantity("px", candidate.hd95_px, current.hd95_px, configuration.hd95_margin_px)


def _error_in_unit(
    candidate: Figures, current: Figures, quantity: str, configuration: GateConfiguration
) -> tuple[_Quantity, _Quantity]:
    """Absolute errors and errors of CSA or MT: in mm where all that have one in % have one in mm,
    else in %."""
    unit, name, margin = {
        "csa": (candidate.csa_unit, "csa_error_mm2", configuration.csa_margin_mm2),
        "mt": ("mm", "mt_error_mm", configuration.mt_margin_mm),
    }[quantity]
    shown = candidate.csa_per_mm2 if quantity == "csa" else 1.0
    in_percent = f"{quantity}_error_percent"
    if not _all_in_mm(candidate.errors, current.errors, name, in_percent):
        unit, name, shown = "%", in_percent, 1.0
        margin = (
            configuration.csa_margin_percent
            if quantity == "csa"
            else configuration.mt_margin_percent
        )
    return (
        _Quantity(unit, candidate.absolute_errors.get(name, {}),
                  current.absolute_errors.get(name, {}), margin, shown),
        _Quantity(unit, candidate.errors.get(name, {}), current.errors.get(name, {}), margin,
                  shown),
    )  # fmt: skip


def _covers(figures: Figures, first: BySubject, second: BySubject) -> bool:
    return bool(figures.dice) and set(first) == set(second) == set(figures.dice)


def _all_in_mm(
    candidate: Mapping[str, BySubject], current: Mapping[str, BySubject], mm: str, percent: str
) -> bool:
    """Whether both models have the same subjects in mm, and none in per cent alone."""
    subjects = set(candidate.get(mm, {}))
    in_percent = {*candidate.get(percent, {}), *current.get(percent, {})}
    return bool(subjects) and subjects == set(current.get(mm, {})) and in_percent <= subjects


def _error_checks(
    candidate: Figures,
    current: Figures,
    quantity: str,
    title: str,
    configuration: GateConfiguration,
) -> list[Check]:
    absolute, signed = _error_in_unit(candidate, current, quantity, configuration)
    checks = [
        _upper_check(
            f"{quantity} error", f"{title}: absolute error ({absolute.unit})", absolute,
            configuration,
        ),
        _bias_check(f"{quantity} bias", f"{title}: bias ({signed.unit})", signed, configuration),
    ]  # fmt: skip
    n_cut = candidate.n_cut.get(quantity, 0)
    if not n_cut:
        return checks
    return [
        replace(one, found=f"{one.found}; left out {n_cut} that the view cuts", n_cut=n_cut)
        for one in checks
    ]


def _upper_check(
    name: str, title: str, quantity: _Quantity, configuration: GateConfiguration
) -> Check:
    """The upper end of the interval of the mean difference stays below the margin."""
    difference = paired(quantity.candidate, quantity.current)
    interval = interval_of(difference, configuration.alpha, configuration)
    mean = float(difference.mean()) if difference.size else None
    bound = interval[1] if interval else None
    return _bounded(name, title, quantity, int(difference.size), mean, bound, configuration)


def _bias_check(
    name: str, title: str, quantity: _Quantity, configuration: GateConfiguration
) -> Check:
    """The upper end of the interval of |bias| - |current bias| stays below the margin."""
    pairs = sorted(
        (quantity.candidate[code], quantity.current[code])
        for code in quantity.candidate
        if code in quantity.current
    )
    values = np.array(pairs, dtype=np.float64).reshape(-1, 2)
    _finite(values)
    n = len(values)
    mean = float(np.abs(values.mean(axis=0)) @ (1.0, -1.0)) if n else None
    bound = None
    if n >= MINIMUM_SUBJECTS:
        counts = resample_counts(n, seed=configuration.seed, replicates=configuration.replicates)
        drawn = np.abs(counts @ values / n) @ np.array([1.0, -1.0])
        interval = percentile_interval(drawn, tail=configuration.alpha)
        bound = interval[1] if interval else None
    return _bounded(name, title, quantity, n, mean, bound, configuration)


def _bounded(
    name: str,
    title: str,
    quantity: _Quantity,
    n: int,
    mean: float | None,
    bound: float | None,
    configuration: GateConfiguration,
) -> Check:
    rule = (
        f"upper end of the {_percent(configuration.alpha)} interval of the difference below"
        f" {quantity.margin * quantity.shown:g}"
    )
    if mean is None:
        return Check(name, title, rule, "no value here", None)
    if bound is None:
        found = f"{quantity.words(mean)}, {n} subjects: no interval"
        return Check(name, title, rule, found, None, n, mean)
    found = f"{quantity.words(mean)}, up to {quantity.words(bound)}"
    return Check(name, title, rule, found, bound < quantity.margin, n, mean, bound)


def _low_tenth_check(candidate: Figures, current: Figures, margin: float) -> Check:
    title, rule = "10th percentile of Dice", f"not lower by more than {margin:g}"
    if not candidate.dice:
        return Check("p10", title, rule, "no value here", None)
    found, before = (
        float(np.percentile(values_of(each.dice), 10)) for each in (candidate, current)
    )
    return Check(
        "p10",
        title,
        rule,
        f"{found:.3f}, current {before:.3f}",
        found >= before - margin,
        len(candidate.dice),
        found - before,
        -margin,
    )


def _class_check(label: str, difference: Values, margin: float) -> Check:
    name, title, rule = f"class {label}", f"Dice of {label}", f"not down by more than {margin:g}"
    if not difference.size:
        return Check(name, title, rule, "no value here", None)
    mean = float(difference.mean())
    found = signed(mean)
    return Check(name, title, rule, found, mean >= -margin, int(difference.size), mean, -margin)


def _members(subjects: Iterable[str], group_of: Mapping[str, str]) -> dict[str, list[str]]:
    members: dict[str, list[str]] = {}
    for code in subjects:
        members.setdefault(group_of.get(code) or "not known", []).append(code)
    return {group: members[group] for group in sorted(members)}


def _subgroup(
    grouping: str,
    group: str,
    candidate: BySubject,
    current: BySubject,
    members: Sequence[str],
    configuration: GateConfiguration,
) -> Subgroup:
    difference = paired({code: candidate[code] for code in members}, current)
    return Subgroup(
        grouping,
        group,
        int(difference.size),
        float(difference.mean()),
        interval_of(difference, 0.025, configuration),
        difference.size >= configuration.subgroup_minimum,
    )


def _error_spread(
    candidate: Figures, current: Figures, quantity: str, configuration: GateConfiguration
) -> ErrorSpread | None:
    _, signed = _error_in_unit(candidate, current, quantity, configuration)
    difference = paired(signed.candidate, signed.current)
    if difference.size < 2:
        return None
    return ErrorSpread(sd_of(values_of(signed.current)), sd_of(difference), signed.margin)


def _class_spread(candidate: Figures, current: Figures) -> ClassSpread | None:
    """How the classes' differences part; None for one class, or two subjects without all."""
    labels = list(candidate.labels)
    whole = [
        code
        for code in candidate.dice
        if all(code in each.labels[label] for each in (candidate, current) for label in labels)
    ]
    if len(labels) < 2 or len(whole) < 2:
        return None
    differences = np.array(
        [
            [candidate.labels[label][code] - current.labels[label][code] for code in whole]
            for label in labels
        ]
    )
    apart = differences - differences.mean(axis=0)
    return ClassSpread(len(labels), float(np.sqrt(apart.var(axis=1, ddof=1).mean())))


def _failures_of_one_alone(candidate: Figures, current: Figures) -> float:
    """Failures per subject that one of the two models has and the other has not."""
    alone = sum(
        abs(candidate.failures.get(code, 0) - current.failures.get(code, 0))
        for code in candidate.dice
    )
    return alone / len(candidate.dice) if candidate.dice else 0.0


def _finite(values: Values) -> None:
    if not np.isfinite(values).all():
        raise InvalidInput("Every subject needs a finite value: evaluate the model again.")


def _percent(alpha: float) -> str:
    """The interval whose ends each leave alpha out, in words: 0.05 is `90 %`."""
    return f"{100 * (1 - 2 * alpha):.4g} %"
