"""Agreement of a site's readers, pair by pair: outlines image by image, CSA and thickness by take.

Which work counts as a reading is the matter of `selectors.readings`, which frame of a sweep is
measured that of `selectors.measurements`; the statistics are `domain.agreement`'s. This module
brings them together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from annotation.models import MeasuredFrame, Site
from annotation.selectors import measured_frames, measurements
from annotation.selectors.images import spacing_of
from annotation.selectors.measurements import Measurement, region_of
from annotation.selectors.readings import Reading, comparable_readings
from domain import agreement
from domain.agreement import MeasurementAgreement, OverlapAgreement, PairOverlap
from domain.estimate import Estimate
from domain.geometry import regions_from_json
from domain.measurement import VISIBLE_CSA, VISIBLE_THICKNESS, has_csa
from domain.raster import polygon_to_mask

SEED = 20_260
"""Fixed, so that the page, the command and the report show the same intervals."""

REMEMBERED = 20_000

COMPARED_VALUES = (
    "One value a take of every visit and side, none averaged; of a sweep that of each reader's "
    "measured frame among the frames that both outlined."
)
"""Which values of CSA and thickness are compared, in words."""


@dataclass(frozen=True)
class Point:
    """One take of a pair: what both readers measured, in the comparison's unit.

    `image_ids` are the images that the first and the second reader's value was taken from;
    `frames` their numbers where the take has several that both outlined, else None.
    """

    subject_code: str
    image_ids: tuple[int, int]
    frames: tuple[int, int] | None
    first: float
    second: float


@dataclass(frozen=True)
class Compared:
    """A measurement compared between two readers, one value of each a take.

    n_cut counts takes left out because the field of view cuts what is measured; n_uncalibrated
    those left out because others of the pair are in mm.
    """

    quantity: str
    unit: str
    statistics: MeasurementAgreement
    points: tuple[Point, ...]
    n_cut: int
    n_uncalibrated: int


@dataclass(frozen=True)
class PairAgreement:
    """Two readers of one label of a site; `csa` is None for a longitudinal site."""

    site: str
    label: str
    first: str
    second: str
    with_model: bool
    overlap: OverlapAgreement
    csa: Compared | None
    mt: Compared

    @property
    def name(self) -> str:
        """The pair in the address of a page."""
        return f"{self.label}:{self.first}:{self.second}"


@dataclass(frozen=True)
class Taken:
    """One label of one take that two readers read: each one's value, on their own measured frame.

    `values` is None where no frame is outlined by both; `is_sweep`: several are.
    """

    subject_code: str
    values: tuple[Measurement, Measurement] | None
    is_sweep: bool = False


@dataclass(frozen=True)
class Quantity:
    """CSA or thickness: the name, the units in mm and in px, and how it stands in a measurement."""

    name: str
    units: tuple[str, str]
    in_mm: Callable[[Measurement], float | None]
    in_px: Callable[[Measurement], float | None]
    is_cut: Callable[[Measurement], bool]


CSA_COMPARED = Quantity(
    "csa",
    ("mm2", "px2"),
    in_mm=lambda one: one.csa_mm2,
    in_px=lambda one: one.csa_px,
    is_cut=lambda one: one.csa_quantity == VISIBLE_CSA,
)
MT_COMPARED = Quantity(
    "mt",
    ("mm", "px"),
    in_mm=lambda one: one.mt_mm,
    in_px=lambda one: one.mt_px,
    is_cut=lambda one: one.mt_quantity == VISIBLE_THICKNESS,
)


def of_site(site: Site) -> list[PairAgreement]:
    """Every pair of readers with an image in common, label by label; people first."""
    readings = comparable_readings(site)
    chosen = measured_frames.standing_in(site.study)
    return [
        _compare(site, label, _in_common(readings, first, second), chosen)
        for label in site.labels.filter(retired=False).values_list("name", flat=True)
        for first, second in _pairs(readings)
    ]


def as_json(pair: PairAgreement) -> dict[str, Any]:
    """One row of `agreement --json`."""
    overlap = pair.overlap
    calibrated = overlap.hd95_mm.value is not None
    return {
        "site": pair.site,
        "label": pair.label,
        "pair": [pair.first, pair.second],
        "with_model": pair.with_model,
        "n_images": overlap.n_images,
        "n_subjects": overlap.n_subjects,
        "n_one_sided": overlap.n_one_sided,
        "dice": _estimate_json(overlap.dice),
        "iou": _estimate_json(overlap.iou),
        "hd95_mm" if calibrated else "hd95_px": _estimate_json(
            overlap.hd95_mm if calibrated else overlap.hd95_px
        ),
        "cigen": _estimate_json(overlap.cigen),
        "csa": None if pair.csa is None else _compared_json(pair.csa),
        "mt": _compared_json(pair.mt),
    }


def _pairs(readings: Sequence[Reading]) -> list[tuple[str, str]]:
    """Pairs of readers with an image in common: people by name, then each with the model."""
    by_image: dict[int, list[Reading]] = defaultdict(list)
    for reading in readings:
        by_image[reading.image_id].append(reading)
    pairs = {
        (second.is_model, first.reader, second.reader)
        for together in by_image.values()
        for first, second in combinations(together, 2)
    }
    return [(first, second) for _, first, second in sorted(pairs)]


def _in_common(
    readings: Sequence[Reading], first: str, second: str
) -> list[tuple[Reading, Reading]]:
    firsts = {one.image_id: one for one in readings if one.reader == first}
    seconds = {one.image_id: one for one in readings if one.reader == second}
    return [(firsts[pk], seconds[pk]) for pk in sorted(set(firsts) & set(seconds))]


def _compare(
    site: Site,
    label: str,
    together: Sequence[tuple[Reading, Reading]],
    chosen: Mapping[int, MeasuredFrame],
) -> PairAgreement:
    first, second = together[0]
    subjects = [one.subject_code for one, _ in together]
    overlaps = [_overlap(one, other, label) for one, other in together]
    takes = _takes(site, label, together, chosen)
    in_mm = any(one.image.calibration is not None for one, _ in together)
    return PairAgreement(
        site=site.slug,
        label=label,
        first=first.reader,
        second=second.reader,
        with_model=second.is_model,
        overlap=agreement.overlap_agreement(overlaps, subjects, seed=SEED),
        csa=_compared(takes, CSA_COMPARED, in_mm=in_mm) if has_csa(site.plane) else None,
        mt=_compared(takes, MT_COMPARED, in_mm=in_mm),
    )


def _takes(
    site: Site,
    label: str,
    together: Sequence[tuple[Reading, Reading]],
    chosen: Mapping[int, MeasuredFrame],
) -> list[Taken]:
    """The takes that both read, with each one's value over the frames that both outlined."""
    measured: dict[int, list[tuple[Measurement, Measurement]]] = defaultdict(list)
    for one, other in together:
        both = (_measurement(site, one, label), _measurement(site, other, label))
        measured[one.image.take_id].append(both)
    return [_taken(of_take, chosen.get(take)) for take, of_take in measured.items()]


