"""What waits for whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import merge
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from annotation.models import (
    HELD_OUT,
    Annotation,
    Assignment,
    Image,
    Reference,
    Study,
    SubjectPartition,
    Suggestion,
)
from annotation.models.assignment import READERS
from annotation.policies import can_annotate_in, can_review_in
from annotation.selectors.reservations import held_by_others
from core.models import User

CLOSED = (Image.State.APPROVED, Image.State.UNUSABLE)
DETAILS = ("site", "subject", "take__scan__visit", "study")


@dataclass(frozen=True)
class QueueItem:
    """An image that waits for a person, what is asked, and why it stands where it stands."""

    image: Image
    asked: str
    reason: str = ""


def queue_of(user: User, study: Study, limit: int = 20) -> list[QueueItem]:
    """Returned work, drafts, own assignments, then scans that nobody reads yet; at most `limit`.

    Assignments come by rank. Of the scans that nobody reads, the ranked come first, then those with
    a pre-label, then the others, each in order of arrival.
    """
    if not can_annotate_in(user, study):
        return []
    items = _begun(user, study, limit)
    items += _items(user, _assigned(user, study, limit - len(items)))
    items += _items(user, _free(user, study, limit - len(items)))
    return items


def next_for(user: User, study: Study, *, after: int | None = None) -> QueueItem | None:
    """What the person should do next, image `after` left out."""
    first = queue_of(user, study, limit=1 if after is None else 2)
    return next((item for item in first if item.image.pk != after), None)


def queue_length(user: User, study: Study, most: int) -> int:
    """How many scans the person could do now, counted no further than `most`."""
    if not can_annotate_in(user, study):
        return 0
    length = _begun_annotations(user, study)[:most].count()
    length += len(_assigned(user, study, most - length))
    return length + len(_free(user, study, most - length))


def _begun_annotations(user: User, study: Study) -> QuerySet[Annotation]:
    return Annotation.objects.filter(
        author_id=user.pk,
        image__study=study,
        image__erased_at__isnull=True,
        state__in=[Annotation.State.RETURNED, Annotation.State.DRAFT],
    )


def _begun(user: User, study: Study, limit: int) -> list[QueueItem]:
    annotations = _begun_annotations(user, study).order_by("-state", "changed_at")
    return [
        _begun_item(annotation)
        for annotation in annotations.select_related(*(f"image__{one}" for one in DETAILS))[:limit]
    ]


def _begun_item(annotation: Annotation) -> QueueItem:
    if annotation.state != Annotation.State.RETURNED:
        return QueueItem(annotation.image, "go on with your draft")
    from annotation.selectors.annotations import last_review

    review = last_review(annotation)
    return QueueItem(annotation.image, "returned to you", review.reason if review else "")


def _assigned(user: User, study: Study, limit: int) -> list[int]:
    """Images that the person took or was given and has not begun, by rank and arrival."""
    begun = Annotation.objects.filter(image=OuterRef("image"), author_id=user.pk)
    mine = _open_assignments(study).filter(person_id=user.pk, done_at__isnull=True)
    return list(
        mine.exclude(Exists(begun))
        .order_by(F("rank").asc(nulls_last=True), "image")
        .values_list("image", flat=True)[:limit]
    )


def _free(user: User, study: Study, limit: int) -> list[int]:
    """Images with a reading that nobody took, and untouched ones that are assigned to nobody;
    none that is on another's screen.

    Every source is read in the order of an index and no further than `limit`, so that a queue
    costs the same however many scans wait. That needs EXISTS where a join would read as well: the
    database must not begin with all images of the study. A double reading has READERS free slots.
    """
    slots, untouched = _free_slots(user, study), _untouched(study)
    if held := held_by_others(user, Q(image__study=study)):
        slots, untouched = slots.exclude(image__in=held), untouched.exclude(pk__in=held)
    ranked = slots.filter(rank__isnull=False).order_by("rank", "image")
    found = dict.fromkeys(ranked.values_list("image", flat=True)[: READERS * limit])
    if len(found) < limit and _offers_anything(study):
        found |= _by_arrival(
            slots.filter(Exists(_offered("image"))), untouched.filter(Exists(_offered("pk"))), limit
        )
    if len(found) < limit:
        found |= _by_arrival(slots, untouched, limit)
    return list(found)[:limit]


def _by_arrival(
    slots: QuerySet[Assignment], untouched: QuerySet[Image], limit: int
) -> dict[int, None]:
    of_slots = slots.order_by("image").values_list("image", flat=True)[: READERS * limit]
    of_images = untouched.order_by("id").values_list("pk", flat=True)[:limit]
    return dict.fromkeys(merge(of_slots, of_images))


def _free_slots(user: User, study: Study) -> QuerySet[Assignment]:
    readings = Assignment.objects.filter(image=OuterRef("image"))
    free = _open_assignments(study).filter(person__isnull=True)
    free = free.exclude(Exists(readings.filter(person_id=user.pk)))
    if can_review_in(user, study):
        free = free.exclude(Exists(readings.filter(with_pre_label=True)))
    return free


def _open_assignments(study: Study) -> QuerySet[Assignment]:
    open_images = Image.objects.filter(
        pk=OuterRef("image"), study=study, erased_at__isnull=True
    ).exclude(state__in=CLOSED)
    return Assignment.objects.filter(Exists(open_images))


def _untouched(study: Study) -> QuerySet[Image]:
    assigned = Assignment.objects.filter(image=OuterRef("pk"))
    annotated = Annotation.objects.filter(image=OuterRef("pk"))
    return (
        Image.objects.filter(study=study, state=Image.State.NEW, erased_at__isnull=True)
        .exclude(Exists(assigned))
        .exclude(Exists(annotated))
    )


def _offered(image: str) -> QuerySet[Suggestion]:
    """The pre-label shown for the image that stands in the outer query's field `image`."""
    return Suggestion.objects.filter(
        image=OuterRef(image), hidden=False, state=Suggestion.State.CURRENT
    )


