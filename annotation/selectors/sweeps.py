"""Sweeps: the frames of a dynamic take, and how far a person is with each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from annotation.models import HANDED_IN, Annotation, Assignment, Image, Membership, Suggestion
from annotation.policies import can_annotate_in, is_test_subject, role_of
from annotation.selectors.queue import ready_for_review
from core.models import User

FrameState = Literal["done", "draft", "proposed", "empty"]
ReviewState = Literal["done", "waiting", "returned", "empty"]
FINISHED = (Image.State.APPROVED, Image.State.UNUSABLE)
REVIEW_STATES: dict[str, ReviewState] = {
    Annotation.State.SUBMITTED: "waiting",
    Annotation.State.APPROVED: "done",
    Annotation.State.SETTLED: "done",
    Annotation.State.RETURNED: "returned",
}


@dataclass(frozen=True)
class Frame:
    """A frame of a sweep; `image` is the id of its image, `number` counts from 1."""

    image: int
    number: int
    state: FrameState


def frames_of(user: User, image: Image) -> list[Frame]:
    """All frames of an image's take in order, in a number of queries that does not grow."""
    frames = _frames(image).annotate(
        own_state=Subquery(_own(user).values("state")[:1]),
        is_offered=_is_offered(user, image),
    )
    return [Frame(row.pk, number, _state(row)) for number, row in enumerate(frames, start=1)]


@dataclass(frozen=True)
class ReviewFrame:
    """A frame of a sweep under review; `annotation`: the work there, if it is submitted."""

    image: int
    number: int
    state: ReviewState
    annotation: int | None


def review_frames_of(annotation: Annotation) -> list[ReviewFrame]:
    """All frames of the take that work belongs to, with what its author has submitted there."""
    submitted = Annotation.objects.filter(
        image=OuterRef("pk"), author=annotation.author_id, state__in=REVIEW_STATES
    )
    frames = _frames(annotation.image).annotate(
        work=Subquery(submitted.values("pk")[:1]),
        work_state=Subquery(submitted.values("state")[:1]),
    )
    return [
        ReviewFrame(row.pk, number, REVIEW_STATES.get(row.work_state, "empty"), row.work)
        for number, row in enumerate(frames, start=1)
    ]


def next_review_frame(user: User, annotation: Annotation) -> Annotation | None:
    """The author's work on the nearest later frame of the take that can be decided on now."""
    image = annotation.image
    return (
        ready_for_review(user, image.study)
        .filter(author=annotation.author_id, image__take=image.take_id)
        .filter(image__frame__gt=image.frame)
        .order_by("image__frame")
        .first()
    )


def frame_count(image: Image) -> int:
    """How many frames the image's take has."""
    return _frames(image).count()


def next_frame(user: User, image: Image) -> Image | None:
    """The nearest later frame of the take that a person can still outline."""
    if not can_annotate_in(user, image.study):
        return None
    handed_in = _own(user).filter(state__in=HANDED_IN)
    taken = Assignment.objects.filter(image=OuterRef("pk"))
    return (
        _frames(image)
        .filter(frame__gt=image.frame)
        .exclude(state__in=FINISHED)
        .exclude(Exists(handed_in))
        .filter(~Exists(taken) | Exists(taken.filter(Q(person=None) | Q(person=user.pk))))
        .first()
    )


def _frames(image: Image) -> QuerySet[Image]:
    return Image.objects.filter(take=image.take_id, erased_at__isnull=True).order_by("frame")


def _own(user: User) -> QuerySet[Annotation]:
    return Annotation.objects.filter(image=OuterRef("pk"), author=user.pk)


def _is_offered(user: User, image: Image) -> Any:
    """Whether the person sees a pre-label, by the same rule as `policies.can_see_suggestion`."""
    if is_test_subject(image):
        return Q(pk__in=[])
    blind = Assignment.objects.filter(image=OuterRef("pk"), blind=True)
    current = Suggestion.objects.filter(
        image=OuterRef("pk"), hidden=False, state=Suggestion.State.CURRENT
    )
    sees_double_readings = role_of(user, image.study) != Membership.Role.ANNOTATOR
    mine = blind.filter(person=user.pk)
    unseen = mine if sees_double_readings else blind
    return Exists(current) & (~Exists(unseen) | Exists(mine.filter(with_pre_label=True)))


def _state(row: Any) -> FrameState:
    if row.own_state in HANDED_IN or row.state in FINISHED:
        return "done"
    if row.own_state is not None:
        return "draft"
    return "proposed" if row.is_offered else "empty"