def _measurement(site: Site, reading: Reading, label: str) -> Measurement:
    return measurements.of_reading(
        site, reading.image, reading.regions, label, reader=reading.reader
    )


def _taken(
    of_take: Sequence[tuple[Measurement, Measurement]], choice: MeasuredFrame | None
) -> Taken:
    subject = of_take[0][0].subject
    outlined = [both for both in of_take if all(one.is_outlined for one in both)]
    if not outlined:
        return Taken(subject, None)
    first, second = (
        measurements.on_measured_frame(of_reader, choice)
        for of_reader in zip(*outlined, strict=True)
    )
    return Taken(subject, (first, second), is_sweep=len(outlined) > 1)


def _compared(takes: Sequence[Taken], quantity: Quantity, *, in_mm: bool) -> Compared:
    """One quantity of both readers, a value each a take.

    A take without a frame that both outlined counts as missing.
    """
    rows: list[tuple[float, float]] = []
    subjects, points, n_cut, n_uncalibrated = [], [], 0, 0
    for take in takes:
        row = (np.nan, np.nan)
        if take.values is not None:
            if any(quantity.is_cut(one) for one in take.values):
                n_cut += 1
                continue
            first, second = (
                quantity.in_mm(one) if in_mm else quantity.in_px(one) for one in take.values
            )
            if first is None or second is None:
                n_uncalibrated += 1
                continue
            row = (first, second)
            points.append(_point(take.subject_code, take.values, row, is_sweep=take.is_sweep))
        rows.append(row)
        subjects.append(take.subject_code)
    readings = np.array(rows, dtype=np.float64).reshape(-1, 2)
    return Compared(
        quantity=quantity.name,
        unit=quantity.units[0 if in_mm else 1],
        statistics=agreement.measurement_agreement(readings, subjects, seed=SEED),
        points=tuple(points),
        n_cut=n_cut,
        n_uncalibrated=n_uncalibrated,
    )


