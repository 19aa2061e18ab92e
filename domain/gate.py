"""May a candidate model take the current one's place? Paired statistics over subjects.

The rule of today: a site's first model must reach the site's floor; a later one must be better in
the paired per-subject mean, with the whole 95 % bootstrap interval of that mean difference above
zero. docs/algorithms/gate.md gives the reasons and what the rule cannot do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as t_distribution

from domain.bootstrap import REPLICATES, mean_interval
from domain.errors import InvalidInput

MINIMUM_SUBJECTS = 6
"""With five subjects an equal model wins on all of them once in 32 tries, more than the 2.5 %
that the interval promises; with six once in 64."""

POWER = 0.8


class Verdict(StrEnum):
    """What the comparison says; only FLOOR_REACHED and WIN let a model be promoted."""

    FLOOR_REACHED = "floor reached"
    FLOOR_MISSED = "floor missed"
    WIN = "win"
    TIE = "tie"
    LOSS = "loss"
    NOT_DECIDABLE = "not decidable"


PROMOTING = frozenset({Verdict.FLOOR_REACHED, Verdict.WIN})


@dataclass(frozen=True)
class Decision:
    """A verdict with the numbers behind it.

    mean is the candidate's mean over subjects; the three differences are candidate minus current
    and None for a site's first model. ci95 belongs to the mean of a first model and to the mean
    difference of a later one; minimum_detectable_difference is what as many subjects with this
    spread would show in 80 of 100 comparisons.
    """

    verdict: Verdict
    reason: str
    n_subjects: int
    mean: float | None
    mean_difference: float | None = None
    ci95: tuple[float, float] | None = None
    minimum_detectable_difference: float | None = None

    @property
    def promotes(self) -> bool:
        """Whether the rule lets the candidate be promoted."""
        return self.verdict in PROMOTING


def first_model(candidate: Mapping[str, float], floor: float, *, seed: int = 0) -> Decision:
    """A site without a current model: the candidate's mean over subjects must reach the floor.

    candidate: {subject code: mean Dice of the subject's images}, finite. No subject: not
    decidable. The interval is shown; the rule does not use it.
    """
    values = _values(candidate)
    if not values.size:
        return Decision(Verdict.NOT_DECIDABLE, "No subject was evaluated.", 0, None)
    mean = float(values.mean())
    reached = mean >= floor
    return Decision(
        verdict=Verdict.FLOOR_REACHED if reached else Verdict.FLOOR_MISSED,
        reason=f"Mean {mean:.3f} over {values.size} subjects, "
        f"{'at least' if reached else 'below'} the site's floor {floor:.3f}.",
        n_subjects=int(values.size),
        mean=mean,
        ci95=mean_interval(values, seed=seed),
    )


def compare(
    candidate: Mapping[str, float],
    current: Mapping[str, float],
    *,
    seed: int = 0,
    replicates: int = REPLICATES,
) -> Decision:
    """A candidate against the current model on the same subjects, higher being better.

    Both map a subject's code to its mean over the same images. WIN: mean difference above zero
    and its 95 % bootstrap interval too; LOSS: both below; TIE otherwise; NOT_DECIDABLE below
    MINIMUM_SUBJECTS subjects. Equal models tie with the interval (0, 0). Raises InvalidInput
    where the subjects differ or a value is not finite.
    """
    if set(candidate) != set(current):
        odd = sorted(set(candidate) ^ set(current))
        raise InvalidInput(
            f"Subject {odd[0]} was evaluated with one of the two models only: evaluate both on "
            "the same references, then compare."
        )
    mean = float(_values(candidate).mean()) if candidate else None
    differences = _values({code: candidate[code] - current[code] for code in candidate})
    n = int(differences.size)
    difference = float(differences.mean()) if n else None
    if n < MINIMUM_SUBJECTS or difference is None:
        reason = f"{n} subjects are too few to tell two models apart; {MINIMUM_SUBJECTS} at least."
        return Decision(Verdict.NOT_DECIDABLE, reason, n, mean, difference)
    interval = mean_interval(differences, seed=seed, replicates=replicates)
    assert interval is not None, "MINIMUM_SUBJECTS is above the bootstrap's own minimum"
    verdict, reason = _judge(difference, interval)
    detectable = minimum_detectable_difference(differences)
    return Decision(verdict, reason, n, mean, difference, interval, detectable)


def minimum_detectable_difference(differences: NDArray[np.float64]) -> float | None:
    """Mean difference that a paired t-test at 5 % (two-sided) finds with 80 % power.

    (t[n-1, 0.975] + t[n-1, 0.8]) * s / sqrt(n), the usual approximation to the non-central t
    (Chow, Shao & Wang 2008, section 3.2). None for fewer than two differences.
    """
    n = differences.size
    if n < 2:
        return None
    quantiles = float(t_distribution.ppf(0.975, n - 1) + t_distribution.ppf(POWER, n - 1))
    return quantiles * float(differences.std(ddof=1)) / float(np.sqrt(n))


def _values(by_subject: Mapping[str, float]) -> NDArray[np.float64]:
    values = np.array([by_subject[code] for code in sorted(by_subject)], dtype=np.float64)
    if not np.isfinite(values).all():
        raise InvalidInput("Every subject needs a finite value: evaluate the model again.")
    return values


def _judge(difference: float, interval: tuple[float, float]) -> tuple[Verdict, str]:
    low, high = interval
    span = f"{difference:+.4f} (95 % interval {low:+.4f} to {high:+.4f})"
    if difference > 0 and low > 0:
        return Verdict.WIN, f"Better by {span}."
    if difference < 0 and high < 0:
        return Verdict.LOSS, f"Worse by {span}."
    return Verdict.TIE, f"No difference shown: {span}. The current model stays."
