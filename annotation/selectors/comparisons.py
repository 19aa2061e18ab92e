"""Outlines that a person may compare their own with, while they outline or review a scan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from annotation.models import HANDED_IN, Annotation, Image, Scan
from annotation.policies import can_guide_in, can_see_annotation, can_see_others_work
from annotation.selectors import kept
from annotation.selectors.annotations import head_revision
from annotation.selectors.images import spacing_of
from core.models import User

SIDES = (Scan.Side.LEFT, Scan.Side.RIGHT)


@dataclass(frozen=True)
class Comparison:
    """Regions in px of the image that they are shown on, and what a person calls them."""

    name: str
    title: str
    regions: list[dict[str, Any]]


def comparisons(user: User, image: Image, shown: Annotation | None) -> list[Comparison]:
    """Others' finished readings of the image and the previous visit's; `shown` is left out.

    Empty for a double reading, and on test subjects.
    """
    if not can_see_others_work(user, image):
        return []
    return [*_readings(user, image, shown), *_previous(user, image), *_kept(user, image)]


def _kept(user: User, image: Image) -> Iterator[Comparison]:
    """What files brought beside work done here, for those who decide on it."""
    if can_guide_in(user, image.study):
        for one in kept.open_on(image):
            title = f"From the file {one.source.name}"
            yield Comparison(f"file-{one.source_id}", title, list(one.regions))


def _readings(user: User, image: Image, shown: Annotation | None) -> Iterator[Comparison]:
    others = _finished().filter(image=image).exclude(author_id=user.pk).order_by("id")
    for annotation in others:
        if annotation != shown and can_see_annotation(user, annotation):
            yield Comparison(
                f"reading-{annotation.pk}", f"Reading of {annotation.author}", _regions(annotation)
            )


def _previous(user: User, image: Image) -> Iterator[Comparison]:
    annotation = previous_finding(user, image)
    if annotation is not None:
        regions = in_px_of(image, annotation.image, _regions(annotation))
        yield Comparison("previous-visit", previous_title(annotation), regions)


def previous_finding(user: User, image: Image) -> Annotation | None:
    """The newest finished work of an earlier visit that the person may see."""
    return next((one for one in _earlier(image) if may_be_shown(user, one)), None)


def previous_title(annotation: Annotation) -> str:
    """What people call the finding of an earlier visit."""
    return f"Previous visit, {annotation.image.take.scan.visit.date}"


def may_be_shown(user: User, annotation: Annotation) -> bool:
    """One's own; another's too, unless its scan is one's own to read as one of two."""
    is_own = annotation.author_id == user.pk
    return can_see_annotation(user, annotation) and (
        is_own or can_see_others_work(user, annotation.image)
    )


def _earlier(image: Image) -> QuerySet[Annotation]:
    """Finished work on the same subject, site and side of earlier dates, the newest date first."""
    scan = image.take.scan
    if scan.visit.date is None or scan.side not in SIDES:
        return Annotation.objects.none()
    return (
        _finished()
        .filter(
            image__subject=image.subject_id,
            image__site=image.site_id,
            image__frame=image.frame,
            image__erased_at=None,
            image__take__scan__side=scan.side,
            image__take__scan__visit__date__lt=scan.visit.date,
        )
        .order_by("-image__take__scan__visit__date", "state", "-id")
    )


def _finished() -> QuerySet[Annotation]:
    return with_places(Annotation.objects.filter(state__in=HANDED_IN))


def with_places(annotations: QuerySet[Annotation]) -> QuerySet[Annotation]:
    """With the image, its calibration and its visit."""
    return annotations.select_related(
        "author", "image__study", "image__calibration", "image__take__scan__visit"
    )


def _regions(annotation: Annotation) -> list[dict[str, Any]]:
    head = head_revision(annotation)
    return head.regions if head else []


def in_px_of(image: Image, other: Image, regions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Another image's regions in px of an image (`scale_between`), corner upon corner."""
    x, y = scale_between(image, other)
    if x == y == 1.0:
        return regions
    return [
        {**region, "parts": [[_scaled(ring, x, y) for ring in part] for part in region["parts"]]}
        for region in regions
    ]


def scale_between(image: Image, other: Image) -> tuple[float, float]:
    """Across and down: px of an image a px of the other; 1 unless both are calibrated."""
    here, there = spacing_of(image), spacing_of(other)
    if here is None or there is None:
        return 1.0, 1.0
    return there.x_mm / here.x_mm, there.y_mm / here.y_mm


def _scaled(ring: list[list[float]], x: float, y: float) -> list[list[float]]:
    return [[round(across * x, 3), round(down * y, 3)] for across, down in ring]
