"""What a scan costs the people who outline it, and how much of a pre-label they keep.

Images of one subject are not independent: every figure is over subjects, each of which counts
once, whatever the number of its images. docs/algorithms/evidence.md says what the figures can and
cannot show.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from statistics import fmean, median

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, binom

from domain.bootstrap import MINIMUM_SUBJECTS, TAIL, mean_interval
from domain.errors import InvalidInput
from domain.estimate import Estimate

SEED = 0
LEAST_FOR_A_MEDIAN = 6
"""With five subjects even smallest and largest enclose a median in 94 % only: 1 - 2 (1/2)^5."""


def by_subject(
    values: Sequence[float],
    subjects: Sequence[str],
    summary: Callable[[Sequence[float]], float] = fmean,
) -> NDArray[np.float64]:
    """One figure for each subject, in ascending order.

    values: one finite number per image; subjects: whose image it is. Raises InvalidInput where the
    two differ in length or a value is not finite.
    """
    if len(values) != len(subjects):
        raise InvalidInput("Give one subject for each value.")
    if not np.isfinite(np.asarray(values, dtype=np.float64)).all():
        raise InvalidInput("Each value must be a finite number.")
    groups: defaultdict[str, list[float]] = defaultdict(list)
    for value, subject in zip(values, subjects, strict=True):
        groups[subject].append(float(value))
    return np.sort([summary(group) for group in groups.values()])


def median_of(values: Sequence[float], subjects: Sequence[str]) -> Estimate:
    """Median over subjects of each subject's median, with its exact 95 % interval.

    The interval runs from the k-th smallest to the k-th largest subject, k the largest with
    2 P(Binomial(n, 1/2) < k) <= 5 % (Hahn & Meeker 1991, section 5.2). It holds for any
    distribution; a bootstrap interval of a median does not (BRIDGE 2025). None below six subjects.
    """
    ordered = by_subject(values, subjects, median)
    n = ordered.size
    if n == 0:
        return Estimate(None, reason="no scan yet")
    centre = float(np.median(ordered))
    if n < LEAST_FOR_A_MEDIAN:
        return Estimate(centre, reason=_too_few(LEAST_FOR_A_MEDIAN, n))
    depth = int(binom.ppf(TAIL, n, 0.5))
    rank = depth + 1 if binom.cdf(depth, n, 0.5) <= TAIL else depth
    return Estimate(centre, (float(ordered[rank - 1]), float(ordered[n - rank])))


def mean_of(values: Sequence[float], subjects: Sequence[str]) -> Estimate:
    """Mean over subjects of each subject's mean, with its bootstrap interval over subjects.

    `domain.bootstrap.mean_interval`; none below five subjects.
    """
    means = by_subject(values, subjects)
    if means.size == 0:
        return Estimate(None, reason="no scan yet")
    interval = mean_interval(means, seed=SEED)
    reason = "" if interval else _too_few(MINIMUM_SUBJECTS, means.size)
    return Estimate(float(means.mean()), interval, reason)


def share_of(flags: Sequence[bool], subjects: Sequence[str]) -> Estimate:
    """Mean over subjects of the share of their images for which the flag is set.

    The interval is Clopper and Pearson's (1934) at the number of *subjects* and the sum of their
    shares, which need not be whole (as Korn & Graubard 1998): a subject's share varies at most as
    much as one that is all or nothing, so it is never too narrow. A bootstrap would have no width
    where all subjects agree.
    """
    shares = by_subject([float(flag) for flag in flags], subjects)
    n, total = shares.size, float(shares.sum())
    if n == 0:
        return Estimate(None, reason="no scan yet")
    low = float(beta.ppf(TAIL, total, n - total + 1)) if total > 0 else 0.0
    high = float(beta.ppf(1 - TAIL, total + 1, n - total)) if total < n else 1.0
    return Estimate(total / n, (low, high))


def _too_few(least: int, n: int) -> str:
    return f"no interval below {least} subjects, and there {'is' if n == 1 else 'are'} {n}"
