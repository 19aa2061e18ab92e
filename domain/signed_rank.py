"""The exact one-sided Wilcoxon signed-rank test, with ties and zeros.

scipy's exact distribution holds without ties and zeros only; differences of Dice have both, for
example where two models draw the same outline. Here the distribution is that of all 2^n signs
given the ranks that were seen. docs/algorithms/gate.md says which rank a zero gets, and why.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from domain.errors import InvalidInput

DECIMALS = 9
"""Differences are rounded to as many places, so that 0.8 - 0.7 ties with 0.3 - 0.2."""


def signed_rank_p(differences: NDArray[np.float64]) -> float:
    """Probability, under a distribution symmetric about 0, of a rank sum as high as this one.

    differences: one finite number per subject. Ties get their mean rank. Zeros are ranked with
    the others and then leave the sum (Pratt 1959, JASA 54:655). No difference but 0: 1.0. Exact
    for any n: the distribution of the sum is convolved over the ranks seen. Raises InvalidInput
    for a value that is not finite.
    """
    if differences.ndim != 1 or not np.isfinite(differences).all():
        raise InvalidInput("A signed-rank test needs one finite difference per subject.")
    rounded = np.round(differences, DECIMALS)
    ranks = _doubled_ranks(rounded)
    observed = int(ranks[rounded > 0].sum())
    return float(null_distribution(ranks[rounded != 0])[observed:].sum())


def null_distribution(doubled_ranks: NDArray[np.int64]) -> NDArray[np.float64]:
    """P(sum of the doubled ranks with a positive sign = 0, 1, 2, ...), every sign a fair coin."""
    probability = np.zeros(int(doubled_ranks.sum()) + 1)
    probability[0] = 1.0
    for rank in doubled_ranks:
        positive = np.zeros_like(probability)
        positive[rank:] = probability[: probability.size - rank]
        probability = (probability + positive) / 2.0
    return probability


def smallest_p(n_subjects: int) -> float:
    """The p of a candidate that is better on every subject: 2^-n."""
    return float(0.5**n_subjects)


def _doubled_ranks(differences: NDArray[np.float64]) -> NDArray[np.int64]:
    """Twice the mean rank of each absolute difference, an integer."""
    if not differences.size:
        return np.zeros(0, np.int64)
    return np.rint(2.0 * rankdata(np.abs(differences))).astype(np.int64)
