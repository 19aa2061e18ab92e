"""Agreement of a site's readers, pair by pair: outlines, CSA and thickness.

Which work counts as a reading is the matter of `selectors.readings`; the statistics are
`domain.agreement`'s. This module brings the two together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import shapely
from shapely import MultiPolygon

from annotation.models import Site
from annotation.selectors.readings import Reading, comparable_readings
from domain import agreement
from domain.agreement import MeasurementAgreement, OverlapAgreement, PairOverlap
from domain.estimate import Estimate
from domain.geometry import Region, normalise, region_from_json
from domain.measurement import csa_mm2, is_cut_thickness, thickness
from domain.raster import polygon_to_mask

SEED = 20_260
"""Fixed, so that the page, the command and the report show the same intervals."""

REMEMBERED = 20_000


@dataclass(frozen=True)
class Point:
    """One image of a pair: what both readers measured, in the comparison's unit."""

    image_id: int
    subject_code: str
    first: float
    second: float


@dataclass(frozen=True)
class Compared:
    """A measurement compared between two readers, with the images behind it.

    n_cut counts images left out because the field of view cuts what is measured; n_uncalibrated
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
class Outlined:
    """One label of one reading: the union of its regions and where the view cuts them."""

    shape: MultiPolygon
    cut: frozenset[str]


def of_site(site: Site) -> list[PairAgreement]:
    """Every pair of readers with an image in common, label by label; people first."""
    readings = comparable_readings(site)
    return [
        _compare(site, label, first, second, _in_common(readings, first, second))
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
    site: Site, label: str, first: str, second: str, together: list[tuple[Reading, Reading]]
) -> PairAgreement:
    subjects = [one.subject_code for one, _ in together]
    overlaps = [_overlap(one, other, label) for one, other in together]
    transverse = site.plane == Site.Plane.TRANSVERSE
    return PairAgreement(
        site=site.slug,
        label=label,
        first=first,
        second=second,
        with_model=any(other.is_model for _, other in together),
        overlap=agreement.overlap_agreement(overlaps, subjects, seed=SEED),
        csa=_measured(together, label, Csa()) if transverse else None,
        mt=_measured(together, label, Mt(site.thickness_definition)),
    )


@dataclass(frozen=True)
class Csa:
    """Cross-sectional area; an outline that the view cuts anywhere is only 'visible CSA'."""

    quantity: str = "csa"
    units: tuple[str, str] = ("mm2", "px2")

    def is_cut(self, outlined: Outlined) -> bool:
        return bool(outlined.cut)

    def value(self, outlined: Outlined, reading: Reading, *, in_mm: bool) -> float | None:
        if not in_mm:
            return float(outlined.shape.area)
        return None if reading.spacing is None else csa_mm2(outlined.shape, reading.spacing)


@dataclass(frozen=True)
class Mt:
    """Muscle thickness by the site's definition; only a deep cut shortens it."""

    definition: str
    quantity: str = "mt"
    units: tuple[str, str] = ("mm", "px")

    def is_cut(self, outlined: Outlined) -> bool:
        return is_cut_thickness(outlined.cut)

    def value(self, outlined: Outlined, reading: Reading, *, in_mm: bool) -> float | None:
        measured = thickness(outlined.shape, self.definition, reading.spacing)
        return measured.value_mm if in_mm else measured.value_px


def _measured(together: list[tuple[Reading, Reading]], label: str, quantity: Csa | Mt) -> Compared:
    """The readings of one quantity, in mm if any image is calibrated, else in px.

    An image has no reading of a reader who outlined nothing there: it counts as missing.
    """
    in_mm = any(one.spacing is not None for one, _ in together)
    usable = [pair for pair in together if pair[0].spacing is not None] if in_mm else together
    values, subjects, points, n_cut = [], [], [], 0
    for one, other in usable:
        outlined = [_outlined(reading, label) for reading in (one, other)]
        if any(quantity.is_cut(each) for each in outlined):
            n_cut += 1
            continue
        row = [
            _value(quantity, each, reading, in_mm)
            for each, reading in zip(outlined, (one, other), strict=True)
        ]
        values.append(row)
        subjects.append(one.subject_code)
        if np.isfinite(row).all():
            points.append(Point(one.image_id, one.subject_code, row[0], row[1]))
    readings = np.array(values, dtype=np.float64).reshape(-1, 2)
    return Compared(
        quantity=quantity.quantity,
        unit=quantity.units[0 if in_mm else 1],
        statistics=agreement.measurement_agreement(readings, subjects, seed=SEED),
        points=tuple(points),
        n_cut=n_cut,
        n_uncalibrated=len(together) - len(usable),
    )


def _value(quantity: Csa | Mt, outlined: Outlined, reading: Reading, in_mm: bool) -> float:
    value = None
    if not outlined.shape.is_empty:
        value = quantity.value(outlined, reading, in_mm=in_mm)
    return np.nan if value is None else value


def _regions(reading: Reading, label: str) -> list[Region]:
    return [region_from_json(one) for one in reading.regions if one.get("label") == label]


def _outlined(reading: Reading, label: str) -> Outlined:
    regions = _regions(reading, label)
    union = normalise(shapely.union_all([region.shape for region in regions]))
    return Outlined(union, frozenset(side for region in regions for side in region.cut))


def _overlap(one: Reading, other: Reading, label: str) -> PairOverlap:
    spacing = None if one.spacing is None else (one.spacing.y_mm, one.spacing.x_mm)
    key = (one.image_id, label, one.digest, other.digest, spacing)

    def overlap() -> PairOverlap:
        masks = [
            polygon_to_mask(_outlined(reading, label).shape, reading.height, reading.width)
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
        "n_images": statistics.n_images,
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
