"""Reading runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotation.policies import is_admin, role_of
from domain.errors import NotFound
from training.models import Epoch, Run

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from annotation.models import Site, Study
    from core.models import Job, User


def of_study(study: Study) -> QuerySet[Run]:
    """The runs of a study, newest first, with what a list shows."""
    return Run.objects.filter(site__study=study).select_related(*_RELATIONS).order_by("-id")


def visible_run(user: User, run_id: int) -> Run:
    """The run, if the person is expert or admin of its study. Raises NotFound."""
    run = Run.objects.filter(pk=run_id).select_related(*_RELATIONS).first()
    if run is None or role_of(user, run.site.study) not in {"expert", "admin"}:
        raise NotFound("There is no such run.")
    return run


def administered_run(user: User, run_id: int) -> Run:
    """The run, if the person administers its study. Raises NotFound."""
    run = Run.objects.filter(pk=run_id).select_related(*_RELATIONS).first()
    if run is None or not is_admin(user, run.site.study):
        raise NotFound("There is no such run.")
    return run


def of_job(job: Job) -> Run:
    """The run of a training job. Raises NotFound."""
    run = Run.objects.filter(job=job).select_related(*_RELATIONS).first()
    if run is None:
        raise NotFound("This job has no training run any more.")
    return run


def newest(site: Site) -> Run | None:
    """The newest run of a site."""
    return Run.objects.filter(site=site).select_related(*_RELATIONS).order_by("-id").first()


def as_json(run: Run) -> dict[str, Any]:
    """The run as the API answers it and `train --json` prints it."""
    epochs = list(run.epochs.all())
    best = max(
        (epoch.validation_dice for epoch in epochs if epoch.validation_dice is not None),
        default=None,
    )
    return {
        "run": run.pk,
        "study": run.site.study.name,
        "site": run.site.slug,
        "job": str(run.job_id),
        "state": run.job.state,
        "error": run.job.error,
        "model": run.model.name if run.model else None,
        "backend": run.backend,
        "settings": run.settings,
        "seed": run.seed,
        "trigger": run.trigger,
        "snapshot": run.snapshot.digest,
        "images": len(run.snapshot.manifest["items"]),
        "left_out": len(run.snapshot.left_out),
        "epochs": len(epochs),
        "best_validation_dice": run.best_validation_dice or best,
        "seconds": seconds(run),
        "attempts": run.job.attempts,
        "reproduction": reproduction(run),
    }


def epochs_as_json(run: Run) -> list[dict[str, Any]]:
    """The epochs so far, in order."""
    fields = (
        "member",
        "number",
        "train_loss",
        "validation_loss",
        "validation_dice",
        "learning_rate",
        "seconds",
    )
    return [dict(row) for row in run.epochs.order_by("member", "number").values(*fields)]


def reproduction(run: Run) -> dict[str, Any] | None:
    """How a run's epochs differ from those of the run that it reproduces; None if it is none.

    `epochs` that both have, and the largest absolute differences of loss and validation Dice.
    """
    if run.reproduces_id is None:
        return None
    fields = ("member", "number", "train_loss", "validation_dice")
    own = {row[:2]: row[2:] for row in run.epochs.values_list(*fields)}
    theirs = {
        row[:2]: row[2:] for row in Epoch.objects.filter(run=run.reproduces_id).values_list(*fields)
    }
    both = sorted(set(own) & set(theirs))
    loss, dice = (
        max((abs((own[key][n] or 0.0) - (theirs[key][n] or 0.0)) for key in both), default=None)
        for n in (0, 1)
    )
    return {
        "of": run.reproduces_id,
        "epochs": len(both),
        "missing": len(set(own) ^ set(theirs)),
        "loss_difference": loss,
        "dice_difference": dice,
        "same": bool(both) and set(own) == set(theirs) and loss == dice == 0.0,
    }


def seconds(run: Run) -> float | None:
    """Seconds from the start of the last attempt to the end; None until it has ended."""
    if run.job.started_at is None or run.job.finished_at is None:
        return None
    return (run.job.finished_at - run.job.started_at).total_seconds()


_RELATIONS = ("site__study", "snapshot", "job__requested_by", "model__site")
