"""Remarks on returned work are answered by its author: changed there, or marked as done."""

from __future__ import annotations

import math

from django.db import transaction
from django.utils import timezone

from annotation.models import Annotation, Issue, Review, Revision
from annotation.policies import require_member
from annotation.selectors.annotations import open_issues
from annotation.selectors.images import spacing_of
from core.models import User
from core.services import audit
from domain.comparison import changed_near
from domain.errors import Conflict, InvalidGeometry, NotAllowed
from domain.geometry import regions_from_json

NEAR_MM = 3.0
NEAR_OF_DIAGONAL = 0.04
"""How near to a remark a change answers it; without calibration, of the image's diagonal."""


def mark(issue: Issue, actor: User, *, done: bool) -> Issue:
    """Say that a remark is done, though the outline may not have changed there, or that it is not.

    Only the author of the work does, while it is theirs to change. Raises NotAllowed, Conflict.
    """
    annotation = issue.review.revision.annotation
    require_member(actor, issue.image.study)
    if annotation.author_id != actor.pk:
        raise NotAllowed("Only who is asked for changes answers a remark.")
    if annotation.state != Annotation.State.RETURNED:
        raise Conflict("This work is not with you for changes any more. Open it again.")
    with transaction.atomic():
        issue.answer = Issue.Answer.DONE if done else Issue.Answer.NONE
        issue.resolved_at = timezone.now() if done else None
        issue.save(update_fields=["answer", "resolved_at"])
        audit.record(
            "remark marked as done" if done else "remark opened again",
            actor=actor,
            target=annotation,
            scope=issue.image.study.name,
            annotation=annotation.pk,
            remark=issue.pk,
        )
    return issue


def answer_changed(annotation: Annotation, head: Revision) -> None:
    """Of the open remarks on work that is handed in again, answer those near which the outline is
    another than it was when it was returned. The others stay open: the expert sees them so.

    In the caller's transaction.
    """
    image = annotation.image
    spacing = spacing_of(image)
    radius = (
        NEAR_MM / max(spacing.x_mm, spacing.y_mm)
        if spacing
        else NEAR_OF_DIAGONAL * math.hypot(image.width, image.height)
    )
    issues = open_issues(annotation).select_related("review__revision__content")
    answered = [issue.pk for issue in issues if _is_changed(issue, head, radius)]
    Issue.objects.filter(pk__in=answered).update(
        answer=Issue.Answer.CHANGED, resolved_at=timezone.now()
    )


def open_changed(returned: Review) -> None:
    """Open the remarks again that handing in had answered since this return: it is taken back.

    In the caller's transaction.
    """
    Issue.objects.filter(
        review__revision__annotation=returned.revision.annotation_id,
        answer=Issue.Answer.CHANGED,
        resolved_at__gt=returned.created_at,
    ).update(answer=Issue.Answer.NONE, resolved_at=None)


def _is_changed(issue: Issue, head: Revision, radius: float) -> bool:
    before = issue.review.revision
    try:
        return changed_near(
            regions_from_json(before.regions),
            regions_from_json(head.regions),
            (issue.x, issue.y),
            radius,
        )
    except InvalidGeometry:
        return before.digest != head.digest