def _offers_anything(study: Study) -> bool:
    """Before the first model there is nothing to look for in tens of thousands of scans."""
    of_study = Image.objects.filter(pk=OuterRef("image"), study=study)
    return Suggestion.objects.filter(
        Exists(of_study), state=Suggestion.State.CURRENT, hidden=False
    ).exists()


def _items(user: User, image_ids: Sequence[int]) -> list[QueueItem]:
    """The queue items of these images, in this order."""
    images = _with_details(user, image_ids).in_bulk()
    return [_item(images[image_id]) for image_id in image_ids]


def _item(image: Any) -> QueueItem:
    return QueueItem(image, _asked(image), image.pick_reason or "")


def _asked(image: Any) -> str:
    """What is asked. Opening a paired reading says which of the two it is, and no list before."""
    if image.is_blind and not image.has_it_with_pre_label:
        return "draw without help" if image.is_mine or not image.is_paired else "outline"
    return "correct the pre-label" if image.has_suggestion else "draw"


def _with_details(user: User, image_ids: Sequence[int]) -> QuerySet[Image]:
    test = SubjectPartition.objects.filter(subject=OuterRef("subject"), partition__in=HELD_OUT)
    assignments = Assignment.objects.filter(image=OuterRef("pk"))
    mine = assignments.filter(person_id=user.pk)
    return (
        Image.objects.filter(pk__in=image_ids)
        .select_related(*DETAILS)
        .annotate(
            is_blind=Exists(assignments.filter(blind=True)),
            is_paired=Exists(assignments.filter(with_pre_label=True)),
            is_mine=Exists(mine),
            has_it_with_pre_label=Exists(mine.filter(with_pre_label=True)),
            has_suggestion=Exists(_offered("pk")) & ~Exists(test),
            pick_reason=assignments.values("reason")[:1],
        )
    )


def waiting_for_review(user: User, study: Study) -> QuerySet[Annotation]:
    """Submitted work of others on scans that nobody has decided, oldest first."""
    decided = Reference.objects.filter(image=OuterRef("image"), superseded_at__isnull=True)
    return (
        Annotation.objects.filter(
            image__study=study,
            image__erased_at__isnull=True,
            state=Annotation.State.SUBMITTED,
        )
        .filter(~Q(author_id=user.pk), ~Exists(decided))
        .select_related("image__site", "image__subject", "image__take__scan__visit", "author")
        .order_by("changed_at", "id")
    )


def ready_for_review(user: User, study: Study) -> QuerySet[Annotation]:
    """Of it, what can be decided on now: no other reading of the image is outstanding."""
    return waiting_for_review(user, study).exclude(Exists(_outstanding("image", "author")))


def waiting_for_readers(user: User, study: Study) -> QuerySet[Annotation]:
    """Of it, what waits for another reading of the image, unless an expert decides now."""
    return waiting_for_review(user, study).filter(Exists(_outstanding("image", "author")))


def outstanding_readings(annotation: Annotation) -> QuerySet[Assignment]:
    """Readings of the scan that others have taken, or are to read blind, and have not handed in."""
    return _to_come(Assignment.objects.filter(image=annotation.image_id)).exclude(
        person_id=annotation.author_id
    )


def _outstanding(image: str, author: str) -> QuerySet[Assignment]:
    """The same of the work whose image and author stand in the outer query."""
    return _to_come(Assignment.objects.filter(image=OuterRef(image))).exclude(
        person=OuterRef(author)
    )


def _to_come(readings: QuerySet[Assignment]) -> QuerySet[Assignment]:
    return readings.filter(Q(blind=True) | Q(person__isnull=False), done_at__isnull=True)
