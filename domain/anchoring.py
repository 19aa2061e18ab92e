"""Anchoring: does the sight of a pre-label pull an outline towards it?

Two people read the same image, drawn by chance, one with the pre-label and one without. Without
anchoring the two readings of an image are exchangeable, so each difference here has the mean zero,
however good or bad the pre-label is (Fisher 1935: the paired comparison). Between different scans
no such thing can be said: they differ by more than by their pre-label.

The obvious figure, how far the reader with the pre-label lies on its side of the reader without,
sign(p - b) (w - b), is not used: where b errs, w lies nearer to p by regression to the mean alone
(Bland & Altman 1994, BMJ 308:1499), so it finds anchoring where there is none.

docs/algorithms/evidence.md argues the figures. The effect itself: Tversky & Kahneman 1974 (Science
185:1124); that machine-made labels in an evaluation hide a model's errors: arXiv 2511.00477.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from domain.effort import mean_of
from domain.errors import InvalidInput
from domain.estimate import Estimate

LEAST_SUBJECTS = 8
"""As for the gate: below eight subjects nothing is decidable (docs/algorithms/gate.md)."""


@dataclass(frozen=True)
class Measured:
    """One quantity of an image by its pre-label and both readings, all in the same unit.

    `pre_label` is above 0: the differences are per cent of it.
    """

    pre_label: float
    with_it: float
    without_it: float

    def __post_init__(self) -> None:
        if not self.pre_label > 0:
            raise InvalidInput("Differences are per cent of the pre-label's value: it is above 0.")

    @property
    def closer_percent(self) -> float:
        """100 (|b - p| - |w - p|) / p: how much nearer to p the reading with the pre-label is.

        At most the absolute shift, by the triangle inequality.
        """
        apart = abs(self.without_it - self.pre_label) - abs(self.with_it - self.pre_label)
        return 100.0 * apart / self.pre_label

    @property
    def shift_percent(self) -> float:
        """100 (w - b) / p: what sight of the pre-label does to the quantity itself."""
        return 100.0 * (self.with_it - self.without_it) / self.pre_label


@dataclass(frozen=True)
class PairedReading:
    """One label of an image read by two: Dice of each reading with the pre-label, and quantities.

    The seconds are the image's, above 0 or None.
    """

    image: int
    subject: str
    dice_with: float
    dice_without: float
    csa: Measured | None = None
    mt: Measured | None = None
    seconds_with: float | None = None
    seconds_without: float | None = None


@dataclass(frozen=True)
class Anchoring:
    """What the pairs show, means over subjects with 95 % intervals by subject.

    dice: Dice with the pre-label, reading with it minus reading without (above 0: pulled).
    closer and shift: `Measured`, in per cent of the pre-label's value. seconds_ratio: seconds with
    over seconds without, a geometric mean (below 1: the pre-label saves time).
    """

    n_images: int
    n_subjects: int
    dice: Estimate
    csa_closer: Estimate
    csa_shift: Estimate
    mt_closer: Estimate
    mt_shift: Estimate
    seconds_ratio: Estimate


def anchoring(pairs: Sequence[PairedReading]) -> Anchoring:
    """The paired differences of all images; each figure is None below LEAST_SUBJECTS subjects."""
    csa = [(one.subject, one.csa) for one in pairs if one.csa is not None]
    mt = [(one.subject, one.mt) for one in pairs if one.mt is not None]
    return Anchoring(
        n_images=len({one.image for one in pairs}),
        n_subjects=len({one.subject for one in pairs}),
        dice=_paired((one.subject, one.dice_with - one.dice_without) for one in pairs),
        csa_closer=_paired((subject, one.closer_percent) for subject, one in csa),
        csa_shift=_paired((subject, one.shift_percent) for subject, one in csa),
        mt_closer=_paired((subject, one.closer_percent) for subject, one in mt),
        mt_shift=_paired((subject, one.shift_percent) for subject, one in mt),
        seconds_ratio=_seconds_ratio(pairs),
    )


def _seconds_ratio(pairs: Sequence[PairedReading]) -> Estimate:
    """Seconds are skewed and act by factors: the mean is that of their logarithms."""
    logs = [
        (one.subject, math.log(one.seconds_with / one.seconds_without))
        for one in pairs
        if one.seconds_with and one.seconds_without
    ]
    return _mapped(_paired(logs), math.exp)


def _paired(differences: Iterable[tuple[str, float]]) -> Estimate:
    known = list(differences)
    subjects = [subject for subject, _ in known]
    n = len(set(subjects))
    if n < LEAST_SUBJECTS:
        return Estimate(None, reason=f"not decidable: {n} of at least {LEAST_SUBJECTS} subjects")
    return mean_of([value for _, value in known], subjects)


def _mapped(estimate: Estimate, function: Callable[[float], float]) -> Estimate:
    """The estimate on another scale; `function` is increasing, so the interval's ends keep."""
    if estimate.value is None:
        return estimate
    ends = estimate.ci95
    interval = (function(ends[0]), function(ends[1])) if ends else None
    return Estimate(function(estimate.value), interval, estimate.reason)
