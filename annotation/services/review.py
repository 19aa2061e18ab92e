"""The expert's side: approve, correct and approve, return, and undo an approval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from annotation.models import (
    Annotation,
    Assignment,
    Image,
    Issue,
    Reference,
    Review,
    Revision,
)
from annotation.models.assignment import READERS
from annotation.policies import can_review_in, is_double_read, require_member
from annotation.selectors.queue import outstanding_readings
from annotation.selectors.work import current_reference
from annotation.services import outlines, references
from annotation.services.image_state import hold, refresh_state
from core import events
from core.models import User
from core.services import audit
from domain.errors import Conflict, InvalidInput, NotAllowed, Refused

MAX_ISSUES = 50
CHANGED = "This is not the work that you looked at any more. Open it again."


def approve(
    annotation: Annotation,
    revision_number: int,
    actor: User,
    reason: str = "",
    *,
    replaces: int | None = None,
    decide_now: bool = False,
) -> Review:
    """Accept the revision that was looked at as truth. Nobody approves their own work.

    The other finished readings of the scan are settled. Where a reference stands, `replaces` names
    it and `reason` says why; else Conflict. While a reading of the scan is outstanding, only
    `decide_now` decides; else Refused.
    """
    _check_reviewer(annotation, actor)
    with transaction.atomic():
        hold(annotation.image)
        waived = _check_outstanding(annotation, decide_now)
        revision = _revision_under_review(annotation, revision_number, replaces=replaces)
        return _approve(
            annotation, revision, actor, reason, waived, is_corrected=False, replaces=replaces
        )


def correct_and_approve(
    annotation: Annotation,
    revision_number: int,
    actor: User,
    regions: Sequence[dict[str, Any]],
    reason: str = "",
    seconds: float = 0.0,
    *,
    replaces: int | None = None,
    decide_now: bool = False,
) -> Review:
    """Put the expert's own outline in place of the reviewed one, approved by the same act.

    It is a revision of the expert's annotation, `based_on` the reviewed one. `replaces` and
    `decide_now` as for `approve`.
    """
    _check_reviewer(annotation, actor)
    image = annotation.image
    canonical = outlines.canonical_regions(image, regions)
    if not canonical:
        raise InvalidInput("A correction needs an outline. To say there is none, return it.")
    with transaction.atomic():
        hold(image)
        waived = _check_outstanding(annotation, decide_now)
        reviewed = _revision_under_review(annotation, revision_number, replaces=replaces)
        own, _ = Annotation.objects.get_or_create(image=image, author=actor)
        corrected = outlines.append_revision(
            own,
            canonical,
            base=own.revision_count,
            author=actor,
            origin=Revision.Origin.ADJUDICATION
            if _is_adjudicated(image)
            else Revision.Origin.CORRECTION,
            seconds=seconds,
            based_on=reviewed,
            suggestion_version=reviewed.suggestion_version,
        )
        Annotation.objects.filter(pk=own.pk).update(state=Annotation.State.APPROVED)
        note = reason or f"corrected revision {reviewed.number} of {annotation.author}"
        return _approve(
            annotation, corrected, actor, note, waived, is_corrected=True, replaces=replaces
        )


def return_(
    annotation: Annotation,
    revision_number: int,
    actor: User,
    reason: str,
    issues: Sequence[dict[str, Any]] = (),
) -> Review:
    """Send work back to its author with a reason and remarks pinned to places (x, y, text).

    It touches this reading only. Approved work can be returned as well, unless it is sealed in a
    locked test set: its reference is then withdrawn, and the readings that it settled wait again.
    """
    _check_reviewer(annotation, actor)
    if not reason.strip():
        raise InvalidInput("Say why you return this work.")
    pins = [_pin(annotation, number, issue) for number, issue in enumerate(issues, start=1)]
    if len(pins) > MAX_ISSUES:
        raise InvalidInput(f"At most {MAX_ISSUES} remarks can be pinned to one scan.")
    with transaction.atomic():
        hold(annotation.image)
        was_approved = _state_of(annotation) == Annotation.State.APPROVED
        revision = _revision_under_review(annotation, revision_number, or_approved=True)
        if was_approved:
            _undecide(annotation)
        review = Review.objects.create(
            revision=revision,
            reviewer=actor,
            decision=Review.Decision.RETURN,
            reason=reason[:1000],
        )
        _record("annotation returned", review)
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


def withdraw(reference: Reference, actor: User, reason: str) -> Review:
    """Undo the approval that made a reference. It stays listed; what it settled waits again.

    Raises Conflict where it is not the reference any more, Refused where it is sealed, InvalidInput
    without a reason.
    """
    image = reference.image
    _check_may_undo(image, actor, reason)
    with transaction.atomic():
        hold(image)
        references.withdraw(reference)
        return _withdrawn(reference.revision, actor, reason, reference=reference.pk)


def reopen(annotation: Annotation, revision_number: int, actor: User, reason: str) -> Review:
    """Undo an approval that made no reference: that a scan has no outline. Else as `withdraw`."""
    image = annotation.image
    _check_may_undo(image, actor, reason)
    with transaction.atomic():
        hold(image)
        standing = current_reference(image)
        if standing is not None:
            if not references.rests_on(standing, annotation):
                raise Conflict(CHANGED)
            return withdraw(standing, actor, reason)
        revision = annotation.revisions.filter(number=revision_number).first()
        approved = Annotation.State.APPROVED
        if revision is None or _state_of(annotation) != approved:
            raise Conflict("This approval was undone meanwhile. Look at the scan again.")
        references.reopen(image)
        return _withdrawn(revision, actor, reason)


def _check_expert(actor: User, image: Image, what: str) -> None:
    require_member(actor, image.study)
    if not can_review_in(actor, image.study):
        raise NotAllowed(f"Only an expert of the study {what}.")


def _check_may_undo(image: Image, actor: User, reason: str) -> None:
    _check_expert(actor, image, "undoes an approval")
    if not reason.strip():
        raise InvalidInput("Say why the approval is undone.")


def _check_reviewer(annotation: Annotation, actor: User) -> None:
    _check_expert(actor, annotation.image, "reviews")
    if annotation.author_id == actor.pk:
        raise NotAllowed("Nobody approves their own work. Another expert has to review it.")


def _check_outstanding(annotation: Annotation, decide_now: bool) -> int:
    """How many readings of the scan are outstanding and were not waited for; Refused if any is."""
    waiting = outstanding_readings(annotation).count()
    if waiting and not decide_now:
        raise Refused(
            "This scan is read by another reader as well: wait for the second reader, or choose to "
            "decide now."
        )
    return waiting


def _state_of(annotation: Annotation) -> str:
    return Annotation.objects.values_list("state", flat=True).get(pk=annotation.pk)


def _revision_under_review(
    annotation: Annotation,
    number: int,
    *,
    or_approved: bool = False,
    replaces: int | None = None,
) -> Revision:
    """Close the annotation for this decision by compare-and-set, and give its revision.

    A settled reading can be decided for only in place of the reference that settled it.
    """
    allowed = [Annotation.State.SUBMITTED]
    if or_approved:
        allowed.append(Annotation.State.APPROVED)
    if replaces is not None:
        allowed.append(Annotation.State.SETTLED)
    taken = Annotation.objects.filter(
        pk=annotation.pk, state__in=allowed, revision_count=number
    ).update(state=Annotation.State.APPROVED)
    if not taken:
        decided = {Annotation.State.SETTLED, Annotation.State.APPROVED}
        if _state_of(annotation) in decided:
            references.refuse_decided(annotation.image)
        raise Conflict(CHANGED)
    annotation.state = Annotation.State.APPROVED
    return annotation.revisions.get(number=number)


def _approve(
    annotation: Annotation,
    revision: Revision,
    actor: User,
    reason: str,
    waived: int,
    *,
    is_corrected: bool,
    replaces: int | None,
) -> Review:
    """Record the approval of a revision and make it the reference, if it has one to make."""
    image = annotation.image
    review = Review.objects.create(
        revision=revision,
        reviewer=actor,
        decision=Review.Decision.APPROVE,
        reason=reason[:1000],
    )
    why = reason if replaces is not None else ""
    sources = references.readings(image)
    details: dict[str, Any] = {"sources": [one.pk for one in sources]}
    if revision.decision in {Revision.Decision.UNUSABLE, Revision.Decision.SKIPPED}:
        references.make_way(image, replaces=replaces, reason=why)
        references.settle(image, {annotation.pk})
    else:
        reference = references.put(
            image,
            revision,
            how=_how(image, is_corrected),
            accepted_by=actor,
            replaces=replaces,
            reason=why,
        )
        details["reference"] = reference.pk
    if replaces is not None:
        details["replaces"] = replaces
    if waived:
        details["readings_not_waited_for"] = waived
    _record("annotation approved", review, **details)
    refresh_state(image)
    events.publish(
        "annotation_approved",
        annotation_id=annotation.pk,
        image_id=image.pk,
        site_id=image.site_id,
    )
    return review


def _undecide(annotation: Annotation) -> None:
    """Take the decision for this work back: its reference, or that the scan has no outline."""
    standing = current_reference(annotation.image)
    if standing is not None and references.rests_on(standing, annotation):
        references.withdraw(standing)
    elif standing is None:
        references.reopen(annotation.image)


def _withdrawn(revision: Revision, actor: User, reason: str, **details: Any) -> Review:
    review = Review.objects.create(
        revision=revision,
        reviewer=actor,
        decision=Review.Decision.WITHDRAW,
        reason=reason[:1000],
    )
    _record("approval withdrawn", review, **details)
    refresh_state(revision.annotation.image)
    return review


def _record(verb: str, review: Review, **details: Any) -> None:
    revision = review.revision
    annotation = revision.annotation
    audit.record(
        verb,
        actor=review.reviewer,
        target=annotation,
        scope=annotation.image.study.name,
        annotation=annotation.pk,
        revision=revision.number,
        digest=revision.digest,
        reason=review.reason,
        **details,
    )


def _how(image: Image, is_corrected: bool) -> str:
    if _is_adjudicated(image):
        return Reference.How.ADJUDICATED
    return Reference.How.CORRECTED if is_corrected else Reference.How.SINGLE_EXPERT


def _is_adjudicated(image: Image) -> bool:
    """Whether two independent readings are there to decide between."""
    return is_double_read(image) and len(references.readings(image)) >= READERS


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
