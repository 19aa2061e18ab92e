"""What drift is watched on: corrected pre-labels, pre-labels, and the scans that came in.

Plain data for `training`, which draws the conclusions. Nothing of held-out or external subjects,
and nothing that was erased.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

import numpy as np
from django.db.models import QuerySet

from annotation.models import NEVER_TRAINED, Image, Reference, Site, Suggestion
from annotation.selectors.images import spacing_of
from domain import overlap
from domain.calibration import PixelSpacing
from domain.geometry import Region, regions_from_json
from domain.raster import polygon_to_mask


@dataclass(frozen=True)
class Scanned:
    """Where an image comes from and how it was acquired; empty texts where that is not known."""

    image_id: int
    subject_id: int
    subject_code: str
    device: str
    operator: str
    depth_mm: float | None
    spacing: PixelSpacing | None
    width: int
    height: int
    file_sha256: str


@dataclass(frozen=True)
class Corrected:
    """A pre-label that was corrected: its Dice with the reference, the mean over labels."""

    scanned: Scanned
    approved_at: datetime
    dice: float


@dataclass(frozen=True)
class PreLabelled:
    """A pre-label of a version, with how far the networks of an ensemble disagree on it."""

    scanned: Scanned
    regions: list[Region]
    disagreement: float | None


def corrections(site: Site, source: str, version: str) -> list[Corrected]:
    """The corrections of a version's pre-labels, in the order in which they were approved.

    Of each image the reference of now. Left out: images that two people read, of whom one at least
    had no sight of the pre-label, outlines approved outside, and images without an outline
    (unusable, or the muscle is absent).
    """
    offered = _pre_labels(site, source, version)
    references = (
        Reference.objects.filter(
            image__in=_offered(site, source, version).values("image"),
            superseded_at__isnull=True,
            revision__decision="",
        )
        .exclude(how=Reference.How.OUTSIDE)
        .exclude(image__assignments__blind=True)
        .select_related(
            "revision__content",
            "revision__annotation",
            "image__take",
            "image__calibration",
            "image__subject",
        )
        .order_by("created_at", "id")
    )
    return [_corrected(one, offered[one.image_id]) for one in references]


def pre_labelled(site: Site, source: str, version: str) -> list[PreLabelled]:
    """A version's pre-labels, the first of each subject, in the order in which they were made."""
    first: dict[int, Suggestion] = {}
    for one in _pre_labels(site, source, version).values():
        first.setdefault(one.image.subject_id, one)
    return [
        PreLabelled(
            _scanned(one.image), regions_from_json(one.regions), one.payload.get("disagreement")
        )
        for one in first.values()
    ]


def incoming(site: Site) -> list[Scanned]:
    """The scans of a site, the first of each subject, in the order in which they came in."""
    first: dict[int, Image] = {}
    for image in watched(site).select_related("take", "calibration", "subject").order_by("id"):
        first.setdefault(image.subject_id, image)
    return [_scanned(image) for image in first.values()]


def watched(site: Site) -> QuerySet[Image]:
    """The images of a site that are watched: none of held-out or external subjects, none erased."""
    return Image.objects.filter(site=site, erased_at__isnull=True).exclude(
        subject__partition__partition__in=NEVER_TRAINED
    )


def _offered(site: Site, source: str, version: str) -> QuerySet[Suggestion]:
    return Suggestion.objects.filter(
        image__in=watched(site), source=source, version=version, hidden=False
    )


def _pre_labels(site: Site, source: str, version: str) -> dict[int, Suggestion]:
    """By image, the oldest first."""
    offered = _offered(site, source, version)
    by_image: dict[int, Suggestion] = {}
    for one in (
        offered.select_related("image__take", "image__calibration", "image__subject")
        .defer("uncertainty_map")
        .order_by("id")
    ):
        by_image.setdefault(one.image_id, one)
    return by_image


def _corrected(reference: Reference, offered: Suggestion) -> Corrected:
    image = reference.image
    return Corrected(
        _scanned(image),
        reference.created_at,
        mean_dice(
            regions_from_json(offered.regions),
            regions_from_json(reference.revision.regions),
            image,
        ),
    )


def mean_dice(found: Sequence[Region], true: Sequence[Region], image: Image) -> float:
    """Mean over the labels that either has; 1 where neither has any."""
    labels = sorted({region.label for region in (*found, *true)})
    if not labels:
        return 1.0
    return fmean(
        overlap.dice(
            overlap.confusion_counts(_mask(found, label, image), _mask(true, label, image))
        )
        for label in labels
    )


def _mask(regions: Sequence[Region], label: str, image: Image) -> np.ndarray:
    mask = np.zeros((image.height, image.width), np.bool_)
    for region in regions:
        if region.label == label:
            mask |= polygon_to_mask(region.shape, image.height, image.width)
    return mask


def _scanned(image: Image) -> Scanned:
    take = image.take
    return Scanned(
        image_id=image.pk,
        subject_id=image.subject_id,
        subject_code=image.subject.code,
        device=take.device,
        operator=take.operator,
        depth_mm=take.depth_mm,
        spacing=spacing_of(image),
        width=image.width,
        height=image.height,
        file_sha256=image.file_sha256,
    )
