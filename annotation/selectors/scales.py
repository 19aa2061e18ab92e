"""What is known of the scale of pictures, why some have no mm, and what waits for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import Count, F, Max, Min, Q, QuerySet
from django.db.models.functions import Coalesce

from annotation.models import (
    Calibration,
    Image,
    ImageArea,
    MeasuredFrame,
    Reference,
    ScaleBasis,
    Scan,
    Site,
    Study,
)
from annotation.selectors.images import basis_of, depth_of, pixels, spacing_of
from domain.calibration import (
    Known,
    PixelSpacing,
    as_text,
    contradiction,
    in_crop,
    proposed_area,
)
from domain.pixels import Rectangle

LOOKED_AT = 8
"""So many pictures of a device are read together to propose its image area."""


@dataclass(frozen=True)
class AreaGroup:
    """The pictures of a device and file size that have a depth, and what their mm wait for.

    `n_without` have no mm; `n_unconfirmed` have mm by a depth over the whole picture, from before
    image areas were kept. `confirmed`: the newest confirmation, None for an unnamed device.
    """

    device: str
    width: int
    height: int
    n_images: int
    n_without: int
    n_unconfirmed: int
    sample: int
    confirmed: ImageArea | None

    @property
    def waits(self) -> bool:
        """Whether a person is asked to confirm its area."""
        return bool(self.n_without or self.n_unconfirmed)


def groups(study: Study) -> list[AreaGroup]:
    """The devices and sizes of a study's pictures with a depth, those that wait first."""
    counted = (
        _with_depth(study)
        .values("take__device", "file_width", "file_height")
        .annotate(
            n_images=Count("pk"),
            n_without=Count("pk", filter=Q(calibration__isnull=True)),
            n_unconfirmed=Count("pk", filter=UNCONFIRMED),
            sample=Min("pk"),
        )
        .order_by("take__device", "file_width", "file_height")
    )
    found = [
        AreaGroup(
            row["take__device"],
            row["file_width"],
            row["file_height"],
            row["n_images"],
            row["n_without"],
            row["n_unconfirmed"],
            row["sample"],
            newest_area(study, row["take__device"], row["file_width"], row["file_height"]),
        )
        for row in counted
    ]
    return sorted(found, key=lambda one: not one.waits)


UNCONFIRMED = Q(calibration__method=Calibration.Method.DEPTH, calibration__file_area__isnull=True)


def images_of(study: Study, device: str, width: int, height: int) -> QuerySet[Image]:
    """The pictures of a device and file size that have a depth, by their key."""
    found = _with_depth(study).filter(take__device=device, file_width=width, file_height=height)
    return with_relations(found).order_by("pk")


def with_relations(images: QuerySet[Image]) -> QuerySet[Image]:
    """The same images with what their scale is decided by, in one query."""
    return images.select_related("study", "subject", "take", "calibration", "scale_basis")


def proposal(images: QuerySet[Image]) -> Rectangle | None:
    """The image area that the pixels of a device's pictures propose, in px of the file."""
    some = _spread(list(images.values_list("pk", flat=True)), LOOKED_AT)
    looked_at = list(images.filter(pk__in=some))
    whole = [one for one in looked_at if (one.width, one.height) == file_size(one)]
    if whole:
        return proposed_area([pixels(one) for one in whole])
    kept = [basis.proposed for one in looked_at if (basis := basis_of(one)) and basis.proposed]
    return Rectangle(*(int(value) for value in np.median(kept, axis=0))) if kept else None


def _with_depth(study: Study) -> QuerySet[Any]:
    images = Image.objects.filter(study=study, erased_at__isnull=True).annotate(
        file_width=Coalesce("scale_basis__file_width", F("width")),
        file_height=Coalesce("scale_basis__file_height", F("height")),
        depth=Coalesce("scale_basis__depth_mm", "take__depth_mm"),
    )
    return images.filter(depth__isnull=False)


def _spread(keys: Sequence[int], most: int) -> list[int]:
    """At most so many of the keys, from the first to the last."""
    return [keys[round(at)] for at in np.linspace(0, len(keys) - 1, min(most, len(keys)))]


