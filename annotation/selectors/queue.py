"""What waits for whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from annotation.models import (
    Annotation,
    Assignment,
    Image,
    Partition,
    Study,
    SubjectPartition,
    Suggestion,
)
from annotation.policies import can_annotate_in
from core.models import User


@dataclass(frozen=True)
class QueueItem:
    """An image that waits for a person, what is asked, and why it stands where it stands."""

    image: Image
    asked: str
    reason: str = ""


def queue_of(user: User, study: Study, limit: int = 20) -> list[QueueItem]:
    """Returned work, drafts, own assignments, then scans that nobody reads yet; at most `limit`."""
    if not can_annotate_in(user, study):
        return []
    items: list[QueueItem] = []
    seen: set[int] = set()
    for source in (_begun(user, study), _assigned(user, study), _unread(user, study)):
        for item in islice(source, limit):
            if item.image.pk not in seen and len(items) < limit:
                seen.add(item.image.pk)
                items.append(item)
    return items


def next_for(user: User, study: Study) -> QueueItem | None:
    """What the person should do next."""
    return next(iter(queue_of(user, study, limit=1)), None)


def queue_length(user: User, study: Study) -> int:
    """How many scans the person could do now."""
    if not can_annotate_in(user, study):
        return 0
    begun = Annotation.objects.filter(
        author_id=user.pk,
        image__study=study,
        state__in=[Annotation.State.DRAFT, Annotation.State.RETURNED],
        image__erased_at__isnull=True,
    ).count()
    return begun + _assigned_images(user, study).count() + _free_images(user, study).count()


def _begun(user: User, study: Study) -> list[QueueItem]:
    annotations = (
        Annotation.objects.filter(
            author_id=user.pk,
            image__study=study,
            image__erased_at__isnull=True,
            state__in=[Annotation.State.RETURNED, Annotation.State.DRAFT],
        )
        .select_related("image__site", "image__subject", "image__take__scan__visit", "image__study")
        .order_by("-state", "changed_at")[:200]
    )
    return [_begun_item(annotation) for annotation in annotations]


def _begun_item(annotation: Annotation) -> QueueItem:
    if annotation.state != Annotation.State.RETURNED:
        return QueueItem(annotation.image, "go on with your draft")
    from annotation.selectors.annotations import last_review

    review = last_review(annotation)
    return QueueItem(annotation.image, "returned to you", review.reason if review else "")


def _assigned(user: User, study: Study) -> list[QueueItem]:
    images = _with_details(_assigned_images(user, study))[:200]
    reasons = dict(
        Assignment.objects.filter(person_id=user.pk, image__in=[i.pk for i in images]).values_list(
            "image_id", "reason"
        )
    )
    return [QueueItem(image, _asked(image), reasons.get(image.pk, "")) for image in images]


def _unread(user: User, study: Study) -> list[QueueItem]:
    images: Iterable[Any] = _with_details(_free_images(user, study))[:200]
    return [QueueItem(image, _asked(image), image.pick_reason or "") for image in images]


def _asked(image: Any) -> str:
    if image.is_blind:
        return "draw without help"
    return "correct the pre-label" if image.has_suggestion else "draw"


def _assigned_images(user: User, study: Study) -> QuerySet[Image]:
    mine = Assignment.objects.filter(image=OuterRef("pk"), person_id=user.pk, done_at__isnull=True)
    begun = Annotation.objects.filter(image=OuterRef("pk"), author_id=user.pk, revision_count__gt=0)
    return _open_images(study).filter(Exists(mine)).exclude(Exists(begun))


def _free_images(user: User, study: Study) -> QuerySet[Image]:
    """Open images with a free slot, or with no assignment and no annotation at all."""
    assigned = Assignment.objects.filter(image=OuterRef("pk"))
    annotated = Annotation.objects.filter(image=OuterRef("pk"))
    free_slot = assigned.filter(person__isnull=True)
    mine = assigned.filter(person_id=user.pk)
    return (
        _open_images(study)
        .filter(Exists(free_slot) | (~Exists(assigned) & ~Exists(annotated)))
        .exclude(Exists(mine))
    )


def _open_images(study: Study) -> QuerySet[Image]:
    return Image.objects.filter(study=study, erased_at__isnull=True).exclude(
        state__in=[Image.State.APPROVED, Image.State.UNUSABLE]
    )


def _with_details(images: QuerySet[Image]) -> QuerySet[Image]:
    offered = Suggestion.objects.filter(
        image=OuterRef("pk"), hidden=False, state=Suggestion.State.CURRENT
    )
    test = SubjectPartition.objects.filter(subject=OuterRef("subject"), partition=Partition.TEST)
    assignments = Assignment.objects.filter(image=OuterRef("pk")).order_by("rank")
    return (
        images.select_related("site", "subject", "take__scan__visit", "study")
        .annotate(
            is_blind=Exists(assignments.filter(blind=True)),
            has_suggestion=Exists(offered) & ~Exists(test),
            rank=assignments.values("rank")[:1],
            pick_reason=assignments.values("reason")[:1],
        )
        .order_by(F("rank").asc(nulls_last=True), "-has_suggestion", "id")
    )


def waiting_for_review(user: User, study: Study) -> QuerySet[Annotation]:
    """Submitted work of others, oldest first."""
    return (
        Annotation.objects.filter(
            image__study=study,
            image__erased_at__isnull=True,
            state=Annotation.State.SUBMITTED,
        )
        .filter(~Q(author_id=user.pk))
        .select_related("image__site", "image__subject", "image__take__scan__visit", "author")
        .order_by("changed_at")
    )
