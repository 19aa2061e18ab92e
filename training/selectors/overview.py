"""A study site by site: how far the work is, which model serves, what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from annotation.selectors import locks, partitions, sites
from core.models import Job
from inference.models import ModelVersion, Pointer, Purpose
from training.models import DriftReport, Evaluation, RetrainPolicy, Run
from training.selectors import drift_reports

if TYPE_CHECKING:
    from annotation.models import Site, Study


@dataclass(frozen=True)
class ModelLine:
    """The model that makes a site's pre-labels, the one that measures, and its locked Dice."""

    model: ModelVersion
    measuring: ModelVersion | None
    dice: dict[str, Any] | None


@dataclass(frozen=True)
class SiteRow:
    """One line of the overview."""

    progress: sites.SiteProgress
    lock: locks.LockState | None
    model: ModelLine | None
    last_run: Run | None
    policy: RetrainPolicy | None
    drift: DriftReport | None

    @property
    def site(self) -> Site:
        return self.progress.site

    @property
    def is_training(self) -> bool:
        """Whether a run of this site is queued or going on."""
        return self.last_run is not None and self.last_run.job.state in Job.ACTIVE


@dataclass(frozen=True)
class ToDo:
    """One thing that the study's admin should do next, in words, and where (a URL name)."""

    text: str
    button: str
    view: str


def site_rows(study: Study) -> list[SiteRow]:
    """The overview's lines in the order of the sites; some queries a site, none an image."""
    models = _serving(study)
    runs = _last_runs(study)
    policies = {
        policy.site_id: policy for policy in RetrainPolicy.objects.filter(site__study=study)
    }
    drift = drift_reports.newest_of_study(study)
    return [
        _row(progress, models.get(progress.site.pk), runs, policies, drift)
        for progress in sites.progress(study)
    ]


def _row(
    progress: sites.SiteProgress,
    model: ModelLine | None,
    runs: dict[int, Run],
    policies: dict[int, RetrainPolicy],
    drift: dict[int, DriftReport],
) -> SiteRow:
    site = progress.site
    return SiteRow(
        progress,
        locks.lock_state(site),
        model,
        runs.get(site.pk),
        policies.get(site.pk),
        drift.get(site.pk),
    )


def _serving(study: Study) -> dict[int, ModelLine]:
    drawing, measuring = (_pointed(study, one) for one in (Purpose.PRE_LABEL, Purpose.MEASUREMENT))
    evaluations = Evaluation.objects.filter(model__in=measuring.values(), partition="test")
    dice = {one.model_id: one.summary.get("dice") for one in evaluations.order_by("id")}
    known = {site: dice.get(model.pk) for site, model in measuring.items()}
    return {
        site: ModelLine(model, measuring.get(site), known.get(site))
        for site, model in {**measuring, **drawing}.items()
    }


def _pointed(study: Study, purpose: str) -> dict[int, ModelVersion]:
    pointers = Pointer.objects.filter(site__study=study, purpose=purpose)
    return {one.site_id: one.model for one in pointers.select_related("model__site")}


def _last_runs(study: Study) -> dict[int, Run]:
    runs = Run.objects.filter(site__study=study).select_related("job").order_by("id")
    return {run.site_id: run for run in runs}


def to_do(study: Study, rows: Sequence[SiteRow]) -> ToDo | None:
    """The first thing that holds the study up; None where everything goes by itself."""
    unassigned = partitions.partition_counts(study)[partitions.UNASSIGNED]
    approved = [row for row in rows if row.progress.approved]
    if approved and unassigned:
        who = "1 subject has" if unassigned == 1 else f"{unassigned} subjects have"
        text = f"{who} no partition yet: nothing can be learnt from them, or tested on them."
        return ToDo(text, "Split the subjects", "annotation:settings")
    unsealed = next((row for row in approved if row.lock is None), None)
    if unsealed is not None:
        text = f"The test set of {unsealed.site.name} is not sealed: no model of it can be judged."
        return ToDo(text, "Seal it", "annotation:lock")
    untrained = next((row for row in approved if row.last_run is None), None)
    if untrained is not None:
        text = f"No model of {untrained.site.name} has been trained yet."
        return ToDo(text, "Train one", "training:runs")
    return None
