"""The pictures of the locked test set: they open once, for the report, as a look at the lock.

Before a decision nobody sees them, so that no candidate is chosen by them; afterwards an expert or
admin may open the worst and the most changed of the decided candidate. Which ones is told by the
stored Dice, so that choosing them is no look. The models' outlines are drawn by a job then.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from annotation.policies import require_guide
from annotation.selectors import images as stored
from annotation.services import lock as locks
from core.services import jobs
from domain.errors import Conflict, Refused
from inference.models import Prediction, Purpose
from inference.services import prediction
from training.models import GateDecision, PictureOpening
from training.selectors import confirmations, evaluations, gate_decisions
from training.selectors.confirmations import Pictures
from training.selectors.model_pages import mean_dice_of_images

if TYPE_CHECKING:
    from core.jobs import JobContext
    from core.models import User
    from inference.models import ModelVersion

KIND = "draw-test-pictures"


def decision_of(model: ModelVersion) -> GateDecision | None:
    """The newest decision about a model that rests on a lock; None: it was not decided yet."""
    decided = gate_decisions.of_model(model).filter(purpose=Purpose.MEASUREMENT, lock__isnull=False)
    return decided.select_related(
        "lock__site__study", "evaluation", "current__site", "current_evaluation"
    ).first()


def opening_of(decision: GateDecision) -> PictureOpening | None:
    """Who opened the pictures of a decided candidate on the decision's lock, if anybody did."""
    found = PictureOpening.objects.filter(model=decision.model_id, lock=decision.lock_id)
    return found.select_related("actor", "lock__site__study").first()


def open_once(model: ModelVersion, actor: User) -> PictureOpening:
    """Open the test pictures of a decided candidate; opened already, that opening is answered.

    Outlines that are still missing then are drawn once more, without another look.
    Raises NotAllowed for all but experts and admins, Refused where the candidate was not decided on
    the lock, where a newer lock is sealed, or where no look is left.
    """
    require_guide(actor, model.site.study)
    decision = decision_of(model)
    if decision is None or decision.lock is None:
        raise Refused(
            f"{model.name} was not decided on the locked test set yet: its pictures stay closed."
        )
    earlier = opening_of(decision)
    if earlier is not None:
        _draw_what_is_missing(earlier, actor)
        return earlier
    images = _worst_and_changed(decision)
    if not images:
        raise Refused("None of the scans that it was decided on is kept any more.")
    try:
        with transaction.atomic():
            look = locks.open_pictures(decision.lock, actor, f"pictures of {model.name}", images)
            opening = PictureOpening.objects.create(
                model=model,
                decision=decision,
                lock=decision.lock,
                look=look,
                images=images,
                actor=actor,
            )
            _submit(opening, actor)
    except IntegrityError as error:
        raise Conflict("Somebody else opened them at the same moment: look at them.") from error
    return opening


def draw(context: JobContext) -> dict[str, Any]:
    """The job: what the candidate and the model before draw on the opened scans is kept."""
    opening = PictureOpening.objects.select_related(
        "model__site__study", "decision__current__site__study"
    ).get(pk=context.params["opening"])
    wanted = [(model, image) for image in opening.images for model in _models(opening)]
    for number, (model, image_id) in enumerate(wanted):
        context.raise_if_cancelled()
        context.progress(number / len(wanted), f"{model.name}: picture {number + 1}")
        image = stored.with_id(image_id)
        if image.erased_at is None:
            prediction.of_image(model, image)
    return {"model": opening.model.name, "pictures": len(opening.images)}


def pictures(opening: PictureOpening) -> Pictures:
    """What was opened, side by side: the model before, the candidate, the sealed reference."""
    truth = {one.image_id: one for one in locks.opened_pictures(opening.lock, opening.look)}
    dice, previous = _dice(opening.decision)
    return confirmations.beside(opening.model, opening.decision.current, dice, previous, truth)


def is_drawn(opening: PictureOpening) -> bool:
    """Whether both models' outlines are there on every scan that was not erased since."""
    models = _models(opening)
    kept = Prediction.objects.filter(model__in=models, image__in=opening.images)
    shown = locks.opened_pictures(opening.lock, opening.look)
    return kept.count() >= len(models) * len(shown)


def _models(opening: PictureOpening) -> list[ModelVersion]:
    return [one for one in (opening.model, opening.decision.current) if one is not None]


def _submit(opening: PictureOpening, actor: User) -> None:
    jobs.submit(
        KIND,
        {"opening": opening.pk},
        actor=actor,
        scope=opening.model.site.study.name,
        exclusive=f"{KIND}:{opening.pk}",
    )


def _draw_what_is_missing(opening: PictureOpening, actor: User) -> None:
    if not is_drawn(opening):
        with contextlib.suppress(Conflict):  # the job is still queued or running
            _submit(opening, actor)


def _worst_and_changed(decision: GateDecision) -> list[int]:
    """Which scans to open: none that was erased since, so that the one look shows all it can."""
    dice, previous = _dice(decision)
    kept = set(stored.kept(list(dice)).values_list("pk", flat=True))
    worst, changed = confirmations.worst_and_changed(
        {image: value for image, value in dice.items() if image in kept}, previous
    )
    return sorted({*worst, *changed})


def _dice(decision: GateDecision) -> tuple[dict[int, float], dict[int, float]]:
    """{image: Dice} of the candidate and of the model before, as the decision rested on them."""
    before = decision.current_evaluation
    return (
        mean_dice_of_images(evaluations.rows_of(decision.evaluation)),
        mean_dice_of_images(evaluations.rows_of(before)) if before else {},
    )
