"""What is reported of a study, site by site, from stored rows only.

Figures of a site come from the model that measures there. Measurements are those of approved
outlines outside the locked test set; agreement is between people, and with the current model.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from annotation.selectors import (
    agreement,
    effort,
    locks,
    measurements,
    partitions,
    references,
    scales,
    sites,
)
from core import plots
from core.reports.as_json import DRAWN
from core.snapshots import consistent_read
from domain.measurement import CSA, THICKNESS, VISIBLE_CSA, VISIBLE_THICKNESS
from inference.models import Purpose
from inference.selectors import pointers, versions
from training import drift_pages, evaluation_pages, evidence_pages, replay_pages, summarising
from training.reports.model_report import (
    FORMAT,
    EvaluationFacts,
    LockFacts,
    Move,
    evaluation_facts,
    lock_facts,
    move_facts,
)
from training.selectors import drift_reports, evaluations, evidence, replays
from training.selectors.evaluations import DEVELOPMENT, TEST, VALIDATION

if TYPE_CHECKING:
    from annotation.models import Site, Study
    from annotation.selectors.measurements import Measurement
    from inference.models import ModelVersion
    from training.models import DriftReport, Evaluation, Replay

PARTITIONS = (VALIDATION, DEVELOPMENT, TEST)
"""In the order of the columns."""


@dataclass(frozen=True)
class Serving:
    """Which model serves a site for a purpose, and since when; empty: none does."""

    purpose: str
    model: str
    since: datetime | None


@dataclass(frozen=True)
class ModelLine:
    """One of the site's models: what it learnt from, and its Dice on each partition."""

    name: str
    family: str
    registered_at: datetime
    made_by: str
    training_subjects: int | None
    snapshot_digest: str
    evaluated_at: datetime | None
    dice: Mapping[str, Mapping[str, Any] | None]


@dataclass(frozen=True)
class MeasurementSummary:
    """CSA or thickness of one label, one value a subject by the rule of `measurements.of_subjects`.

    What the view cuts is a quantity of its own. Of the scans `n_scans` have a value of it, and
    `n_without` have none.
    """

    label: str
    quantity: str
    unit: str
    n_scans: int
    n_without: int
    statistics: Mapping[str, Any] | None


@dataclass(frozen=True)
class Drift:
    """What the newest look at a site for drift said."""

    at: datetime
    state: str
    reasons: Sequence[str]


@dataclass(frozen=True)
class SiteReport:
    """Everything that is reported of one site."""

    site: str
    name: str
    plane: str
    thickness_definition: str
    labels: Sequence[str]
    images: int
    to_review: int
    approved: int
    calibrated: int
    lock: LockFacts | None
    serving: Sequence[Serving]
    measuring: EvaluationFacts | None
    models: Sequence[ModelLine]
    lineage: Sequence[Move]
    agreement: Sequence[Mapping[str, Any]]
    measurements: Sequence[MeasurementSummary]
    measurements_left_out: int
    replay: Mapping[str, Any] | None
    drift: Drift | None
    evidence: Mapping[str, Any]
    dated: datetime | None
    area_unit: str = field(metadata=DRAWN)
    learning: Sequence[plots.Figure] = field(metadata=DRAWN)
    effort: Sequence[plots.Figure] = field(metadata=DRAWN)
    drift_charts: Sequence[plots.Figure] = field(metadata=DRAWN)


@dataclass(frozen=True)
class StudyReport:
    """A study: its subjects by partition, and its sites; `dated` is its newest row."""

    format: int
    dated: datetime
    study: str
    title: str
    subjects: Mapping[str, int]
    sites: Sequence[SiteReport]


def of_study(study: Study, site: Site | None = None) -> StudyReport:
    """The report of all sites of a study, or of one, read as one state of the database."""
    with consistent_read():
        return _of_study(study, site)


def _of_study(study: Study, site: Site | None) -> StudyReport:
    found = [
        _site(progress)
        for progress in sites.progress(study)
        if site is None or progress.site.pk == site.pk
    ]
    return StudyReport(
        format=FORMAT,
        dated=max((one.dated for one in found if one.dated), default=study.created_at),
        study=study.name,
        title=study.title or study.name,
        subjects=partitions.partition_counts(study),
        sites=found,
    )


