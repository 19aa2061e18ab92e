"""Bias, limits of agreement and SEM where subjects were read several times, with their intervals.

Scans of one subject are alike, so the limits add the variance between subjects and that within
them (Bland & Altman 2007, Journal of Biopharmaceutical Statistics 17:571), and each interval is
put together from Student's t and chi-squared by MOVER, the method of variance estimates recovery
(Zou 2013, Statistical Methods in Medical Research 22:630). With one scan a subject these are the
classical limits. docs/algorithms/agreement.md has the formulae and how well the intervals cover.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import helmert
from scipy.special import chdtri, fdtri, stdtrit

from domain.bootstrap import MINIMUM_SUBJECTS
from domain.errors import InvalidInput
from domain.estimate import Estimate

NORMAL_QUANTILE = 1.96
"""Two-sided 95 % point of the normal distribution, as in Bland & Altman 1986."""

TOO_FEW_SUBJECTS = f"fewer than {MINIMUM_SUBJECTS} subjects"
TAIL = 0.025

Bounds = tuple[float, float]


@dataclass(frozen=True)
class Limits:
    """Bias and 95 % limits of agreement, in the unit of the differences.

    Each is empty, with the reason, below five subjects.
    """

    n_values: int
    n_subjects: int
    bias: Estimate
    lower: Estimate
    upper: Estimate

    def times(self, factor: float) -> Limits:
        """The same in another unit, `factor` > 0 of which make one of this."""
        shown = (one.times(factor) for one in (self.bias, self.lower, self.upper))
        return Limits(self.n_values, self.n_subjects, *shown)


def limits_of_agreement(
    differences: Sequence[float] | NDArray[np.float64], subjects: Sequence[str]
) -> Limits:
    """Bias and limits of agreement of differences, one finite value and subject code a scan.

    With k subjects of m_i scans, N in all: s_w2 = sum (d_ij - mean_i)^2 / (N - k), m_h =
    k / sum(1/m_i), s2 = Var(mean_i) + (1 - 1/m_h) s_w2; bias = mean(mean_i), limits bias -+ 1.96 s.
    Raises InvalidInput where the lengths differ or a value is not finite.
    """
    values = np.asarray(differences, dtype=np.float64)
    n_subjects = len(set(subjects))
    if n_subjects < MINIMUM_SUBJECTS:
        _checked(values[:, None], subjects)
        none = Estimate(None, None, TOO_FEW_SUBJECTS)
        return Limits(len(values), n_subjects, none, none, none)
    repeated = _Repeated.of(values[:, None], subjects)
    bias = float(repeated.mean[0])
    margin = repeated.margin_of_mean()
    spread = sqrt(repeated.variance)
    least, most = (sqrt(bound) for bound in repeated.bounds_of_variance())
    outward = sqrt(margin**2 + (NORMAL_QUANTILE * (most - spread)) ** 2)
    inward = sqrt(margin**2 + (NORMAL_QUANTILE * (spread - least)) ** 2)
    lower, upper = bias - NORMAL_QUANTILE * spread, bias + NORMAL_QUANTILE * spread
    return Limits(
        len(values),
        n_subjects,
        Estimate(bias, (bias - margin, bias + margin)),
        Estimate(lower, (lower - outward, lower + inward)),
        Estimate(upper, (upper - inward, upper + outward)),
    )


def standard_error_of_measurement(
    readings: NDArray[np.float64], subjects: Sequence[str]
) -> Estimate:
    """SEM = sqrt(reader variance + error variance), in the unit of the readings.

    readings: shape (n_scans, n_readers), at least two readers, finite. The agreement form (de Vet
    et al. 2006, Journal of Clinical Epidemiology 59:1033): readers who differ systematically are
    part of the error; the readers are those at hand, not a sample of others. The error has a part
    that a subject's scans share and one of each scan, added as for the limits. A negative reader
    variance counts as 0. Empty below five subjects.
    """
    if readings.ndim != 2 or readings.shape[1] < 2:
        raise InvalidInput("An error of measurement needs the readings of at least two readers.")
    # Orthonormal contrasts between readers: each has the error variance, none the subject's.
    deviations = readings - readings.mean(axis=1, keepdims=True)
    contrasts = deviations @ helmert(readings.shape[1]).T
    if len(set(subjects)) < MINIMUM_SUBJECTS:
        _checked(contrasts, subjects)
        return Estimate(None, None, TOO_FEW_SUBJECTS)
    repeated = _Repeated.of(contrasts, subjects)
    readers = repeated.square_of_mean()
    readers_low, readers_high = repeated.bounds_of_square_of_mean()
    error_low, error_high = repeated.bounds_of_variance()
    variance = readers + repeated.variance
    low = variance - sqrt((readers - readers_low) ** 2 + (repeated.variance - error_low) ** 2)
    high = variance + sqrt((readers_high - readers) ** 2 + (error_high - repeated.variance) ** 2)
    return Estimate(sqrt(variance), (sqrt(max(low, 0.0)), sqrt(high)))


def minimal_detectable_change(sem: float) -> float:
    """MDC95 = 1.96 * sqrt(2) * SEM: a smaller change between two readings may be reading error."""
    return NORMAL_QUANTILE * sqrt(2.0) * sem


def _checked(values: NDArray[np.float64], subjects: Sequence[str]) -> None:
    if len(values) != len(subjects):
        raise InvalidInput(f"{len(values)} scans but {len(subjects)} subject codes: give one each.")
    if not np.isfinite(values).all():
        raise InvalidInput("Agreement needs a finite value of every scan.")


@dataclass(frozen=True)
class _Repeated:
    """Values of the same variance in q columns, repeated within subjects.

    mean: (q,), over the subjects' means. between: Var(mean_i); within: s_w2, 0 with one scan a
    subject; both are averaged over the columns and have q times one column's degrees of freedom.
    """

    mean: NDArray[np.float64]
    between: float
    within: float
    n_subjects: int
    share_within: float
    df_between: int
    df_within: int

    @classmethod
    def of(cls, values: NDArray[np.float64], subjects: Sequence[str]) -> _Repeated:
        _checked(values, subjects)
        codes, index, sizes = np.unique(
            np.asarray(subjects, dtype=np.str_), return_inverse=True, return_counts=True
        )
        n, k, columns = len(values), len(codes), values.shape[1]
        means = np.zeros((k, columns))
        np.add.at(means, index, values)
        means /= sizes[:, None]
        df_within = columns * (n - k)
        squares = float(((values - means[index]) ** 2).sum())
        return cls(
            mean=means.mean(axis=0),
            between=float(means.var(axis=0, ddof=1).mean()),
            within=squares / df_within if df_within else 0.0,
            n_subjects=k,
            share_within=1.0 - float((1.0 / sizes).mean()),
            df_between=columns * (k - 1),
            df_within=df_within,
        )

    @property
    def variance(self) -> float:
        """Of one value of one scan of one subject, s2."""
        return self.between + self.share_within * self.within

    def bounds_of_variance(self) -> Bounds:
        """Its 95 % interval: MOVER of two independent mean squares."""
        parts = [(self.between, self.df_between)]
        if self.df_within:
            parts.append((self.share_within * self.within, self.df_within))
        below = sum((part * (1 - df / chdtri(df, TAIL))) ** 2 for part, df in parts)
        above = sum((part * (df / chdtri(df, 1 - TAIL) - 1)) ** 2 for part, df in parts)
        return max(self.variance - sqrt(below), 0.0), self.variance + sqrt(above)

    def margin_of_mean(self) -> float:
        """Half the 95 % interval of the mean of a single column, by Student's t."""
        t = float(stdtrit(self.df_between, 1 - TAIL))
        return t * sqrt(self.between / self.n_subjects)

    def square_of_mean(self) -> float:
        """The columns' mean squared true mean, without what chance adds; at least 0."""
        chance = self.between / self.n_subjects
        return max(float((self.mean**2).mean()) - chance, 0.0)

    def bounds_of_square_of_mean(self) -> Bounds:
        """Its 95 % interval: all means in the ball that F allows around those found.

        For one column F is the square of Student's t.
        """
        f = float(fdtri(len(self.mean), self.df_between, 1 - 2 * TAIL))
        radius = sqrt(f * self.between / self.n_subjects)
        found = sqrt(float((self.mean**2).mean()))
        return max(found - radius, 0.0) ** 2, (found + radius) ** 2