def crop_of(image: Image) -> Rectangle:
    """The stored picture in px of its file; the whole where nothing is known of it."""
    basis = basis_of(image)
    left, top = (basis.crop_x, basis.crop_y) if basis else (0, 0)
    return Rectangle(left, top, image.width, image.height)


def file_size(image: Image) -> tuple[int, int]:
    """Width and height of the file that an image came from, in px."""
    basis = basis_of(image)
    return (basis.file_width, basis.file_height) if basis else (image.width, image.height)


def known_of(image: Image, area: Rectangle | None = None) -> Known:
    """What is known of an image's scale; `area` in place of the one that is in force."""
    basis = basis_of(image)
    width, height = file_size(image)
    area = area or area_in_force(image)
    return Known(
        width,
        height,
        depth_of(image),
        _typed(basis) if basis else None,
        area,
        _rectangle(basis.proposed) if basis else None,
        image.pixel_aspect,
    )


def area_in_force(image: Image) -> Rectangle | None:
    """The image area of an image, in px of its file: of its calibration, its own, or confirmed for
    its device and size."""
    if image.calibration is not None and image.calibration.file_area:
        return Rectangle(*image.calibration.file_area)
    basis = basis_of(image)
    if basis is not None and basis.area:
        return Rectangle(*basis.area)
    return confirmed_area(image.study, image.take.device, *file_size(image))


def confirmed_area(study: Study, device: str, width: int, height: int) -> Rectangle | None:
    """The image area that a person confirmed for a named device and size of the file, or None."""
    found = newest_area(study, device, width, height)
    return Rectangle(*found.area) if found else None


def newest_area(study: Study, device: str, width: int, height: int) -> ImageArea | None:
    """The newest confirmation for a named device and size of the file, or None."""
    if not device:
        return None
    rows = ImageArea.objects.filter(study=study, device=device, width=width, height=height)
    return rows.select_related("confirmed_by").order_by("-id").first()


def newest_at(site: Site) -> datetime | None:
    """When the scale, the selected take or the measured frame of anything that is measured at a
    site last changed; None: never."""
    measured = Reference.objects.filter(image__site=site, superseded_at__isnull=True)
    images, scans = measured.values("image"), measured.values("image__take__scan")
    moments = [
        Calibration.objects.filter(image__in=images).aggregate(at=Max("created_at"))["at"],
        Scan.objects.filter(pk__in=scans).aggregate(at=Max("selected_at"))["at"],
        MeasuredFrame.objects.filter(take__scan__in=scans).aggregate(at=Max("created_at"))["at"],
    ]
    return max((one for one in moments if one), default=None)


def manifest_fields(image: Image) -> dict[str, str]:
    """The scale of a stored picture as columns of a manifest, so that it comes back the same.

    A depth that spans more than the picture shows is left out: over its height it would be wrong.
    """
    spacing, depth, area = spacing_of(image), depth_of(image), area_in_force(image)
    kept = in_crop(area, crop_of(image)) if area else None
    if area is not None and (kept is None or kept.height != area.height):
        kept, depth = None, None
    if spacing is not None and depth is not None:
        shown = kept or Rectangle(0, 0, image.width, image.height)
        depth = None if contradiction(depth, shown, spacing) else depth
    return {
        "depth_mm": "" if depth is None else repr(depth),
        "spacing_x_mm": repr(spacing.x_mm) if spacing else "",
        "spacing_y_mm": repr(spacing.y_mm) if spacing else "",
        "image_area": as_text(kept) if kept else "",
    }


def _typed(basis: ScaleBasis) -> PixelSpacing | None:
    if basis.typed_x_mm is None or basis.typed_y_mm is None:
        return None
    return PixelSpacing(basis.typed_x_mm, basis.typed_y_mm, Calibration.Method.MANIFEST)


def _rectangle(area: Sequence[int] | None) -> Rectangle | None:
    return Rectangle(*area) if area else None