def _point(
    subject: str,
    values: tuple[Measurement, Measurement],
    row: tuple[float, float],
    *,
    is_sweep: bool,
) -> Point:
    first, second = values
    return Point(
        subject,
        (first.image_id, second.image_id),
        (first.frame, second.frame) if is_sweep else None,
        *row,
    )


def _overlap(one: Reading, other: Reading, label: str) -> PairOverlap:
    scale = spacing_of(one.image)
    spacing = None if scale is None else (scale.y_mm, scale.x_mm)
    key = (one.image_id, label, one.digest, other.digest, spacing)

    def overlap() -> PairOverlap:
        masks = [
            polygon_to_mask(
                region_of(regions_from_json(reading.regions), label).shape,
                one.image.height,
                one.image.width,
            )
            for reading in (one, other)
        ]
        return agreement.pair_overlap(masks[0], masks[1], spacing)

    return _remembered(key, overlap)


_overlaps: dict[tuple[object, ...], PairOverlap] = {}


def _remembered(key: tuple[object, ...], compute: Callable[[], PairOverlap]) -> PairOverlap:
    """The overlap under a key that names its content: revisions never change, so it never does."""
    if key not in _overlaps:
        if len(_overlaps) >= REMEMBERED:
            _overlaps.clear()
        _overlaps[key] = compute()
    return _overlaps[key]


def _estimate_json(estimate: Estimate) -> dict[str, Any]:
    answer: dict[str, Any] = {"value": estimate.value, "ci95": _list(estimate.ci95)}
    if estimate.reason:
        answer["reason"] = estimate.reason
    return answer


def _compared_json(compared: Compared) -> dict[str, Any]:
    statistics = compared.statistics
    lower, upper = statistics.limits.lower, statistics.limits.upper
    known = lower.value is not None and upper.value is not None
    with_interval = lower.ci95 is not None and upper.ci95 is not None
    return {
        "unit": compared.unit,
        "n_values": statistics.n_values,
        "n_subjects": statistics.n_subjects,
        "n_missing": statistics.n_missing,
        "n_cut": compared.n_cut,
        "n_uncalibrated": compared.n_uncalibrated,
        "mean": statistics.mean,
        "bias": _estimate_json(statistics.limits.bias),
        "limits": {
            "value": [lower.value, upper.value] if known else None,
            "ci95": [_list(lower.ci95), _list(upper.ci95)] if with_interval else None,
            **({} if known else {"reason": lower.reason}),
        },
        "icc": _estimate_json(statistics.icc),
        "sem": _estimate_json(statistics.sem),
        "sem_percent": _estimate_json(statistics.sem_percent),
        "mdc95": _estimate_json(statistics.mdc95),
        "mdc95_percent": _estimate_json(statistics.mdc95_percent),
    }


def _list(interval: tuple[float, float] | None) -> list[float] | None:
    return None if interval is None else list(interval)
