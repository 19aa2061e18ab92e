"""Outlines that a person may compare their own with, while they outline or review a scan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from annotation.models import Annotation, Image, Scan
from annotation.policies import can_see_annotation, can_see_suggestion
from annotation.selectors.annotations import head_revision
from annotation.selectors.images import spacing_of
from core.models import User

FINISHED = (Annotation.State.SUBMITTED, Annotation.State.APPROVED)
SIDES = (Scan.Side.LEFT, Scan.Side.RIGHT)


@dataclass(frozen=True)
class Comparison:
    """Regions in px of the image that they are shown on, and what a person calls them."""

    name: str
    title: str
    regions: list[dict[str, Any]]


def comparisons(user: User, image: Image, shown: Annotation | None) -> list[Comparison]:
    """Others' finished readings of the image and the previous visit's; `shown` is left out.

    Empty for a blind reading, and on test subjects.
    """
    if not can_see_suggestion(user, image):
        return []
    return [*_readings(user, image, shown), *_previous(user, image)]


def _readings(user: User, image: Image, shown: Annotation | None) -> Iterator[Comparison]:
    others = _finished().filter(image=image).exclude(author_id=user.pk).order_by("id")
    for annotation in others:
        if annotation != shown and can_see_annotation(user, annotation):
            yield Comparison(
                f"reading-{annotation.pk}", f"Reading of {annotation.author}", _regions(annotation)
            )


def _previous(user: User, image: Image) -> Iterator[Comparison]:
    for annotation in _earlier(image):
        if _may_be_shown(user, annotation):
            date = annotation.image.take.scan.visit.date
            regions = _in_px_of(image, annotation.image, _regions(annotation))
            yield Comparison("previous-visit", f"Previous visit, {date}", regions)
            return


def _may_be_shown(user: User, annotation: Annotation) -> bool:
    """One's own; another's too, unless its scan is one's own to read blind."""
    is_own = annotation.author_id == user.pk
    return can_see_annotation(user, annotation) and (
        is_own or can_see_suggestion(user, annotation.image)
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
    return Annotation.objects.filter(state__in=FINISHED).select_related(
        "author", "image__study", "image__calibration", "image__take__scan__visit"
    )


def _regions(annotation: Annotation) -> list[dict[str, Any]]:
    head = head_revision(annotation)
    return head.regions if head else []


def _in_px_of(image: Image, other: Image, regions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same size in mm where both are calibrated, else px for px; corner upon corner."""
    here, there = spacing_of(image), spacing_of(other)
    if here is None or there is None:
        return regions
    x, y = there.x_mm / here.x_mm, there.y_mm / here.y_mm
    return [
        {**region, "parts": [[_scaled(ring, x, y) for ring in part] for part in region["parts"]]}
        for region in regions
    ]


def _scaled(ring: list[list[float]], x: float, y: float) -> list[list[float]]:
    return [[round(across * x, 3), round(down * y, 3)] for across, down in ring]
