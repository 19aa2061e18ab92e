"""The state of an image follows from the work on it."""

from __future__ import annotations

from annotation.models import Annotation, Image, Reference, Revision

OPEN_STATES = (
    (Annotation.State.RETURNED, Image.State.RETURNED),
    (Annotation.State.DRAFT, Image.State.DRAFT),
    (Annotation.State.SUBMITTED, Image.State.SUBMITTED),
)


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


def derived_state(image: Image) -> Image.State:
    """Approved with a reference; else the state that waits for a person; else new."""
    if Reference.objects.filter(image=image, superseded_at__isnull=True).exists():
        return Image.State.APPROVED
    states = set(
        Annotation.objects.filter(image=image, revision_count__gt=0).values_list("state", flat=True)
    )
    for work, shown in OPEN_STATES:
        if work in states:
            return shown
    if Annotation.State.APPROVED in states and _without_contour(image):
        return Image.State.UNUSABLE
    return Image.State.NEW


def is_decided(image: Image) -> bool:
    """Whether an expert has decided the image: it has a reference, or was approved without one."""
    if Reference.objects.filter(image=image, superseded_at__isnull=True).exists():
        return True
    approved = Annotation.objects.filter(image=image, state=Annotation.State.APPROVED)
    return approved.exists() and _without_contour(image)


def _without_contour(image: Image) -> bool:
    decisions = [Revision.Decision.UNUSABLE, Revision.Decision.SKIPPED]
    return Revision.objects.filter(annotation__image=image, decision__in=decisions).exists()
