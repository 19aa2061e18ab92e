"""Promoting the model of the demo's own run, so that its pre-labels appear without a person.

Only that run: a lab's models are promoted by an admin. The gate decides here too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.services import jobs
from domain.errors import Refused
from inference.selectors.versions import model_with_id
from training.models import Run
from training.services import promotion

if TYPE_CHECKING:
    from core.jobs import JobContext

KIND = "promote-demo"
REASON = "the demo's first model"
UNCONFIRMED = "promoted by the demo itself"


def submit(model_id: int) -> None:
    """Queue the promotion of a model if the demo started the run that made it."""
    run = (
        Run.objects.select_related("site__study", "job__requested_by")
        .filter(model_id=model_id, trigger=Run.Trigger.DEMO)
        .first()
    )
    if run is not None:
        scope = run.site.study.name
        jobs.submit(KIND, {"model": model_id}, actor=run.job.requested_by, scope=scope)


def promote(context: JobContext) -> dict[str, Any]:
    """The job: promote by the gate in the name of the demo's admin; refused as it is for people."""
    model = model_with_id(context.params["model"])
    context.progress(0.1, f"{model.name}: evaluating on validation, then on the locked test set")
    actor = context.job.requested_by
    if actor is None:
        raise Refused("Nobody asked for this promotion: promote the model by hand.")
    outcome = promotion.promote(model, actor, REASON, without_pictures=UNCONFIRMED)
    for purpose, said in outcome.refused.items():
        context.log(f"not for {purpose}: {said}")
    return {"model": model.name, "moves": len(outcome.moves)}
