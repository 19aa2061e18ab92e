"""Starting, repeating and cancelling training runs; a site has at most one at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db import transaction

from annotation.policies import require_admin
from core.services import audit, jobs
from domain.errors import Conflict
from training import backends
from training.models import Run
from training.services import gate_configurations, snapshots

if TYPE_CHECKING:
    from annotation.models import Site
    from core.models import Job, User
    from training.models import Snapshot

KIND = "train"


def start(
    site: Site,
    backend: str,
    settings: Mapping[str, object],
    actor: User | None,
    trigger: str = Run.Trigger.HAND,
) -> Run:
    """Freeze a snapshot and queue its training.

    Raises NotAllowed for all but admins (None is the system itself), InvalidInput for an unknown
    backend or a wrong setting, Refused where there is nothing to train on, Conflict while another
    run of the site is queued or running.
    """
    if actor is not None:
        require_admin(actor, site.study)
    checked = backends.get(backend).settings(settings)
    refuse_second(site)
    snapshots.compare_copies(site)
    with transaction.atomic():
        return _queue(snapshots.freeze(site, actor), backend, checked, actor, trigger)


def reproduce(run: Run, actor: User | None) -> Run:
    """Queue the training of the same snapshot with the same settings and seed once more.

    On the same CPU its epochs have the same numbers (`selectors.runs.reproduction`). Raises
    NotAllowed for all but admins, Conflict while another run of the site is queued or running.
    """
    if actor is not None:
        require_admin(actor, run.site.study)
    refuse_second(run.site)
    with transaction.atomic():
        return _queue(
            run.snapshot, run.backend, run.settings, actor, Run.Trigger.HAND, reproduces=run
        )


def _queue(
    snapshot: Snapshot,
    backend: str,
    checked: dict[str, Any],
    actor: User | None,
    trigger: str,
    *,
    reproduces: Run | None = None,
) -> Run:
    site = snapshot.site
    gate = gate_configurations.in_force(site)
    job = _submit(site, actor)
    run = Run.objects.create(
        site=site,
        snapshot=snapshot,
        job=job,
        backend=backend,
        settings=checked,
        seed=checked["seed"],
        trigger=trigger,
        reproduces=reproduces,
        gate_configuration=gate,
    )
    audit.record(
        "run started",
        actor=actor,
        target=run,
        scope=site.study.name,
        site=site.slug,
        run=run.pk,
        backend=backend,
        settings=checked,
        snapshot=snapshot.digest,
        gate_configuration=gate.number,
        trigger=trigger,
        reproduces=reproduces.pk if reproduces else None,
    )
    return run


def default_backend(site: Site) -> str:
    """The backend of the site's model family."""
    return site.model_family


def again(run: Run, actor: User) -> Run:
    """A new run with the same backend and settings, on what is approved now."""
    return start(run.site, run.backend, run.settings, actor)


def cancel(run: Run, actor: User) -> None:
    """Ask a run to stop; its last checkpoint stays. Raises NotAllowed for all but admins."""
    require_admin(actor, run.site.study)
    jobs.cancel(run.job, actor)


def refuse_second(site: Site) -> None:
    """Raise Conflict while a run of the site is queued or running."""
    active = Run.objects.filter(site=site, job__state__in=Run.ACTIVE_JOB_STATES).first()
    if active is not None:
        raise Conflict(_busy(site, f"run {active.pk}"))


def _submit(site: Site, actor: User | None) -> Job:
    try:
        return jobs.submit(
            KIND,
            {"site": site.pk},
            actor=actor,
            scope=site.study.name,
            exclusive=f"{KIND}:{site.pk}",
        )
    except Conflict:
        raise Conflict(_busy(site, "a run")) from None


def _busy(site: Site, which: str) -> str:
    return f"{site.slug} is being trained already ({which}): wait for it, or cancel it first."
