"""Has what comes in, what the model says or what people correct changed since the model learnt?

Three pure parts: an EWMA chart of the correction Dice, a comparison of a window of scans with a
reference feature by feature, and the statistics of one picture. docs/algorithms/drift.md argues
the limits; tests/domain/test_drift.py counts the false alarms.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from scipy.stats import chi2, ks_2samp
from scipy.stats import t as t_distribution

from domain.errors import InvalidInput

WEIGHT = 0.1
"""Of the newest value. Small weights are robust where values are skewed (Borror, Montgomery &
Runger 1999)."""

REFERENCE_SIZE = 20
"""Corrections that make a chart's reference before anything is watched."""

TAIL = 0.002
"""Chance of one value below its limit by chance: 1 to 4 of 100 charts in 100 values (tested)."""

AS_GOOD_AS_UNCHANGED = 0.98
"""Dice from here on counts as this: a stroke more or less is no news."""

SMALLEST_DEVIATION = 0.5
"""Of logits: twenty pre-labels accepted unchanged have no spread of their own."""

FEWEST_WATCHED = 5
"""Values after the reference before there is an alarm: one bad scan is no drift."""

BINS = 5
MATERIAL = 0.25
"""The PSI from which a shift counts as large, by the usual rule of credit scoring (0.1, 0.25)."""

RATE = 0.01
"""False discovery rate over the features of one comparison."""

SMALLEST_REFERENCE, SMALLEST_WINDOW = 15, 8
"""Subjects; with fewer no comparison of distributions is made."""

SPECKLE_PX = 7


@dataclass(frozen=True)
class Chart:
    """An EWMA of correction Dice with its lower limit, value by value after the reference.

    All in Dice. `n_reference` values made the reference; with fewer than REFERENCE_SIZE there is
    no `centre` and nothing is watched. `is_low`: the newest average, of FEWEST_WATCHED values or
    more, lies below its limit.
    """

    n_reference: int
    centre: float | None
    average: tuple[float, ...]
    limit: tuple[float, ...]

    @property
    def is_low(self) -> bool:
        return len(self.average) >= FEWEST_WATCHED and self.average[-1] < self.limit[-1]


def chart(reference: Sequence[float], values: Sequence[float], *, charts: int = 1) -> Chart:
    """Watch `values` (Dice, oldest first) against the `reference` values before them.

    On logits, where the long lower tail of Dice is nearly even: z_i = w x_i + (1 - w) z_(i-1),
    z_0 the reference's mean; limit z_0 - L s sqrt(w / (2 - w) (1 - (1 - w)^2i) + (1 - (1 -
    w)^i)^2 / m) with m reference values of deviation s and L the t quantile of TAIL / charts: the
    second term is the mean's own error, without which twenty reference values alarm too often.
    `charts` is how many are watched together.
    """
    _check_dice([*reference, *values])
    if len(reference) < REFERENCE_SIZE:
        return Chart(len(reference), None, (), ())
    known = _logit(reference)
    centre, m = float(known.mean()), known.size
    deviation = max(float(known.std(ddof=1)), SMALLEST_DEVIATION)
    width = float(t_distribution.ppf(1 - TAIL / charts, m - 1)) * deviation
    average, limit, z = [], [], 0.0
    for index, value in enumerate(_logit(values), start=1):
        z += WEIGHT * (float(value) - centre - z)
        kept = (1 - WEIGHT) ** index
        variance = WEIGHT / (2 - WEIGHT) * (1 - kept**2) + (1 - kept) ** 2 / m
        average.append(_dice(centre + z))
        limit.append(_dice(centre - width * math.sqrt(variance)))
    return Chart(m, _dice(centre), tuple(average), tuple(limit))


@dataclass(frozen=True)
class Shift:
    """One feature in a window against its reference, one value for each subject.

    psi: population stability index; by_chance: what it exceeds in 1 of 20 comparisons of nothing.
    p: Kolmogorov and Smirnov's two-sample test; q: p corrected for all features together.
    """

    feature: str
    n_reference: int
    n_window: int
    reference_median: float
    window_median: float
    psi: float
    by_chance: float
    p: float
    q: float

    @property
    def is_shifted(self) -> bool:
        """Both unlikely to be chance and large."""
        return self.q < RATE and self.psi >= MATERIAL


