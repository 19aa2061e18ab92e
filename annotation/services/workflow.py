"""The annotator's side of review: submit, and take back."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from annotation.models import Annotation, Assignment, Review
from annotation.services import needs, remarks
from annotation.services.image_state import hold, is_decided, refresh_state
from core import events
from core.models import User
from core.services import audit
from domain.errors import Conflict, NotAllowed, Refused


def submit(annotation: Annotation, actor: User) -> Annotation:
    """Send the newest revision to the experts. Submitting twice changes nothing.

    Remarks near which nothing was changed, and which were not marked as done, stay open.
    Where the scan is decided by now, the work is settled at once: it counts in agreement and waits
    for nobody.
    """
    _require_author(annotation, actor)
    if annotation.state in {Annotation.State.SUBMITTED, Annotation.State.SETTLED}:
        return annotation
    head = annotation.revisions.order_by("-number").first()
    if head is None or not (head.regions or head.decision):
        raise Refused("There is nothing to submit yet. Outline the muscle, or say why not.")
    with transaction.atomic():
        hold(annotation.image)
        _move(
            annotation,
            [Annotation.State.DRAFT, Annotation.State.RETURNED],
            Annotation.State.SETTLED
            if is_decided(annotation.image)
            else Annotation.State.SUBMITTED,
        )
        remarks.answer_changed(annotation, head)
        needs.assess(annotation)
        Assignment.objects.filter(image=annotation.image, person=actor).update(
            done_at=timezone.now()
        )
        _follow_up(annotation, actor, "annotation submitted", revision=head.number)
    return annotation


def take_back(annotation: Annotation, actor: User) -> Annotation:
    """Take submitted work back before somebody reviews it.

    Work of a second round is again what was returned: with its reason, and with the remarks that
    handing it in had answered.
    """
    _require_author(annotation, actor)
    with transaction.atomic():
        hold(annotation.image)
        last = Review.objects.filter(revision__annotation=annotation).order_by("-id").first()
        if last is not None and last.decision == Review.Decision.RETURN:
            _move(annotation, [Annotation.State.SUBMITTED], Annotation.State.RETURNED)
            remarks.open_changed(last)
        else:
            _move(annotation, [Annotation.State.SUBMITTED], Annotation.State.DRAFT)
        Assignment.objects.filter(image=annotation.image, person=actor).update(done_at=None)
        _follow_up(annotation, actor, "annotation taken back")
    return annotation


def _require_author(annotation: Annotation, actor: User) -> None:
    if annotation.author_id != actor.pk:
        raise NotAllowed("Only its author submits an outline.")


def _move(annotation: Annotation, allowed: list[str], state: str) -> None:
    moved = Annotation.objects.filter(pk=annotation.pk, state__in=allowed).update(state=state)
    if not moved:
        raise Conflict("The state of this work has changed meanwhile. Open it again.")
    annotation.state = state


def _follow_up(annotation: Annotation, actor: User, verb: str, **details: int) -> None:
    image = annotation.image
    refresh_state(image)
    audit.record(
        verb,
        actor=actor,
        target=annotation,
        scope=image.study.name,
        annotation=annotation.pk,
        **details,
    )
    events.publish(verb.replace(" ", "_"), annotation_id=annotation.pk, image_id=image.pk)
