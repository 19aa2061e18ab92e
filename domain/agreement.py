"""Agreement between readers who outlined the same images.

Overlap of outlines (Dice, IoU, HD95, generalised conformity index) and agreement of the
measurements taken from them (bias, limits, SEM and MDC95 of domain.limits, ICC(A,1)). Images of
one subject are alike, so each interval goes by subject. Where a number does not exist, an
Estimate holds None and says why; nothing here returns NaN. docs/algorithms/agreement.md has the
formulae and their sources.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import f as f_distribution

from domain.bootstrap import (
    MINIMUM_SUBJECTS,
    REPLICATES,
    mean_interval,
    percentile_interval,
    resample_counts,
)
from domain.errors import InvalidInput
from domain.estimate import Estimate
from domain.limits import (
    TOO_FEW_SUBJECTS,
    Limits,
    limits_of_agreement,
    minimal_detectable_change,
    standard_error_of_measurement,
)
from domain.overlap import confusion_counts, dice, iou
from domain.surface import hd95

Readings = NDArray[np.float64]
"""Shape (n_values, n_readers): what each reader measures of one scan; NaN where one is missing."""


@dataclass(frozen=True)
class PairOverlap:
    """How two readers' outlines of one label on one image lie on each other.

    one_sided: exactly one of the two saw the muscle; then Dice is 0 and HD95 the image diagonal.
    """

    dice: float
    iou: float
    hd95_px: float
    hd95_mm: float | None
    intersection_px: int
    union_px: int
    one_sided: bool


@dataclass(frozen=True)
class OverlapAgreement:
    """A pair's outlines over many images: mean over subjects of each subject's mean image."""

    n_images: int
    n_subjects: int
    n_one_sided: int
    dice: Estimate
    iou: Estimate
    hd95_px: Estimate
    hd95_mm: Estimate
    cigen: Estimate


@dataclass(frozen=True)
class MeasurementAgreement:
    """Agreement of one measurement between readers; bias and limits exist for two readers only.

    Units are those of the readings; the `_percent` ones are per cent of `mean`, the mean of all
    readings used. n_values counts the scans that all readers have a value of (of a sweep one),
    n_missing those left out because a reader has none.
    """

    n_values: int
    n_subjects: int
    n_missing: int
    mean: float | None
    limits: Limits
    icc: Estimate
    sem: Estimate
    sem_percent: Estimate
    mdc95: Estimate
    mdc95_percent: Estimate

    def times(self, factor: float) -> MeasurementAgreement:
        """The same in another unit, `factor` > 0 of which make one of this."""
        return replace(
            self,
            mean=None if self.mean is None else self.mean * factor,
            limits=self.limits.times(factor),
            sem=self.sem.times(factor),
            mdc95=self.mdc95.times(factor),
        )


@dataclass(frozen=True)
class TwoWayAnova:
    """Mean squares of a complete two-way layout without replication (images x readers)."""

    n: int
    k: int
    mean: float
    ms_images: float
    ms_readers: float
    ms_error: float


def pair_overlap(
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    spacing_mm: tuple[float, float] | None = None,
) -> PairOverlap:
    """Overlap of two readers' masks of one label on one image.

    Masks of the same shape (height, width); spacing_mm is (y, x) in mm per px, None where the
    image is not calibrated. Empty masks are answered as domain.overlap and domain.surface do:
    both empty agree (Dice 1, HD95 0), one empty disagrees (Dice 0, HD95 the image diagonal).
    """
    counts = confusion_counts(first, second)
    return PairOverlap(
        dice=dice(counts),
        iou=iou(counts),
        hd95_px=hd95(first, second),
        hd95_mm=None if spacing_mm is None else hd95(first, second, spacing_mm),
        intersection_px=counts.tp,
        union_px=counts.tp + counts.fp + counts.fn,
        one_sided=bool(first.any()) != bool(second.any()),
    )


def generalised_conformity_index(masks: Sequence[NDArray[np.bool_]]) -> float:
    """CIgen of two or more readers on one image: sum of intersections over sum of unions.

    The sums run over all pairs of readers (Kouwenhoven, Giezen & Struikmans 2009, Physics in
    Medicine and Biology 54:2897): 0 to 1, and its expectation does not depend on the number of
    readers. For two readers it is the IoU. All masks empty: 1, as for Dice. Raises InvalidInput
    for fewer than two masks.
    """
    if len(masks) < 2:
        raise InvalidInput("A conformity index needs the outlines of at least two readers.")
    pairs = [confusion_counts(first, second) for first, second in combinations(masks, 2)]
    union = sum(counts.tp + counts.fp + counts.fn for counts in pairs)
    return 1.0 if union == 0 else sum(counts.tp for counts in pairs) / union


def overlap_agreement(
    pairs: Sequence[PairOverlap],
    subjects: Sequence[str],
    *,
    seed: int = 0,
    replicates: int = REPLICATES,
) -> OverlapAgreement:
    """A pair of readers over many images, one PairOverlap and one subject code per image.

    Dice, IoU and HD95 are averaged image -> subject -> pair. cigen is pooled, the sum of
    intersections over the sum of unions of all images, so large muscles weigh more than in the
    mean IoU. HD95 in mm covers calibrated images only. No image: every estimate is None.
    """
    _same_length(len(pairs), subjects)
    resampling = (seed, replicates)
    calibrated = [index for index, pair in enumerate(pairs) if pair.hd95_mm is not None]
    return OverlapAgreement(
        n_images=len(pairs),
        n_subjects=len(set(subjects)),
        n_one_sided=sum(pair.one_sided for pair in pairs),
        dice=_subject_mean([pair.dice for pair in pairs], subjects, *resampling),
        iou=_subject_mean([pair.iou for pair in pairs], subjects, *resampling),
        hd95_px=_subject_mean([pair.hd95_px for pair in pairs], subjects, *resampling),
        hd95_mm=_subject_mean(
            [value for pair in pairs if (value := pair.hd95_mm) is not None],
            [subjects[index] for index in calibrated],
            *resampling,
            missing="not calibrated",
        ),
        cigen=_pooled_conformity(pairs, subjects, *resampling),
    )


def two_way_anova(readings: Readings) -> TwoWayAnova:
    """Mean squares of complete readings, shape (n_images, n_readers), both at least 2.

    Raises InvalidInput where a reading is missing or there are fewer than two of either.
    """
    if readings.ndim != 2 or min(readings.shape) < 2 or not np.isfinite(readings).all():
        raise InvalidInput("An analysis of variance needs two images and two readers, all read.")
    n, k = readings.shape
    mean = float(readings.mean())
    deviations = readings - mean
    images = k * float((deviations.mean(axis=1) ** 2).sum())
    readers = n * float((deviations.mean(axis=0) ** 2).sum())
    error = max(float((deviations**2).sum()) - images - readers, 0.0)
    return TwoWayAnova(n, k, mean, images / (n - 1), readers / (k - 1), error / ((n - 1) * (k - 1)))


def icc_a1(anova: TwoWayAnova) -> float | None:
    """ICC(A,1): two-way random, absolute agreement, single reading.

    ICC(2,1) of Shrout & Fleiss 1979, Psychological Bulletin 86:420; ICC(A,1) of McGraw & Wong
    1996, Psychological Methods 1:30. May be negative, and is not cut off at 0. None where all
    readings are equal, since no variance is left to share out.
    """
    n, k = anova.n, anova.k
    total = anova.ms_images + (k - 1) * anova.ms_error + k / n * (anova.ms_readers - anova.ms_error)
    return (anova.ms_images - anova.ms_error) / total if total > 0 else None


def icc_a1_interval(anova: TwoWayAnova, confidence: float = 0.95) -> tuple[float, float] | None:
    """F-based interval of ICC(A,1), Satterthwaite's degrees of freedom (McGraw & Wong, table 7).

    It takes the rows as independent: right for one image per subject, too narrow for several.
    None where the ICC itself is, and where the readers agree perfectly.
    """
    icc = icc_a1(anova)
    if icc is None or anova.ms_error == 0 or icc >= 1:
        return None
    n, k = anova.n, anova.k
    a = k * icc / (n * (1 - icc))
    b = 1 + k * icc * (n - 1) / (n * (1 - icc))
    v = (a * anova.ms_readers + b * anova.ms_error) ** 2 / (
        (a * anova.ms_readers) ** 2 / (k - 1) + (b * anova.ms_error) ** 2 / ((n - 1) * (k - 1))
    )
    tail = 1 - (1 - confidence) / 2
    f_low = float(f_distribution.ppf(tail, n - 1, v))
    f_high = float(f_distribution.ppf(tail, v, n - 1))
    noise = k * anova.ms_readers + (k * n - k - n) * anova.ms_error
    low = n * (anova.ms_images - f_low * anova.ms_error) / (f_low * noise + n * anova.ms_images)
    high = n * (f_high * anova.ms_images - anova.ms_error) / (noise + n * f_high * anova.ms_images)
    return low, high


def measurement_agreement(
    readings: Readings,
    subjects: Sequence[str],
    *,
    seed: int = 0,
    replicates: int = REPLICATES,
) -> MeasurementAgreement:
    """Agreement of two or more readers on one measurement, with intervals by subject.

    readings: shape (n_values, n_readers), NaN where a reader has no value; such rows are left out
    and counted. subjects: one code per row. Complete rows of fewer than five subjects: no
    estimate, with the reason. Raises InvalidInput for a wrong shape or fewer than two readers.
    """
    if readings.ndim != 2 or readings.shape[1] < 2:
        raise InvalidInput("Agreement needs the readings of at least two readers.")
    _same_length(len(readings), subjects)
    complete = np.isfinite(readings).all(axis=1)
    used = readings[complete]
    codes = [subjects[int(index)] for index in np.flatnonzero(complete)]
    mean = float(used.mean()) if len(used) else None
    sem = standard_error_of_measurement(used, codes)
    mdc95 = _scaled(sem, minimal_detectable_change(1.0))
    percent = 100.0 / mean if mean is not None and mean > 0 else None
    return MeasurementAgreement(
        n_values=len(used),
        n_subjects=len(set(codes)),
        n_missing=int((~complete).sum()),
        mean=mean,
        limits=_limits(used, codes),
        icc=_icc(used, codes, seed, replicates),
        sem=sem,
        sem_percent=_scaled(sem, percent),
        mdc95=mdc95,
        mdc95_percent=_scaled(mdc95, percent),
    )


def _limits(readings: Readings, codes: Sequence[str]) -> Limits:
    if readings.shape[1] != 2:
        none = Estimate(None, None, "bias and limits are for two readers")
        return Limits(len(readings), len(set(codes)), none, none, none)
    return limits_of_agreement(readings[:, 0] - readings[:, 1], codes)


def _scaled(estimate: Estimate, factor: float | None) -> Estimate:
    """The same in another unit; the factor is taken as known."""
    if estimate.value is None:
        return estimate
    if factor is None:
        return Estimate(None, None, "the mean is not above zero")
    assert estimate.ci95 is not None, "an error of measurement has its interval"
    low, high = estimate.ci95
    return Estimate(estimate.value * factor, (low * factor, high * factor))


def _icc(readings: Readings, codes: Sequence[str], seed: int, replicates: int) -> Estimate:
    """ICC(A,1); its interval is F-based with one image a subject, else of resampled subjects."""
    n_subjects = len(set(codes))
    if n_subjects < MINIMUM_SUBJECTS:
        return Estimate(None, None, TOO_FEW_SUBJECTS)
    anova = two_way_anova(readings)
    if n_subjects == len(codes):
        interval = icc_a1_interval(anova)
    else:
        interval = _icc_by_subject(readings, codes, seed, replicates)
    return _estimate(icc_a1(anova), interval, n_subjects, "all readings are the same")


def _same_length(n_images: int, subjects: Sequence[str]) -> None:
    if n_images != len(subjects):
        raise InvalidInput(f"{n_images} images but {len(subjects)} subject codes: give one each.")


def _estimate(
    value: float | None, ci95: tuple[float, float] | None, n_subjects: int, missing: str
) -> Estimate:
    if value is None:
        return Estimate(None, None, missing)
    if n_subjects < MINIMUM_SUBJECTS:
        return Estimate(value, None, f"{TOO_FEW_SUBJECTS}: no interval")
    return Estimate(value, ci95, "" if ci95 else "no interval")


def _subject_mean(
    values: Sequence[float],
    subjects: Sequence[str],
    seed: int,
    replicates: int,
    missing: str = "no image read by both",
) -> Estimate:
    if not values:
        return Estimate(None, None, missing)
    codes, sizes, index = _clusters(subjects)
    means = np.bincount(index, weights=np.asarray(values, dtype=np.float64)) / sizes
    interval = mean_interval(means, seed=seed, replicates=replicates)
    return _estimate(float(means.mean()), interval, len(codes), missing)


def _pooled_conformity(
    pairs: Sequence[PairOverlap], subjects: Sequence[str], seed: int, replicates: int
) -> Estimate:
    if not pairs:
        return Estimate(None, None, "no image read by both")
    codes, _, index = _clusters(subjects)
    intersections = np.bincount(index, weights=[float(pair.intersection_px) for pair in pairs])
    unions = np.bincount(index, weights=[float(pair.union_px) for pair in pairs])
    total = float(unions.sum())
    value = 1.0 if total == 0 else float(intersections.sum()) / total
    if len(codes) < MINIMUM_SUBJECTS:
        return _estimate(value, None, len(codes), "")
    counts = resample_counts(len(codes), seed=seed, replicates=replicates)
    drawn_unions = counts @ unions
    drawn = np.ones_like(drawn_unions)
    np.divide(counts @ intersections, drawn_unions, out=drawn, where=drawn_unions > 0)
    return _estimate(value, percentile_interval(drawn), len(codes), "")


def _clusters(
    subjects: Sequence[str],
) -> tuple[NDArray[np.str_], NDArray[np.int64], NDArray[np.int64]]:
    codes, index, sizes = np.unique(
        np.asarray(subjects, dtype=np.str_), return_inverse=True, return_counts=True
    )
    return codes, sizes, index


def _icc_by_subject(
    readings: Readings, codes: Sequence[str], seed: int, replicates: int
) -> tuple[float, float] | None:
    """Percentile interval of ICC(A,1) in every replicate, from per-subject sums alone."""
    names, sizes, index = _clusters(codes)
    counts = resample_counts(len(names), seed=seed, replicates=replicates)
    k = readings.shape[1]
    deviations = readings - readings.mean()  # centred, so that sums of squares lose no digits

    def summed(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return counts @ np.bincount(index, weights=values, minlength=len(names))

    n = counts @ sizes.astype(np.float64)
    readers = np.stack([summed(deviations[:, reader]) for reader in range(k)], axis=1)
    correction = readers.sum(axis=1) ** 2 / (n * k)
    ss_images = summed(deviations.sum(axis=1) ** 2) / k - correction
    ss_readers = (readers**2).sum(axis=1) / n - correction
    ss_error = np.maximum(
        summed((deviations**2).sum(axis=1)) - correction - ss_images - ss_readers, 0.0
    )
    ms_images = ss_images / (n - 1)
    ms_readers = ss_readers / (k - 1)
    ms_error = ss_error / ((n - 1) * (k - 1))
    total = ms_images + (k - 1) * ms_error + k / n * (ms_readers - ms_error)
    undefined = np.full_like(total, np.nan)
    return percentile_interval(
        np.divide(ms_images - ms_error, total, out=undefined, where=total > 0)
    )
