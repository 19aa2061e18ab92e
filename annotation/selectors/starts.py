"""Outlines that work on a scan may start from: the other side's, and a former visit's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from shapely import affinity

from annotation.models import HANDED_IN, Annotation, Image, Revision, Scan, Site
from annotation.policies import can_see_annotation, can_see_others_work
from annotation.selectors.annotations import head_revision
from annotation.selectors.comparisons import (
    may_be_shown,
    previous_finding,
    previous_title,
    scale_between,
    with_places,
)
from core.models import User
from domain.errors import NotFound
from domain.geometry import Region, clip_to_image, region_to_json, regions_from_json

OTHER_SIDE = {Scan.Side.LEFT: Scan.Side.RIGHT, Scan.Side.RIGHT: Scan.Side.LEFT}
MIRRORED_CUT = {"left": "right", "right": "left"}


@dataclass(frozen=True)
class Start:
    """A revision's regions, in px of the image that they are for, and what people call it."""

    name: str
    title: str
    revision: int
    regions: list[dict[str, Any]]


def starts(user: User, image: Image) -> list[Start]:
    """What a person may copy onto an image; nothing for a double reading, and on test subjects."""
    if not can_see_others_work(user, image):
        return []
    return [start for start in (_other_side(user, image), _previous(user, image)) if start]


def source_revision(user: User, image: Image, revision_id: int) -> Revision:
    """A revision that work on an image may name as what it is based on.

    The person's own on this image, or one that they may see on another image of the subject and
    site. Raises NotFound.
    """
    revision = (
        Revision.objects.select_related("annotation__image__study").filter(pk=revision_id).first()
    )
    if revision is not None and _may_be_named(user, image, revision.annotation):
        return revision
    raise NotFound("There is no such revision to start from.")


def _may_be_named(user: User, image: Image, annotation: Annotation) -> bool:
    if annotation.image_id == image.pk:
        return annotation.author_id == user.pk
    source = annotation.image
    is_same_muscle = (source.subject_id, source.site_id) == (image.subject_id, image.site_id)
    return is_same_muscle and can_see_annotation(user, annotation)


def _other_side(user: User, image: Image) -> Start | None:
    """One's own work on the same visit's other side, drafts too, else another's finished work.

    Mirrored where the view is transverse: the probe is held the same way on both sides of the
    body. Along the muscle both sides show it from the same end.
    """
    for annotation in _work_on_other_side(user, image):
        if may_be_shown(user, annotation):
            is_mirrored = image.site.plane == Site.Plane.TRANSVERSE
            side = annotation.image.take.scan.side
            title = f"Other side ({side}), mirrored" if is_mirrored else f"Other side ({side})"
            start = _start("other-side", title, image, annotation, is_mirrored=is_mirrored)
            if start is not None:
                return start
    return None


def _work_on_other_side(user: User, image: Image) -> Iterator[Annotation]:
    scan = image.take.scan
    side = OTHER_SIDE.get(Scan.Side(scan.side))
    if side is None:
        return
    found = with_places(Annotation.objects.all()).filter(
        Q(author_id=user.pk) | Q(state__in=HANDED_IN),
        image__site=image.site_id,
        image__frame=image.frame,
        image__erased_at=None,
        image__take__scan__visit=scan.visit_id,
        image__take__scan__side=side,
    )
    yield from sorted(found, key=lambda one: (one.author_id != user.pk, one.state, -one.pk))


def _previous(user: User, image: Image) -> Start | None:
    annotation = previous_finding(user, image)
    if annotation is None:
        return None
    return _start("previous-visit", previous_title(annotation), image, annotation)


def _start(
    name: str, title: str, image: Image, annotation: Annotation, *, is_mirrored: bool = False
) -> Start | None:
    head = head_revision(annotation)
    regions = _placed(image, annotation.image, head.regions if head else [], is_mirrored)
    return Start(name, title, head.pk, regions) if head and regions else None


def _placed(
    image: Image, other: Image, regions: list[dict[str, Any]], is_mirrored: bool
) -> list[dict[str, Any]]:
    """Another image's regions on this one, as large in mm; mirrored about the middle.

    Without what lies beyond the image, and without labels that are retired.
    """
    x, y = scale_between(image, other)
    matrix = (x, 0.0, 0.0, y, 0.0, 0.0)
    if is_mirrored:
        matrix = (-x, 0.0, 0.0, y, (image.width + other.width * x) / 2, 0.0)
    swapped = MIRRORED_CUT if is_mirrored else {}
    labels = set(image.site.labels.filter(retired=False).values_list("name", flat=True))
    placed = []
    for region in regions_from_json(regions):
        moved = affinity.affine_transform(region.shape, matrix)
        shape = clip_to_image(moved, image.width, image.height)
        if region.label in labels and not shape.is_empty:
            cut = tuple(swapped.get(side, side) for side in region.cut)
            placed.append(region_to_json(Region(region.label, shape, cut)))
    return placed
