"""Training again by itself: after newly approved subjects, and by a schedule.

One run per site at a time: what falls due while a run is on waits for the next approval or the
next time of the schedule, and never ends the run that is on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db import transaction

from annotation.policies import require_admin
from annotation.selectors import pool
from annotation.selectors.studies import site_with_id
from core.selectors.schedules import schedule_called
from core.services import audit, schedules
from domain.errors import Conflict, InvalidInput, Refused
from training import backends
from training.models import RetrainPolicy, Run, Snapshot
from training.selectors import drift_reports
from training.services import runs, snapshots
from training.services.shadow import SCANS

if TYPE_CHECKING:
    from annotation.models import Site
    from core.jobs import JobContext
    from core.models import Schedule, User

SCHEDULED_KIND = "scheduled-training"


def put_policy(
    site: Site,
    actor: User,
    *,
    enabled: bool,
    after_subjects: int,
    backend: str,
    settings: Mapping[str, object],
    promotes: bool = False,
    shadow_scans: int = SCANS,
) -> RetrainPolicy:
    """Say after how many newly approved subjects a site is trained again. Admins only.

    `promotes`: a model that passes the development gate makes pre-labels without a person.
    `shadow_scans`: on how many corrected scans it is compared with the model before.
    """
    require_admin(actor, site.study)
    if after_subjects < 1:
        raise InvalidInput("Train again after at least one newly approved subject.")
    checked = backends.get(backend).settings(settings)
    with transaction.atomic():
        policy, _ = RetrainPolicy.objects.update_or_create(
            site=site,
            defaults={
                "enabled": enabled,
                "after_subjects": after_subjects,
                "backend": backend,
                "settings": checked,
                "promotes": promotes,
                "shadow_scans": shadow_scans,
            },
        )
        audit.record(
            "retraining rule changed",
            actor=actor,
            target=site,
            scope=site.study.name,
            site=site.slug,
            enabled=enabled,
            after_subjects=after_subjects,
            backend=backend,
            promotes=promotes,
            shadow_scans=shadow_scans,
        )
    return policy


def consider(site_id: int) -> Run | None:
    """Start a run if the site's rule asks for one now; None if not, or if one is on already."""
    policy = (
        RetrainPolicy.objects.select_related("site__study")
        .filter(site_id=site_id, enabled=True)
        .first()
    )
    if policy is None or len(new_subjects(policy.site)) < policy.after_subjects:
        return None
    try:
        return runs.start(policy.site, policy.backend, policy.settings, None, Run.Trigger.APPROVALS)
    except (Conflict, Refused):
        return None


def after_drift(site: Site, actor: User) -> Run:
    """Start the run that a drift alarm proposes, by the settings of the site's newest run.

    Raises Refused where the newest look found no drift, and as `runs.start`.
    """
    require_admin(actor, site.study)
    report = drift_reports.newest(site)
    if report is None or not report.reasons:
        raise Refused(f"The last look at {site.slug} found no drift: nothing is proposed.")
    newest = Run.objects.filter(site=site).first()
    backend = newest.backend if newest else runs.default_backend(site)
    return runs.start(site, backend, newest.settings if newest else {}, actor, Run.Trigger.DRIFT)


def new_subjects(site: Site) -> frozenset[str]:
    """Training and validation subjects approved since the site's newest snapshot."""
    newest = Snapshot.objects.filter(site=site).first()
    known = {item["subject"] for item in newest.manifest["items"]} if newest else set()
    known |= {item["subject"] for item in newest.left_out} if newest else set()
    return pool.training_subjects(site) - known


def put_schedule(
    site: Site,
    actor: User,
    *,
    enabled: bool,
    hour: int,
    minute: int,
    days: str,
    backend: str,
    settings: Mapping[str, object],
) -> Schedule:
    """Train a site at set times (UTC) when something new was approved. Admins only."""
    require_admin(actor, site.study)
    checked = backends.get(backend).settings(settings)
    return schedules.put(
        schedule_name(site),
        SCHEDULED_KIND,
        {"site": site.pk, "backend": backend, "settings": checked},
        hour=hour,
        minute=minute,
        days=days,
        enabled=enabled,
        scope=site.study.name,
        actor=actor,
    )


def schedule_name(site: Site) -> str:
    """What the site's schedule is called."""
    return f"train {site.study.name} {site.slug}"


def schedule_of(site: Site) -> Schedule | None:
    """The site's schedule, if one was ever set."""
    return schedule_called(schedule_name(site))


def run_scheduled(context: JobContext) -> dict[str, Any]:
    """The scheduled job: start a run, unless one is on or nothing was approved since the last."""
    site = site_with_id(context.params["site"])
    newest = Run.objects.filter(site=site).select_related("snapshot").first()
    snapshot = snapshots.freeze(site, context.job.requested_by)
    if newest is not None and newest.model_id and newest.snapshot_id == snapshot.pk:
        return {"skipped": "Nothing was approved since the last run."}
    try:
        run = runs.start(
            site,
            context.params["backend"],
            context.params["settings"],
            context.job.requested_by,
            Run.Trigger.SCHEDULE,
        )
    except Conflict as conflict:
        return {"skipped": str(conflict)}
    return {"run": run.pk}
