"""Job handlers of this app, and what sets them off."""

from __future__ import annotations

from typing import Any

from core import events
from core.jobs import register
from inference.models import Purpose
from inference.selectors.versions import model_with_id
from training.selectors import evaluations, works
from training.services import (
    crossvalidation,
    demo_promotion,
    drift,
    evaluation,
    intervals,
    promotion,
    replaying,
    retraining,
    runs,
    shadow,
    supervision,
    test_pictures,
    turns,
)


def register_all() -> None:
    """Register the handlers and subscriptions of this app."""
    on_a_device: dict[str, Any] = {"queue": turns.QUEUE, "picks": turns.next_job}
    register(runs.KIND, supervision.supervise, says=works.training, **on_a_device)
    register(retraining.SCHEDULED_KIND, retraining.run_scheduled, says=works.training)
    register(evaluation.KIND, evaluation.run, says=works.evaluation)
    register(
        crossvalidation.KIND, crossvalidation.run_job, says=works.cross_validation, **on_a_device
    )
    register(replaying.KIND, replaying.run_job, says=works.replay, **on_a_device)
    register(demo_promotion.KIND, demo_promotion.promote, says=works.promotion)
    register(shadow.KIND, shadow.run, says=works.shadow)
    register(test_pictures.KIND, test_pictures.draw, says=works.test_pictures)
    register(drift.KIND, drift.run, says=works.drift)
    events.subscribe("annotation_approved", reference_approved)
    events.subscribe("annotation_approved", read_in_the_shadow)
    events.subscribe("model_promoted", compare_with_the_model_before)
    events.subscribe("model_promoted", drift.watch_served)
    events.subscribe("model_registered", evaluate_new_model)
    events.subscribe("model_registered", promote_model_of_demo)
    events.subscribe("model_registered", prove_new_model)
    events.subscribe("model_evaluated", intervals.calibrate_evaluated)
    events.subscribe("model_evaluated", promote_by_the_sites_rule)


def reference_approved(*, annotation_id: int, image_id: int, site_id: int) -> None:
    """An outline became truth: perhaps the site is to be trained again."""
    retraining.consider(site_id)


def evaluate_new_model(*, model_id: int) -> None:
    """A model was registered: see at once how it does on the validation subjects."""
    evaluation.submit(model_with_id(model_id), evaluations.VALIDATION, None)


def promote_model_of_demo(*, model_id: int) -> None:
    """A model was registered: the one that the demo asked for goes on to the gate."""
    demo_promotion.submit(model_id)


def prove_new_model(*, model_id: int) -> None:
    """A model was registered: what its comparison on development subjects needs is made."""
    crossvalidation.prove_against_current(model_with_id(model_id))


def promote_by_the_sites_rule(*, evaluation_id: int) -> None:
    """A model was evaluated without a look: it may make pre-labels if the site's rule says so."""
    evaluated = evaluations.with_id(evaluation_id)
    if evaluated.partition in {evaluations.VALIDATION, evaluations.DEVELOPMENT}:
        promotion.promote_by_rule(evaluated.model)


def compare_with_the_model_before(*, site_id: int, purpose: str) -> None:
    """Another model makes pre-labels: the one before goes on reading in the shadow."""
    if purpose == Purpose.PRE_LABEL:
        shadow.begin(site_id)


def read_in_the_shadow(*, annotation_id: int, image_id: int, site_id: int) -> None:
    """A corrected scan was approved: the model that served before reads it too."""
    shadow.submit(site_id, image_id)
