"""The state of an image follows from the work on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from annotation.models import Annotation, Image, Reference, Revision

OPEN_STATES = (
    (Annotation.State.RETURNED, Image.State.RETURNED),
    (Annotation.State.DRAFT, Image.State.DRAFT),
    (Annotation.State.SUBMITTED, Image.State.SUBMITTED),
)
WITHOUT_CONTOUR = (Revision.Decision.UNUSABLE, Revision.Decision.SKIPPED)


def hold(image: Image) -> None:
    """Let nobody else decide on an image or hand work on it in until the caller's transaction ends.

    Taken before any row of its annotations, so that two who act at once wait for each other.
    """
    list(Image.objects.select_for_update().filter(pk=image.pk).values_list("pk"))


def refresh_state(image: Image) -> None:
    """Set `image.state` from its reference and annotations, in the caller's transaction."""
    state = derived_state(image)
    if state != image.state:
        Image.objects.filter(pk=image.pk).update(state=state)
        image.state = state


def refresh_states(image_ids: Collection[int]) -> None:
    """The same for many images, with a number of statements that does not grow with them."""
    wanted: dict[Image.State, list[int]] = defaultdict(list)
    for image_id, state in derived_states(image_ids).items():
        wanted[state].append(image_id)
    for state, ids in wanted.items():
        Image.objects.filter(pk__in=ids).exclude(state=state).update(state=state)


def derived_state(image: Image) -> Image.State:
    """Approved with a reference; else the state that waits for a person; else new."""
    return derived_states([image.pk])[image.pk]


def derived_states(image_ids: Collection[int]) -> dict[int, Image.State]:
    """The derived state of each image."""
    current = Reference.objects.filter(image__in=image_ids, superseded_at__isnull=True)
    approved = set(current.values_list("image", flat=True))
    states: dict[int, set[str]] = {image_id: set() for image_id in image_ids}
    begun = Annotation.objects.filter(image__in=image_ids, revision_count__gt=0)
    for image_id, state in begun.values_list("image", "state"):
        states[image_id].add(state)
    without = set(
        Revision.objects.filter(
            annotation__image__in=image_ids, decision__in=WITHOUT_CONTOUR
        ).values_list("annotation__image", flat=True)
    )
    return {
        image_id: Image.State.APPROVED
        if image_id in approved
        else _state_of(found, without_contour=image_id in without)
        for image_id, found in states.items()
    }


def _state_of(states: Collection[str], *, without_contour: bool) -> Image.State:
    for work, shown in OPEN_STATES:
        if work in states:
            return shown
    if Annotation.State.APPROVED in states and without_contour:
        return Image.State.UNUSABLE
    return Image.State.NEW


def is_decided(image: Image) -> bool:
    """Whether an expert has decided the image: it has a reference, or was approved without one."""
    if Reference.objects.filter(image=image, superseded_at__isnull=True).exists():
        return True
    approved = Annotation.objects.filter(image=image, state=Annotation.State.APPROVED)
    return approved.exists() and _without_contour(image)


def _without_contour(image: Image) -> bool:
    return Revision.objects.filter(annotation__image=image, decision__in=WITHOUT_CONTOUR).exists()
