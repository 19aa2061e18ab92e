"""The work on one image, as far as a person may see it."""

from __future__ import annotations

from django.db.models import QuerySet

from annotation.models import Annotation, Image, Membership, Reference, Review, Study
from annotation.policies import can_guide_in
from core.models import User
from domain.errors import NotFound


def annotations_on(image: Image, user: User, role: str) -> QuerySet[Annotation]:
    """The annotations of an image that `user` may see: an annotator only their own."""
    annotations = Annotation.objects.filter(image=image).select_related("author")
    if role == Membership.Role.ANNOTATOR:
        annotations = annotations.filter(author=user.pk)
    return annotations.order_by("id")


def current_reference(image: Image) -> Reference | None:
    """The reference of an image, with who accepted it; None where there is none yet."""
    related = ("revision__author", "accepted_by")
    return (
        Reference.objects.filter(image=image, superseded_at__isnull=True)
        .select_related(*related)
        .first()
    )


def visible_reference(user: User, reference_id: int) -> Reference:
    """A reference of a study of the person's, old ones too; annotators see none. Raises
    NotFound."""
    reference = (
        Reference.objects.filter(pk=reference_id, image__erased_at__isnull=True)
        .select_related("image__study", "image__site", "revision__annotation", "accepted_by")
        .first()
    )
    if reference is None or not can_guide_in(user, reference.image.study):
        raise NotFound("There is no such reference.")
    return reference


def authors_of(study: Study) -> set[str]:
    """The names of all whose work is in a study, readers of imported outlines among them."""
    work = Annotation.objects.filter(image__study=study).order_by()
    return set(work.values_list("author__username", flat=True).distinct())


def decisions_on(image: Image) -> list[Review]:
    """Every decision on the work on an image, the newest first: approvals stay listed when they
    are withdrawn or replaced."""
    reviews = Review.objects.filter(revision__annotation__image=image)
    return list(reviews.select_related("revision__annotation__author", "reviewer"))
