"""Looking at a site for drift: corrections, pre-labels and incoming scans against what was learnt.

A report is appended; an alarm is published as an event and proposes a run, nothing more. The rules
stand in `domain.drift` and `training.watching`, docs/algorithms/drift.md argues them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from annotation.policies import require_admin
from annotation.selectors import monitoring
from annotation.selectors.studies import site_with_id
from core import events
from core.selectors.schedules import schedule_called
from core.services import audit, jobs, schedules
from domain.measurement import has_csa
from inference.selectors import pointers
from inference.services.intervals import SOURCE
from training import watching
from training.models import DriftReport, Run, Snapshot
from training.selectors import drift_reports

if TYPE_CHECKING:
    from annotation.models import Site
    from core.jobs import JobContext
    from core.models import Job, Schedule, User
    from inference.models import ModelVersion

KIND = "drift"
HOUR = 4
"""UTC: before people come, after the night's imports."""

NO_MODEL: watching.Figures = {"why": "No model makes pre-labels here yet."}
State = DriftReport.State


def submit(site: Site, actor: User) -> Job:
    """Queue a look. Raises NotAllowed for all but admins, Conflict while one is on."""
    require_admin(actor, site.study)
    return jobs.submit(
        KIND,
        {"site": site.pk},
        actor=actor,
        scope=site.study.name,
        exclusive=f"{KIND}:{site.pk}",
    )


def run(context: JobContext) -> dict[str, Any]:
    """The job: one look, and its report."""
    report = examine(site_with_id(context.params["site"]), context.job.requested_by)
    return {"report": report.pk, "state": report.state}


def examine(site: Site, actor: User | None) -> DriftReport:
    """Look at the site now and append the report; an alarm that is new is published."""
    model = pointers.current_model(site)
    figures = {
        "corrections": _corrections(site, model),
        "input": _input(site, model),
        "output": _output(site, model),
    }
    reasons = watching.reasons_of(figures)
    calm = State.CALM if watching.tells_anything(figures) else State.TOO_LITTLE
    state = State.ALARM if reasons else calm
    before = drift_reports.newest(site)
    with transaction.atomic():
        report = DriftReport.objects.create(
            site=site, model=model, state=state, reasons=reasons, figures=figures, actor=actor
        )
        audit.record(
            "drift examined",
            actor=actor,
            target=report,
            scope=site.study.name,
            site=site.slug,
            state=state,
            reasons=reasons,
        )
        if set(reasons) - set(before.reasons if before else []):
            events.publish("drift_alarm", site_id=site.pk, reason="; ".join(reasons))
    return report


def watch_daily(site: Site) -> None:
    """Look every day from now on, unless it is said already when to look."""
    if schedule_of(site) is None:
        _put(site, None, hour=HOUR, minute=0)


def put_schedule(
    site: Site, actor: User, *, enabled: bool, hour: int, minute: int, days: str
) -> Schedule:
    """Say when the site is looked at (UTC). Admins only. A time that was set once stays, whichever
    model serves."""
    require_admin(actor, site.study)
    return _put(site, actor, hour=hour, minute=minute, days=days, enabled=enabled)


def schedule_of(site: Site) -> Schedule | None:
    """When the site is looked at, if that was ever set."""
    return schedule_called(_schedule_name(site))


def watch_served(*, site_id: int, purpose: str) -> None:
    """A model serves a site: from now on it is looked at daily."""
    watch_daily(site_with_id(site_id))


def _put(
    site: Site,
    actor: User | None,
    *,
    hour: int,
    minute: int,
    days: str = "*",
    enabled: bool = True,
) -> Schedule:
    return schedules.put(
        _schedule_name(site),
        KIND,
        {"site": site.pk},
        hour=hour,
        minute=minute,
        days=days,
        enabled=enabled,
        scope=site.study.name,
        actor=actor,
    )


def _schedule_name(site: Site) -> str:
    return f"drift {site.study.name} {site.slug}"


def _corrections(site: Site, model: ModelVersion | None) -> watching.Figures:
    """Of the random share where a query round has drawn one, else of all."""
    if model is None:
        return {**NO_MODEL, "charts": [], "share": "all", "n_reference": 0}
    corrected = monitoring.corrections(site, SOURCE, model.name)
    drawn = drift_reports.random_share(site)
    watched = [one for one in corrected if one.scanned.image_id in drawn] if drawn else corrected
    return watching.of_corrections(watched, is_random_share=bool(drawn))


def _input(site: Site, model: ModelVersion | None) -> watching.Figures:
    snapshot = _snapshot(site, model)
    learnt = {item["subject"] for item in snapshot.manifest["items"]} if snapshot else set()
    scans = monitoring.incoming(site)
    known = [one for one in scans if one.subject_code in learnt]
    new = [one for one in scans if one.subject_code not in learnt]
    return watching.of_input(known, new)


def _snapshot(site: Site, model: ModelVersion | None) -> Snapshot | None:
    """What the model learnt from; of a model from outside, what the site would learn from."""
    run_of_model = Run.objects.filter(model=model).select_related("snapshot").first()
    if run_of_model is not None and model is not None:
        return run_of_model.snapshot
    return Snapshot.objects.filter(site=site).first()


def _output(site: Site, model: ModelVersion | None) -> watching.Figures:
    if model is None:
        return {**NO_MODEL, "shifts": [], "n_reference": 0, "n_window": 0}
    made = monitoring.pre_labelled(site, SOURCE, model.name)
    return watching.of_output(made, has_csa(site.plane), site.thickness_definition)
