"""A scan as a small picture with the contour that its viewer may see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import F, Q, QuerySet, prefetch_related_objects

from annotation.models import (
    HELD_OUT,
    Assignment,
    Image,
    Label,
    Membership,
    Reference,
    Revision,
    Suggestion,
)
from annotation.selectors.locks import sealed_images
from core import palette
from core.models import User

PIXELS = "/api/v1/images/{id}/pixels"
OWN, REFERENCE, SUBMITTED, SUGGESTED = "own", "reference", "submitted", "suggestion"
OTHERS, EXAMPLE = "readings", "example"


@dataclass(frozen=True)
class Outline:
    """One region as an SVG path in image px, in its label's colour and dash."""

    path: str
    colour: str
    dash: str
    kind: str
    label: str


@dataclass(frozen=True)
class Thumbnail:
    """A scan's picture with outlines on top; `kind` says whose they are."""

    src: str
    width: int
    height: int
    alt: str
    outlines: Sequence[Outline] = field(default_factory=tuple)
    kind: str = ""


@dataclass(frozen=True)
class Shown:
    """The regions that a viewer gets to see on an image, and whose they are."""

    regions: Sequence[dict[str, Any]]
    kind: str


def svg_path(region: dict[str, Any]) -> str:
    """A region (JSON of docs/interface.md) as an SVG path; rings are closed, holes included."""
    return "".join(
        "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in ring) + "Z"
        for part in region.get("parts", [])
        for ring in part
        if ring
    )


def outlines(
    regions: Iterable[dict[str, Any]], labels: Iterable[Label], kind: str = REFERENCE
) -> list[Outline]:
    """Regions as outlines in their labels' colours; a label that is not of the site is white.

    A pre-label is dashed, whatever its label, so that it is never taken for somebody's work.
    """
    by_name = {label.name: label for label in labels}
    drawn = []
    for region in regions:
        name = str(region.get("label", ""))
        label = by_name.get(name)
        colour, dash = (label.colour, palette.dash(label.order)) if label else ("#ffffff", "")
        dash = "5 4" if kind == SUGGESTED else dash
        drawn.append(Outline(svg_path(region), colour, dash, kind, name))
    return drawn


def with_readings(thumbnail: Thumbnail, readings: Sequence[list[dict[str, Any]]]) -> Thumbnail:
    """The thumbnail with the outlines of several readers, told apart by colour and dash."""
    drawn = [
        Outline(svg_path(region), palette.colour(number), palette.dash(number), OTHERS, "")
        for number, regions in enumerate(readings, start=1)
        for region in regions
    ]
    return replace(thumbnail, outlines=drawn, kind=OTHERS)


def of_images(images: Sequence[Image], user: User, role: str) -> dict[int, Thumbnail]:
    """The thumbnail of each image by its id, in a constant number of queries (at most nine).

    Sites, labels and subjects are read where they are missing. An annotator sees their own work,
    else the pre-label where they may see it; experts and admins see the reference, else the newest
    submitted work, else the pre-label. Sealed test references are not drawn in lists: a look at
    them is counted, and this is none. Withdrawn images are not drawn at all.
    """
    prefetch_related_objects(images, "site__labels", "subject")
    shown = _shown([image for image in images if image.erased_at is None], user, role)
    return {image.pk: _thumbnail(image, shown.get(image.pk)) for image in images}


def of_revision(revision: Revision) -> Thumbnail:
    """A scan with the outlines of one revision, which the caller knows may be shown."""
    return _thumbnail(revision.annotation.image, Shown(revision.regions, EXAMPLE))


def _thumbnail(image: Image, shown: Shown | None) -> Thumbnail:
    alt = f"{image.subject.code}, {image.site.name}"
    if shown is None:
        return Thumbnail(PIXELS.format(id=image.pk), image.width, image.height, alt)
    return Thumbnail(
        PIXELS.format(id=image.pk),
        image.width,
        image.height,
        alt,
        outlines(shown.regions, image.site.labels.all(), shown.kind),
        shown.kind,
    )


def _shown(images: Sequence[Image], user: User, role: str) -> dict[int, Shown]:
    ids = [image.pk for image in images]
    shown = _suggested(ids, user, role)
    if role != Membership.Role.ANNOTATOR:
        shown |= _submitted(ids)
        shown |= _references(ids)
        for image_id in sealed_images().filter(image__in=ids).values_list("image", flat=True):
            shown.pop(image_id, None)
    return shown | _own(ids, user)


def _suggested(ids: Sequence[int], user: User, role: str) -> dict[int, Shown]:
    """Where the person sees a pre-label, by the same rule as `policies.can_see_suggestion`."""
    offered = (
        Suggestion.objects.filter(image__in=ids, state=Suggestion.State.CURRENT, hidden=False)
        .exclude(image__subject__partition__partition__in=HELD_OUT)
        .only("image_id", "regions")
    )
    readings = Assignment.objects.filter(image__in=ids, blind=True)
    mine = readings.filter(person=user.pk)
    unseen = readings if role == Membership.Role.ANNOTATOR else mine
    sees = mine.filter(with_pre_label=True)
    offered = offered.exclude(
        Q(image__in=unseen.values("image")) & ~Q(image__in=sees.values("image"))
    )
    return {one.image_id: Shown(one.regions, SUGGESTED) for one in offered}


def _newest_revisions(ids: Sequence[int]) -> QuerySet[Revision]:
    return (
        Revision.objects.filter(
            annotation__image__in=ids, number=F("annotation__revision_count"), decision=""
        )
        .select_related("annotation", "content")
        .order_by("pk")
    )


def _submitted(ids: Sequence[int]) -> dict[int, Shown]:
    newest = _newest_revisions(ids).exclude(annotation__state="draft")
    return {one.annotation.image_id: Shown(one.regions, SUBMITTED) for one in newest}


def _own(ids: Sequence[int], user: User) -> dict[int, Shown]:
    newest = _newest_revisions(ids).filter(annotation__author=user.pk)
    return {one.annotation.image_id: Shown(one.regions, OWN) for one in newest}


def _references(ids: Sequence[int]) -> dict[int, Shown]:
    current = Reference.objects.filter(image__in=ids, superseded_at__isnull=True).select_related(
        "revision__content", "revision__annotation"
    )
    return {one.image_id: Shown(one.revision.regions, REFERENCE) for one in current}
