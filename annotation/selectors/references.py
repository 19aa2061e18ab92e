"""Reading references: the approved outlines of a site, but never those of test subjects.

Test references leave through `annotation.services.lock` only, which counts each look.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, QuerySet

from annotation.models import Image, Partition, Reference, Site
from annotation.selectors.images import spacing_of
from domain.calibration import PixelSpacing
from domain.errors import InvalidInput

OPEN_PARTITIONS = (Partition.TRAIN, Partition.VALIDATION, Partition.EXTERNAL)


@dataclass(frozen=True)
class ReferenceItem:
    """One image with its reference, as plain data.

    `regions` is the JSON of docs/interface.md, empty where the reader found the muscle absent.
    `reader` drew it, `how` and when it became truth. `selected`: the take that evaluation uses.
    """

    image_id: int
    pixel_sha256: str
    file_sha256: str
    subject_code: str
    partition: str
    revision_id: int
    revision_digest: str
    reader: str
    how: str
    regions: list[dict[str, Any]]
    width: int
    height: int
    spacing: PixelSpacing | None
    selected: bool
    accepted_at: datetime


def current(site: Site, *, partition: str) -> list[ReferenceItem]:
    """Current references of a site's train, validation or external subjects, by image.

    Raises InvalidInput for the test partition: its references are opened by the lock.
    """
    if partition not in OPEN_PARTITIONS:
        raise InvalidInput(
            f"References of the {partition} partition are not read here. Test references are "
            "opened through the lock, which counts the look."
        )
    return items_of(current_rows(site).filter(image__subject__partition__partition=partition))


def development(site: Site) -> list[ReferenceItem]:
    """Current references of a site's training subjects, then of its validation subjects."""
    return [
        item
        for partition in (Partition.TRAIN, Partition.VALIDATION)
        for item in current(site, partition=partition)
    ]


def newest_at(site: Site) -> datetime | None:
    """When an outline of the site was last accepted as truth; None: none was yet."""
    newest: datetime | None = Reference.objects.filter(image__site=site).aggregate(
        at=Max("created_at")
    )["at"]
    return newest


def current_rows(site: Site) -> QuerySet[Reference]:
    """Current references of a site whose images were not erased, as rows."""
    return (
        Reference.objects.filter(
            image__site=site, image__erased_at__isnull=True, superseded_at__isnull=True
        )
        .select_related(
            "revision__content", "revision__author", "revision__annotation", *_IMAGE_RELATIONS
        )
        .order_by("image_id")
    )


_IMAGE_RELATIONS = (
    "image__calibration",
    "image__subject__partition",
    "image__take__scan",
)


def items_of(references: Iterable[Reference]) -> list[ReferenceItem]:
    """Rows of `current_rows` as plain data."""
    return [_item(reference) for reference in references]


def _item(reference: Reference) -> ReferenceItem:
    image, revision = reference.image, reference.revision
    return ReferenceItem(
        image_id=image.pk,
        pixel_sha256=image.pixel_sha256,
        file_sha256=image.file_sha256,
        subject_code=image.subject.code,
        partition=_partition_of(image),
        revision_id=revision.pk,
        revision_digest=revision.digest,
        reader=revision.author.get_username(),
        how=reference.how,
        regions=revision.regions,
        width=image.width,
        height=image.height,
        spacing=spacing_of(image),
        selected=image.take.scan.selected_take_id == image.take_id,
        accepted_at=reference.created_at,
    )


def _partition_of(image: Image) -> str:
    row = getattr(image.subject, "partition", None)
    return row.partition if row is not None else ""
