"""What a locked test set of so many subjects can show, before and after it is looked at.

Minimum detectable difference, power of the whole gate by simulation, probability that a claimed
gain is false, and a study planner. Every function is seeded and quick enough for a page.
docs/algorithms/power.md has the formulae and their sources.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm
from scipy.stats import t as t_distribution

from domain.errors import InvalidInput
from domain.signed_rank import null_distribution

if TYPE_CHECKING:
    from domain.gate_configuration import GateConfiguration

POWER = 0.8
PLAUSIBLE_GAINS = (0.005, 0.01, 0.02, 0.03)
"""Gains in Dice that a new model of a site brings, from none that matters to a large one."""

TRIALS = 2_000
"""Simulated comparisons: a power of 50 % is then known to within 2.2 percentage points."""

DRAWS = 200
"""Normal draws in place of the joint bootstrap of two biases in one simulated comparison."""

TAIL_FREEDOM = 4
"""Degrees of freedom of the heavy tails: paired differences of Dice have outliers."""


@dataclass(frozen=True)
class ErrorSpread:
    """How a measurement errs: SD between subjects, SD of the paired difference, gate's margin.

    All three in one unit, mm (mm2 for CSA) or per cent of the reference.
    """

    between: float
    paired: float
    margin: float


@dataclass(frozen=True)
class ClassSpread:
    """A site's classes, two or more: how many, and how their paired differences of Dice part.

    sd: over subjects, of a class's difference about the mean of all classes' differences.
    """

    count: int
    sd: float


@dataclass(frozen=True)
class Spreads:
    """What the simulation takes as known of two models on one site.

    dice and hd95 are SDs of paired per-subject differences, dice_between the SD of Dice between
    subjects. None leaves the check out. failures: per subject, those that one of the two models
    has and the other has not. heavy_tails draws the differences of Dice from a t with 4 degrees of
    freedom, scaled to the same SD, in place of a normal distribution.
    """

    dice: float
    dice_between: float = 0.08
    hd95: float | None = None
    hd95_margin: float = 0.5
    csa: ErrorSpread | None = None
    mt: ErrorSpread | None = None
    classes: ClassSpread | None = None
    failures: float = 0.0
    heavy_tails: bool = True


@dataclass(frozen=True)
class PlanRow:
    """What a lock of n_subjects can find: see `plan`."""

    n_subjects: int
    detectable_difference: float | None
    power: tuple[float, ...]
    csa_bias_half_width: float
    icc_width: float

    @property
    def percent(self) -> tuple[int, ...]:
        """The power in whole per cent."""
        return tuple(round(100 * one) for one in self.power)


def minimum_detectable_difference(
    differences: NDArray[np.float64], alpha: float = 0.025
) -> float | None:
    """Mean difference that a paired t-test at one-sided `alpha` finds with 80 % power.

    None for fewer than two differences; see `detectable_difference`.
    """
    if differences.size < 2:
        return None
    return detectable_difference(differences.size, float(differences.std(ddof=1)), alpha)


def detectable_difference(n_subjects: int, sd: float, alpha: float) -> float:
    """(t[n-1, 1-alpha] + t[n-1, 0.8]) * sd / sqrt(n), the usual approximation.

    To the non-central t (Chow, Shao & Wang 2008, section 3.2). Raises InvalidInput below two
    subjects, for a negative or infinite sd, or an alpha outside 0 to 0.5.
    """
    if n_subjects < 2 or not np.isfinite(sd) or sd < 0 or not 0 < alpha < 0.5:
        raise InvalidInput("Give at least two subjects, an SD of 0 or more and an alpha below 0.5.")
    degrees = n_subjects - 1
    quantiles = float(t_distribution.ppf(1.0 - alpha, degrees) + t_distribution.ppf(POWER, degrees))
    return quantiles * sd / float(np.sqrt(n_subjects))


def false_claim_probability(mean_difference: float, sd: float, n_subjects: int) -> float | None:
    """Probability that a model that did better by this much is none the better.

    P = 1 - T[n-1](sqrt(n) * mean / sd), sd that of the paired differences (Christodoulou et al.
    2025, with a flat prior). Equal models: 0.5. Without spread: 0 for a gain, 1 for a loss. None
    below two subjects.
    """
    if n_subjects < 2:
        return None
    if sd == 0:
        return 0.5 if mean_difference == 0 else float(mean_difference < 0)
    statistic = np.sqrt(n_subjects) * mean_difference / sd
    return float(t_distribution.sf(statistic, n_subjects - 1))


def paired_sd(first: float, second: float, correlation: float) -> float:
    """SD of the difference of two models whose Dice spread so over subjects and correlate so."""
    variance = first**2 + second**2 - 2.0 * first * second * correlation
    return float(np.sqrt(max(variance, 0.0)))


@lru_cache(maxsize=256)
def gate_power(
    n_subjects: int,
    gains: tuple[float, ...],
    spreads: Spreads,
    configuration: GateConfiguration,
    *,
    trials: int = TRIALS,
    seed: int = 0,
) -> tuple[float, ...]:
    """Share of comparisons that the whole measurement gate lets through, for each true gain.

    Draws `trials` pairs of models over n_subjects and applies every rule that has a spread: win,
    10th percentile, classes, failures, HD95, error and bias of CSA and MT. The candidate truly
    errs and fails as much as the current one, and each class gains alike. Subgroups are left out.
    Intervals are the normal limit of the gate's bootstrap. Raises InvalidInput below two subjects
    or two classes.
    """
    if n_subjects < 2:
        raise InvalidInput("The gate compares two models on at least two subjects.")
    if spreads.classes is not None and spreads.classes.count < 2:
        raise InvalidInput("A single class is the Dice itself: give two or more, or none.")
    generator = np.random.default_rng(seed)
    shape = (trials, n_subjects)
    noise = _differences(generator, shape, spreads)
    current = generator.normal(0.0, spreads.dice_between, shape)
    harmless = _harmless(generator, shape, spreads, configuration.alpha)
    lowest = _lowest_class(generator, shape, spreads.classes)
    harmless &= _fails_no_more(generator, shape, spreads.failures)
    return tuple(
        float(
            np.mean(
                _wins(noise + gain, configuration.alpha_per_look)
                & _low_tenth_holds(current, noise + gain, configuration.p10_margin)
                & ((noise + gain).mean(axis=1) + lowest >= -configuration.class_margin)
                & harmless
            )
        )
        for gain in gains
    )


def plan(
    subjects: Sequence[int],
    spreads: Spreads,
    configuration: GateConfiguration,
    *,
    csa_sd: float,
    icc: float,
    readers: int = 2,
    gains: tuple[float, ...] = PLAUSIBLE_GAINS,
) -> list[PlanRow]:
    """What locks of these sizes could show, one row each, before any of them is sealed.

    detectable_difference is that of the gate's level for one look, None where so few subjects
    decide nothing; csa_bias_half_width that of a 95 % interval with this SD of the error between
    subjects, in its unit; icc_width the expected width of a 95 % interval of ICC(A,1).
    """
    return [
        PlanRow(
            n_subjects=n,
            detectable_difference=(
                detectable_difference(n, spreads.dice, configuration.alpha_per_look)
                if n >= configuration.minimum_subjects
                else None
            ),
            power=gate_power(n, gains, spreads, configuration, trials=TRIALS // 4),
            csa_bias_half_width=bias_half_width(n, csa_sd),
            icc_width=icc_width(n, icc, readers),
        )
        for n in subjects
    ]


def bias_half_width(n_subjects: int, sd: float) -> float:
    """Half the width of the 95 % interval of a mean error: t[n-1, 0.975] * sd / sqrt(n)."""
    if n_subjects < 2 or not np.isfinite(sd) or sd < 0:
        raise InvalidInput("Give at least two subjects and an SD of 0 or more.")
    return float(t_distribution.ppf(0.975, n_subjects - 1)) * sd / float(np.sqrt(n_subjects))


def icc_width(n_subjects: int, icc: float, readers: int = 2) -> float:
    """Expected width of the 95 % interval of an ICC.

    sqrt(8 z^2 (1-icc)^2 (1+(k-1) icc)^2 / (k (k-1) (n-1))), k readers (Bonett 2002, Statistics in
    Medicine 21:1331). Raises InvalidInput below two subjects or readers, or an icc outside 0 to 1.
    """
    if n_subjects < 2 or readers < 2 or not 0 <= icc <= 1:
        raise InvalidInput("Give at least two subjects, two readers and an ICC between 0 and 1.")
    k, z = readers, float(norm.ppf(0.975))
    spread = (1.0 - icc) * (1.0 + (k - 1) * icc)
    return float(z * spread * np.sqrt(8.0 / (k * (k - 1) * (n_subjects - 1))))


def _differences(
    generator: np.random.Generator, shape: tuple[int, int], spreads: Spreads
) -> NDArray[np.float64]:
    if not spreads.heavy_tails:
        return generator.normal(0.0, spreads.dice, shape)
    unit = np.sqrt(TAIL_FREEDOM / (TAIL_FREEDOM - 2))
    return spreads.dice / unit * generator.standard_t(TAIL_FREEDOM, shape)


def _wins(differences: NDArray[np.float64], alpha: float) -> NDArray[np.bool_]:
    """Rows (trials, n) of continuous differences in which rank test and mean both show a gain."""
    n = differences.shape[1]
    ranks = np.abs(differences).argsort(axis=1).argsort(axis=1) + 1
    sums = np.where(differences > 0, ranks, 0).sum(axis=1)
    upper_tail = null_distribution(2 * np.arange(1, n + 1))[::-1].cumsum()[::-1]
    return (upper_tail[2 * sums] < alpha) & (-_upper_bound(-differences, alpha) > 0)


def _upper_bound(values: NDArray[np.float64], alpha: float) -> NDArray[np.float64]:
    spread = values.std(axis=1) / np.sqrt(values.shape[1])
    bound: NDArray[np.float64] = values.mean(axis=1) + float(norm.ppf(1.0 - alpha)) * spread
    return bound


def _low_tenth_holds(
    current: NDArray[np.float64], differences: NDArray[np.float64], margin: float
) -> NDArray[np.bool_]:
    before = np.percentile(current, 10, axis=1)
    holds: NDArray[np.bool_] = np.percentile(current + differences, 10, axis=1) >= before - margin
    return holds


def _harmless(
    generator: np.random.Generator, shape: tuple[int, int], spreads: Spreads, alpha: float
) -> NDArray[np.bool_]:
    passed = np.ones(shape[0], np.bool_)
    if spreads.hd95 is not None:
        distances = generator.normal(0.0, spreads.hd95, shape)
        passed &= _upper_bound(distances, alpha) < spreads.hd95_margin
    for error in (spreads.csa, spreads.mt):
        if error is not None:
            passed &= _errs_no_more(generator, shape, error, alpha)
    return passed


def _lowest_class(
    generator: np.random.Generator, shape: tuple[int, int], classes: ClassSpread | None
) -> NDArray[np.float64]:
    """How far the mean difference of the class that does worst lies below that of all, (trials,).

    The classes' means part normally about their own mean: they sum to 0. A single class: 0.
    """
    trials, n = shape
    if classes is None:
        return np.zeros(trials)
    drawn = generator.normal(0.0, classes.sd / np.sqrt(n), (trials, classes.count))
    apart = (drawn - drawn.mean(axis=1, keepdims=True)) * np.sqrt(
        classes.count / (classes.count - 1)
    )
    lowest: NDArray[np.float64] = apart.min(axis=1)
    return lowest


def _fails_no_more(
    generator: np.random.Generator, shape: tuple[int, int], failures: float
) -> NDArray[np.bool_]:
    """Whether at most half of the failures that one model alone has are the candidate's."""
    trials, n = shape
    alone = generator.poisson(failures * n, trials)
    holds: NDArray[np.bool_] = 2 * generator.binomial(alone, 0.5) <= alone
    return holds