def _site(progress: sites.SiteProgress) -> SiteReport:
    site = progress.site
    lock = lock_facts(locks.lock_state(site))
    moves = [move_facts(move) for move in pointers.moves_of(site)]
    drift = drift_reports.newest(site)
    replayed = replays.newest_done(site)
    found = evidence.of_site(site)
    models = _models(site, found.subjects_learnt_from)
    learning = [evidence_pages.learning_curve(found)]
    if replayed:
        learning.append(replay_pages.learning_curves(replayed))
    return SiteReport(
        site=site.slug,
        name=site.name,
        plane=site.get_plane_display(),
        thickness_definition=site.get_thickness_definition_display(),
        labels=[label.name for label in site.labels.all() if not label.retired],
        images=progress.images,
        to_review=progress.to_review,
        approved=progress.approved,
        calibrated=progress.calibrated,
        lock=lock,
        serving=[_serving(site, purpose, moves) for purpose in Purpose],
        measuring=_measuring(site),
        models=models,
        lineage=moves,
        agreement=[agreement.as_json(pair) for pair in agreement.of_site(site)],
        measurements=_measurements(site),
        measurements_left_out=measurements.left_out(site.study, site=site),
        replay=replays.as_json(replayed) if replayed else None,
        drift=_drift(drift),
        evidence=evidence.as_json(found),
        dated=_dated(site, lock, models, moves, drift, replayed),
        area_unit=site.area_unit,
        learning=_named(site, learning),
        effort=_named(site, evidence_pages.effort(found)),
        drift_charts=_named(site, drift_pages.charts(site, drift) if drift else []),
    )


def _models(site: Site, subjects_learnt_from: Mapping[int, int]) -> list[ModelLine]:
    """The site's models, the oldest first, in a constant number of queries."""
    newest = evaluations.newest_of_site(site)
    found = versions.of_study(site.study).filter(site=site).select_related("run__snapshot")
    return [
        _model(
            model,
            subjects_learnt_from.get(model.pk),
            {partition: newest.get((model.pk, partition)) for partition in PARTITIONS},
        )
        for model in found.defer("run__snapshot__manifest").order_by("id")
    ]


def _model(
    model: ModelVersion, training_subjects: int | None, newest: Mapping[str, Evaluation | None]
) -> ModelLine:
    run = getattr(model, "run", None)
    return ModelLine(
        name=model.name,
        family=model.family,
        registered_at=model.created_at,
        made_by=model.run_label,
        training_subjects=training_subjects,
        snapshot_digest=run.snapshot.digest if run else "",
        evaluated_at=max((one.created_at for one in newest.values() if one), default=None),
        dice={
            partition: one.summary.get("dice") if one else None for partition, one in newest.items()
        },
    )


def _serving(site: Site, purpose: Purpose, moves: Sequence[Move]) -> Serving:
    current = pointers.current_model(site, purpose)
    since = next((one.at for one in moves if one.purpose == purpose), None)
    return Serving(str(purpose), current.name if current else "", since if current else None)


def _measuring(site: Site) -> EvaluationFacts | None:
    """The measuring model on the locked test set, its plots under names of the site."""
    model = pointers.current_model(site, Purpose.MEASUREMENT)
    shown = evaluation_pages.shown_of(model)[:1] if model else []
    if not shown or shown[0].evaluation.lock is None:
        return None
    return evaluation_facts(replace(shown[0], figures=_named(site, shown[0].figures)))


def _named(site: Site, figures: Sequence[plots.Figure]) -> list[plots.Figure]:
    """The plots under names that no other site's have."""
    return [replace(one, name=f"{site.slug}-{one.name}") for one in figures]


def _measurements(site: Site) -> list[MeasurementSummary]:
    """CSA and thickness of the scans, label by label; what the view cuts apart."""
    by_label: defaultdict[str, list[Measurement]] = defaultdict(list)
    for one in measurements.of_study(site.study, site=site, with_echo_intensity=False):
        if one.of_scan:
            by_label[one.label].append(one)
    quantities = THICKNESSES if site.plane == site.Plane.LONGITUDINAL else AREAS + THICKNESSES
    summaries = [
        _summary(label, quantity, unit, rows)
        for label, rows in by_label.items()
        for quantity, unit in quantities
    ]
    return [one for one in summaries if one.n_scans or one.quantity in (CSA, THICKNESS)]


AREAS = ((CSA, "mm²"), (VISIBLE_CSA, "mm²"))
THICKNESSES = ((THICKNESS, "mm"), (VISIBLE_THICKNESS, "mm"))


def _summary(
    label: str, quantity: str, unit: str, rows: Sequence[Measurement]
) -> MeasurementSummary:
    values = measurements.of_subjects(rows, quantity)
    known = sum(one.value_of(quantity) is not None for one in rows)
    return MeasurementSummary(
        label,
        quantity,
        unit,
        known,
        len(rows) - known,
        summarising.statistics([values[subject] for subject in sorted(values)]),
    )


def _drift(found: DriftReport | None) -> Drift | None:
    if found is None:
        return None
    return Drift(found.created_at, found.state, found.reasons)


def _dated(
    site: Site,
    lock: LockFacts | None,
    models: Sequence[ModelLine],
    moves: Sequence[Move],
    drift: DriftReport | None,
    replayed: Replay | None,
) -> datetime | None:
    """The moment of the site's newest row that the report shows."""
    looks = [look.at for look in lock.ledger] if lock else []
    moments = [
        references.newest_at(site),
        effort.newest_at(site),
        scales.newest_at(site),
        lock.sealed_at if lock else None,
        *looks,
        *(one.registered_at for one in models),
        *(one.evaluated_at for one in models),
        *(one.at for one in moves),
        drift.created_at if drift else None,
        replayed.created_at if replayed else None,
    ]
    return max((one for one in moments if one), default=None)
