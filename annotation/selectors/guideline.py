"""A site's guideline: the examples that a person may see, and what can become one."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import F, Q, QuerySet

from annotation.models import (
    HANDED_IN,
    HELD_OUT,
    Assignment,
    Example,
    Image,
    Revision,
    Site,
)
from annotation.policies import is_test_subject
from annotation.selectors.thumbnails import Thumbnail, of_revision
from core.models import User
from domain.errors import NotFound

OPEN_BLIND = Q(blind=True, done_at__isnull=True)


@dataclass(frozen=True)
class ShownExample:
    """An example and its picture."""

    example: Example
    thumbnail: Thumbnail


def shown_examples(user: User, site: Site, *, beside: Image | None = None) -> list[ShownExample]:
    """A site's examples for a member of its study, the good ones first.

    Left out: erased images, test subjects, scans that the person has, or may take, to read blind,
    and the scan `beside` which they are shown.
    """
    shown = _visible(user, Example.objects.filter(revision__annotation__image__site=site))
    if beside is not None:
        shown = shown.exclude(revision__annotation__image__take__scan=beside.take.scan_id)
    return [ShownExample(one, of_revision(one.revision)) for one in shown]


def example_of(site: Site, example_id: int) -> Example:
    """An example of a site, shown or withdrawn. Raises NotFound."""
    example = Example.objects.filter(pk=example_id, revision__annotation__image__site=site).first()
    if example is None:
        raise NotFound("The guideline has no such example.")
    return example


def examples_on(user: User, image: Image) -> list[Example]:
    """The examples that an image gives."""
    return list(_visible(user, Example.objects.filter(revision__annotation__image=image)))


def _visible(user: User, examples: QuerySet[Example]) -> QuerySet[Example]:
    is_for_them = Q(person=user.pk) | Q(person__isnull=True)
    to_read_blind = Assignment.objects.filter(OPEN_BLIND, is_for_them)
    return (
        examples.filter(
            withdrawn_at__isnull=True, revision__annotation__image__erased_at__isnull=True
        )
        .exclude(revision__annotation__image__subject__partition__partition__in=HELD_OUT)
        .exclude(
            revision__annotation__image__take__scan__in=to_read_blind.values("image__take__scan")
        )
        .select_related(
            "revision__content",
            "revision__annotation__image__subject",
            "revision__annotation__image__site",
        )
        .prefetch_related("revision__annotation__image__site__labels")
    )


def showable_revisions(image: Image) -> QuerySet[Revision]:
    """The finished and the reviewed outlines of an image, the newest first.

    None of test subjects and erased images, and none while somebody has the scan to read blind.
    """
    blind = Assignment.objects.filter(OPEN_BLIND, image__take__scan=image.take.scan_id)
    if image.erased_at is not None or is_test_subject(image) or blind.exists():
        return Revision.objects.none()
    is_finished = Q(annotation__state__in=HANDED_IN, number=F("annotation__revision_count"))
    return (
        Revision.objects.filter(is_finished | Q(reviews__isnull=False))
        .filter(annotation__image=image, decision="")
        .select_related("author", "annotation")
        .order_by("-id")
        .distinct()
    )
