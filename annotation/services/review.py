"""The expert's side: approve, correct and approve, return."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from annotation.models import Annotation, Assignment, Issue, Reference, Review, Revision
from annotation.policies import can_review_in, is_double_read, require_member
from annotation.services import outlines, references
from annotation.services.image_state import refresh_state
from core import events
from core.models import User
from core.services import audit
from domain.errors import Conflict, InvalidInput, NotAllowed, Refused

MAX_ISSUES = 50


def approve(annotation: Annotation, revision_number: int, actor: User, reason: str = "") -> Review:
    """Accept the revision that was looked at as truth. Nobody approves their own work."""
    _check_reviewer(annotation, actor)
    _check_second_reader(annotation)
    with transaction.atomic():
        revision = _revision_under_review(annotation, revision_number)
        review = _decide(annotation, revision, actor, Review.Decision.APPROVE, reason)
        _accept(annotation, revision, actor, _how(annotation, corrected=False))
    return review


def correct_and_approve(
    annotation: Annotation,
    revision_number: int,
    actor: User,
    regions: Sequence[dict[str, Any]],
    reason: str = "",
    seconds: float = 0.0,
) -> Review:
    """Put the expert's own outline in place of the reviewed one, approved by the same act.

    It is a revision of the expert's annotation, `based_on` the reviewed one.
    """
    _check_reviewer(annotation, actor)
    _check_second_reader(annotation)
    image = annotation.image
    canonical = outlines.canonical_regions(image, regions)
    if not canonical:
        raise InvalidInput("A correction needs an outline. To say there is none, return it.")
    with transaction.atomic():
        reviewed = _revision_under_review(annotation, revision_number)
        own, _ = Annotation.objects.get_or_create(image=image, author=actor)
        corrected = outlines.append_revision(
            own,
            canonical,
            base=own.revision_count,
            author=actor,
            origin=Revision.Origin.ADJUDICATION
            if is_double_read(image)
            else Revision.Origin.CORRECTION,
            seconds=seconds,
            based_on=reviewed,
            suggestion_version=reviewed.suggestion_version,
        )
        Annotation.objects.filter(pk=own.pk).update(state=Annotation.State.APPROVED)
        note = reason or f"corrected revision {reviewed.number} of {annotation.author}"
        review = _decide(annotation, corrected, actor, Review.Decision.APPROVE, note)
        _accept(annotation, corrected, actor, _how(annotation, corrected=True))
    return review


def return_(
    annotation: Annotation,
    revision_number: int,
    actor: User,
    reason: str,
    issues: Sequence[dict[str, Any]] = (),
) -> Review:
    """Send work back to its author with a reason and remarks pinned to places (x, y, text).

    Approved work can be returned as well, unless it is sealed in a locked test set: its reference
    is then withdrawn.
    """
    _check_reviewer(annotation, actor)
    if not reason.strip():
        raise InvalidInput("Say why you return this work.")
    pins = [_pin(annotation, number, issue) for number, issue in enumerate(issues, start=1)]
    if len(pins) > MAX_ISSUES:
        raise InvalidInput(f"At most {MAX_ISSUES} remarks can be pinned to one scan.")
    with transaction.atomic():
        revision = _revision_under_review(annotation, revision_number, or_approved=True)
        references.withdraw(annotation.image)
        review = _decide(annotation, revision, actor, Review.Decision.RETURN, reason)
        for pin in pins:
            pin.review = review
        Issue.objects.bulk_create(pins)
        Annotation.objects.filter(pk=annotation.pk).update(state=Annotation.State.RETURNED)
        annotation.state = Annotation.State.RETURNED
        Assignment.objects.filter(image=annotation.image, person=annotation.author).update(
            done_at=None
        )
        refresh_state(annotation.image)
    return review


def _check_reviewer(annotation: Annotation, actor: User) -> None:
    require_member(actor, annotation.image.study)
    if not can_review_in(actor, annotation.image.study):
        raise NotAllowed("Only an expert of the study reviews.")
    if annotation.author_id == actor.pk:
        raise NotAllowed("Nobody approves their own work. Another expert has to review it.")


def _check_second_reader(annotation: Annotation) -> None:
    waiting = Assignment.objects.filter(
        image=annotation.image, blind=True, done_at__isnull=True
    ).exclude(person=annotation.author)
    if waiting.exists():
        raise Refused("This scan is read twice: wait for the second reader.")


def _revision_under_review(
    annotation: Annotation, number: int, *, or_approved: bool = False
) -> Revision:
    """Close the annotation for this decision by compare-and-set, and give its revision."""
    allowed = [Annotation.State.SUBMITTED]
    if or_approved:
        allowed.append(Annotation.State.APPROVED)
    taken = Annotation.objects.filter(
        pk=annotation.pk, state__in=allowed, revision_count=number
    ).update(state=Annotation.State.APPROVED)
    if not taken:
        raise Conflict("This is not the work that you looked at any more. Open it again.")
    annotation.state = Annotation.State.APPROVED
    return annotation.revisions.get(number=number)


def _decide(
    annotation: Annotation, revision: Revision, actor: User, decision: str, reason: str
) -> Review:
    review = Review.objects.create(
        revision=revision, reviewer=actor, decision=decision, reason=reason[:1000]
    )
    audit.record(
        "annotation approved" if decision == Review.Decision.APPROVE else "annotation returned",
        actor=actor,
        target=annotation,
        scope=annotation.image.study.name,
        annotation=annotation.pk,
        revision=revision.number,
        digest=revision.digest,
        reason=reason,
    )
    return review


def _accept(annotation: Annotation, revision: Revision, actor: User, how: str) -> None:
    image = annotation.image
    if revision.decision in {Revision.Decision.UNUSABLE, Revision.Decision.SKIPPED}:
        references.withdraw(image)
    else:
        references.put(image, revision, how=how, accepted_by=actor)
    refresh_state(image)
    events.publish(
        "annotation_approved",
        annotation_id=annotation.pk,
        image_id=image.pk,
        site_id=image.site_id,
    )


def _how(annotation: Annotation, *, corrected: bool) -> str:
    if is_double_read(annotation.image):
        return Reference.How.ADJUDICATED
    return Reference.How.CORRECTED if corrected else Reference.How.SINGLE_EXPERT


def _pin(annotation: Annotation, number: int, data: dict[str, Any]) -> Issue:
    image = annotation.image
    text = str(data.get("text", "")).strip()
    try:
        x, y = float(data["x"]), float(data["y"])
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"Remark {number} has no place: give x and y in px.") from error
    if not (math.isfinite(x) and math.isfinite(y)):
        raise InvalidInput(f"Remark {number} has no place: give x and y in px.")
    if not text:
        raise InvalidInput(f"Remark {number} has no text.")
    x, y = min(max(x, 0.0), float(image.width)), min(max(y, 0.0), float(image.height))
    return Issue(image=image, x=x, y=y, text=text[:500])