def compare(
    reference: Mapping[str, Sequence[float]], window: Mapping[str, Sequence[float]]
) -> list[Shift]:
    """Each feature that both have values of, for enough subjects; most unlikely first.

    Values are one a subject; those that are not finite are left out.
    """
    pairs = {
        name: (_finite(reference[name]), _finite(window[name]))
        for name in reference
        if name in window
    }
    enough = {
        name: (known, new)
        for name, (known, new) in pairs.items()
        if known.size >= SMALLEST_REFERENCE and new.size >= SMALLEST_WINDOW
    }
    p = {name: float(ks_2samp(known, new).pvalue) for name, (known, new) in enough.items()}
    q = dict(zip(p, benjamini_hochberg(list(p.values())), strict=True))
    shifts = [
        Shift(
            feature=name,
            n_reference=int(known.size),
            n_window=int(new.size),
            reference_median=float(np.median(known)),
            window_median=float(np.median(new)),
            psi=psi(known, new),
            by_chance=float(chi2.ppf(0.95, BINS - 1)) * (1 / known.size + 1 / new.size),
            p=p[name],
            q=q[name],
        )
        for name, (known, new) in enough.items()
    ]
    return sorted(shifts, key=lambda one: (one.q, -one.psi, one.feature))


def psi(reference: NDArray[np.float64], window: NDArray[np.float64]) -> float:
    """Population stability index: sum (w - r) ln(w / r) over fifths of the reference.

    Half a value is added to each bin, so that an empty one stays finite. A reference of one value
    has three bins: below, equal, above.
    """
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, BINS + 1)[1:-1]))
    if edges.size == 1:
        edges = np.array([edges[0], np.nextafter(edges[0], np.inf)])
    shares = [_shares(values, edges) for values in (reference, window)]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """p values as false discovery rates (Benjamini & Hochberg 1995), in their order."""
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values)
    scaled = values[order] * values.size / np.arange(1, values.size + 1)
    corrected = np.minimum.accumulate(scaled[::-1])[::-1]
    answer = np.empty_like(values)
    answer[order] = np.minimum(corrected, 1.0)
    return [float(value) for value in answer]


def picture_statistics(pixels: NDArray[np.uint8]) -> dict[str, float]:
    """What is watched of a scan's grey levels: mean, 5th and 95th percentile, entropy, speckle.

    Entropy of the histogram in bits (0 to 8); speckle is the median over windows of SPECKLE_PX px
    of deviation over mean, of windows that are not black. Raises InvalidInput for an empty picture
    or one that is not grey.
    """
    if pixels.ndim != 2 or pixels.size == 0:
        raise InvalidInput("Statistics need a grey picture (height, width) that is not empty.")
    shares = np.bincount(pixels.ravel(), minlength=256) / pixels.size
    present = shares[shares > 0]
    low, high = np.percentile(pixels, (5, 95))
    return {
        "mean grey": float(pixels.mean()),
        "dark end (P5)": float(low),
        "bright end (P95)": float(high),
        "grey entropy": float(-(present * np.log2(present)).sum()),
        "speckle": _speckle(pixels),
    }


def _speckle(pixels: NDArray[np.uint8]) -> float:
    grey = pixels.astype(np.float64)
    mean = uniform_filter(grey, SPECKLE_PX)
    variance = np.maximum(uniform_filter(grey * grey, SPECKLE_PX) - mean * mean, 0.0)
    bright = mean > 1.0
    return float(np.median(np.sqrt(variance[bright]) / mean[bright])) if bright.any() else 0.0


def _shares(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    bins = np.searchsorted(edges, values, side="right")
    counts = np.bincount(bins, minlength=edges.size + 1).astype(np.float64)
    return (counts + 0.5) / (values.size + 0.5 * (edges.size + 1))


def _finite(values: Sequence[float]) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    return array[np.isfinite(array)]


def _check_dice(values: Sequence[float]) -> None:
    if any(not 0 <= value <= 1 for value in values):
        raise InvalidInput("A Dice lies within 0 to 1.")


def _logit(dice: Sequence[float]) -> NDArray[np.float64]:
    """Of Dice, cut off at both ends so that unchanged and hopeless pre-labels stay finite."""
    most = AS_GOOD_AS_UNCHANGED
    clipped = np.clip(np.asarray(dice, dtype=np.float64), 1 - most, most)
    logits: NDArray[np.float64] = np.log(clipped) - np.log1p(-clipped)
    return logits


def _dice(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-logit))
