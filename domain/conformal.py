"""How far the true Dice may lie from the predicted one, with a promise that is kept.

Split-conformal prediction by subject (Vovk et al. 2005; Lei et al. 2018; one draw per subject:
Dunn, Wasserman & Ramdas 2023). docs/algorithms/conformal.md says what is exchangeable with what,
what the interval promises and what it does not.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy.stats import beta

from domain.errors import InvalidInput

LEVEL = Fraction(9, 10)
"""Nominal coverage; a fraction, so that the rank of a quantile is exact."""

MINIMUM_SUBJECTS = 19
"""With 5 % in each tail the lowest of 19 is the first rank that exists: (19 + 1) * 0.05 = 1."""


@dataclass(frozen=True)
class Outcome:
    """One image that the model had not learnt from: its predicted and its true Dice."""

    subject: str
    image: str
    predicted: float
    true: float

    @property
    def residual(self) -> float:
        return self.true - self.predicted


@dataclass(frozen=True)
class DiceInterval:
    """What is added to a predicted Dice: `low` and `high` for the interval, `shift` for the value.

    n_subjects stand behind it. coverage: the share of images (every subject counting the same)
    whose true Dice lies inside when the subject itself is left out; None below 20 subjects, where
    those that are left have no interval. expected_range: where the coverage of an interval from
    so many subjects lies in 90 of 100 studies.
    """

    low: float
    high: float
    shift: float
    n_subjects: int
    coverage: float | None
    expected_range: tuple[float, float]

    def of(self, predicted: float) -> tuple[float, float, float]:
        """Value, lower and upper end for an image, within 0 to 1."""
        value, low, high = (_unit(predicted + one) for one in (self.shift, self.low, self.high))
        return value, low, high


def interval(outcomes: Sequence[Outcome], level: Fraction = LEVEL) -> DiceInterval | None:
    """The interval from out-of-fold outcomes; None where the subjects are too few for the level.

    One image speaks for each subject: the one whose name has the smallest SHA-256, a draw by
    chance that nobody can choose and that is the same each time. Raises InvalidInput for a Dice
    that is not within 0 to 1, or an image that appears twice.
    """
    _check(outcomes)
    drawn = sorted(_one_per_subject(outcomes), key=lambda one: one.residual)
    n = len(drawn)
    if n < smallest(level):
        return None
    low, high = _ends(drawn, level)
    inside = _upper_rank(n, level) - _lower_rank(n, level)
    least, most = (float(beta.ppf(share, inside, n + 1 - inside)) for share in (0.05, 0.95))
    return DiceInterval(
        low=low,
        high=high,
        shift=float(np.median([one.residual for one in drawn])),
        n_subjects=n,
        coverage=_left_out_coverage(outcomes, drawn, level),
        expected_range=(least, most),
    )


def smallest(level: Fraction = LEVEL) -> int:
    """The fewest subjects from which an interval of this level exists."""
    return math.ceil(2 / (1 - level)) - 1


def left_out_coverage(outcomes: Sequence[Outcome], level: Fraction = LEVEL) -> float | None:
    """The mean over subjects of the share of their images inside the interval of all others."""
    return _left_out_coverage(outcomes, _one_per_subject(outcomes), level)


def _left_out_coverage(
    outcomes: Sequence[Outcome], drawn: Sequence[Outcome], level: Fraction
) -> float | None:
    if len(drawn) - 1 < smallest(level):
        return None
    residuals: defaultdict[str, list[float]] = defaultdict(list)
    for one in outcomes:
        residuals[one.subject].append(one.residual)
    ordered = sorted(drawn, key=lambda one: one.residual)
    shares = []
    for index, one in enumerate(ordered):
        low, high = _ends([*ordered[:index], *ordered[index + 1 :]], level)
        own = residuals[one.subject]
        shares.append(sum(low <= residual <= high for residual in own) / len(own))
    return math.fsum(shares) / len(shares)


def _ends(ordered: Sequence[Outcome], level: Fraction) -> tuple[float, float]:
    """The interval of outcomes in the order of their residuals, at least `smallest` of them."""
    n = len(ordered)
    return (
        ordered[_lower_rank(n, level) - 1].residual,
        ordered[_upper_rank(n, level) - 1].residual,
    )


def _lower_rank(n: int, level: Fraction) -> int:
    return math.floor((n + 1) * (1 - level) / 2)


def _upper_rank(n: int, level: Fraction) -> int:
    return math.ceil((n + 1) * (1 + level) / 2)


def _one_per_subject(outcomes: Sequence[Outcome]) -> list[Outcome]:
    chosen: dict[str, tuple[str, Outcome]] = {}
    for one in outcomes:
        lot = hashlib.sha256(one.image.encode()).hexdigest()
        if one.subject not in chosen or lot < chosen[one.subject][0]:
            chosen[one.subject] = (lot, one)
    return [chosen[subject][1] for subject in sorted(chosen)]


def _check(outcomes: Sequence[Outcome]) -> None:
    if len({one.image for one in outcomes}) < len(outcomes):
        raise InvalidInput("An image stands twice among the outcomes of a model.")
    if any(not 0 <= value <= 1 for one in outcomes for value in (one.predicted, one.true)):
        raise InvalidInput("A Dice, predicted or true, lies within 0 to 1.")


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value))
