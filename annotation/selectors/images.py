"""Reading images."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from django.db.models import Exists, OuterRef, Q, QuerySet
from numpy.typing import NDArray
from PIL import Image as PillowImage

from annotation.models import (
    HELD_OUT,
    Assignment,
    Image,
    ScaleBasis,
    Site,
    Study,
    Suggestion,
)
from annotation.policies import can_see_image
from core import files
from core.models import User
from domain.calibration import PixelSpacing
from domain.errors import InvalidInput, NotFound
from domain.measurement import NOT_CALIBRATED

AREA_UNKNOWN = "the depth is known, the image area is not"
PIXELS_UNKNOWN = "the shape of its pixels is not known"
CONTRADICTED = "the depth contradicts the typed spacing"


def visible_image(user: User, image_id: int) -> Image:
    """The image, if `user` may see it. Raises NotFound."""
    image = (
        Image.objects.select_related(
            "study", "site", "subject", "take__scan__visit", "calibration", "scale_basis"
        )
        .filter(pk=image_id)
        .first()
    )
    if image is None or not can_see_image(user, image):
        raise NotFound("There is no such image.")
    return image


def with_id(image_id: int) -> Image:
    """An image by its key. Raises NotFound."""
    image = Image.objects.filter(pk=image_id).select_related("calibration").first()
    if image is None:
        raise NotFound("There is no such image.")
    return image


def kept(image_ids: Sequence[int]) -> QuerySet[Image]:
    """Those of the images that were not erased."""
    return Image.objects.filter(pk__in=image_ids, erased_at__isnull=True)


def images_of(
    study: Study, *, site: str = "", state: str = "", subject: str = ""
) -> QuerySet[Image]:
    """The images of a study that were not erased, filtered by exact site, state and subject."""
    if state and state not in Image.State.values:
        raise InvalidInput(f"{state!r} is no state. Use one of {', '.join(Image.State.values)}.")
    images = Image.objects.filter(study=study, erased_at__isnull=True)
    if site:
        images = images.filter(site__slug=site)
    if state:
        images = images.filter(state=state)
    if subject:
        images = images.filter(subject__code=subject)
    return images.order_by("id")


def with_details(images: QuerySet[Image]) -> QuerySet[Image]:
    """The same images with what a list shows, in one query."""
    return images.select_related(
        "study", "site", "subject", "take__scan__visit", "calibration", "scale_basis"
    )


def png(image: Image) -> bytes:
    """The stored PNG of an image, checked against its hash."""
    return files.read(image.file_sha256)


def pixels(image: Image) -> NDArray[np.uint8]:
    """The grey pixels of an image, (height, width) uint8."""
    return decode_stored_png(png(image))


def decode_stored_png(data: bytes) -> NDArray[np.uint8]:
    """Pixels of a PNG that this platform encoded itself (never of a file from outside)."""
    with PillowImage.open(io.BytesIO(data), formats=["PNG"]) as picture:
        return np.asarray(picture.convert("L"))


def spacing_of(image: Image) -> PixelSpacing | None:
    """The pixel spacing of an image; None: not calibrated."""
    calibration = image.calibration
    if calibration is None:
        return None
    return PixelSpacing(calibration.x_mm, calibration.y_mm, calibration.method)


def why_no_mm(image: Image) -> str:
    """Why an image has no mm, in words; empty where it has."""
    if image.calibration is not None:
        return ""
    basis = basis_of(image)
    if basis is not None and basis.typed_y_mm is not None:
        return CONTRADICTED
    if depth_of(image) is None:
        return NOT_CALIBRATED
    return PIXELS_UNKNOWN if image.pixel_aspect is None else AREA_UNKNOWN


def basis_of(image: Image) -> ScaleBasis | None:
    """What was kept of an image's scale at its import; None for one from before that."""
    found: ScaleBasis | None = getattr(image, "scale_basis", None)
    return found


def depth_of(image: Image) -> float | None:
    """The imaging depth of an image in mm; None: nobody said it."""
    basis = basis_of(image)
    depth = basis.depth_mm if basis else None
    return image.take.depth_mm if depth is None else depth


def awaiting_prelabel(site: Site, *, version: str = "") -> QuerySet[Image]:
    """Untouched images of a site that may have a pre-label and have none of `version`.

    Left out: erased images, images of test subjects, and those that both readers read blind.
    """
    paired = Assignment.objects.filter(image=OuterRef("pk"), with_pre_label=True)
    images = (
        Image.objects.filter(site=site, state=Image.State.NEW, erased_at__isnull=True)
        .exclude(subject__partition__partition__in=HELD_OUT)
        .filter(Exists(paired) | ~Q(assignments__blind=True))
    )
    done = Suggestion.objects.filter(
        image__site=site, hidden=False, state=Suggestion.State.CURRENT, version=version
    )
    return images.exclude(pk__in=done.values("image_id")).order_by("id")