def _errs_no_more(
    generator: np.random.Generator, shape: tuple[int, int], error: ErrorSpread, alpha: float
) -> NDArray[np.bool_]:
    """Absolute error and bias of a candidate that truly errs as the current model does."""
    own = error.paired / np.sqrt(2.0)
    shared = generator.normal(0.0, np.sqrt(max(error.between**2 - own**2, 0.0)), shape)
    candidate, current = (shared + generator.normal(0.0, own, shape) for _ in range(2))
    absolute = _upper_bound(np.abs(candidate) - np.abs(current), alpha) < error.margin
    return absolute & (_bias_bound(generator, candidate, current, alpha) < error.margin)


def _bias_bound(
    generator: np.random.Generator,
    candidate: NDArray[np.float64],
    current: NDArray[np.float64],
    alpha: float,
) -> NDArray[np.float64]:
    """Upper bound of |bias of the candidate| - |bias of the current model|, row by row."""
    root = np.sqrt(candidate.shape[1])
    common, apart = (candidate + current) / 2.0, candidate - current
    middle = _drawn_means(generator, common, root)
    half = _drawn_means(generator, apart, root) / 2.0
    drawn = np.abs(middle + half) - np.abs(middle - half)
    bound: NDArray[np.float64] = np.percentile(drawn, 100.0 * (1.0 - alpha), axis=1)
    return bound


def _drawn_means(
    generator: np.random.Generator, values: NDArray[np.float64], root: np.float64
) -> NDArray[np.float64]:
    centre, spread = values.mean(axis=1, keepdims=True), values.std(axis=1, keepdims=True) / root
    drawn: NDArray[np.float64] = centre + spread * generator.normal(size=(len(values), DRAWS))
    return drawn
