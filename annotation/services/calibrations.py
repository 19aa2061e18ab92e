"""Setting the scale of pictures: of one, of some, and of all that a device made in one size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction

from annotation.models import Calibration, Image, ImageArea, ScaleBasis, Study
from annotation.policies import is_admin, is_expert, require_member
from annotation.selectors import scales
from annotation.selectors.locks import sealed, sealed_images
from core.models import User
from core.services import audit
from domain.calibration import Known, Missing, PixelSpacing, Scale, contradiction, in_crop, scale_of
from domain.errors import InvalidInput, NotAllowed, NotFound, Refused
from domain.pixels import Rectangle, as_list

SEALED = (
    "This scan is sealed in a locked test set, and its scale with it. Propose another scale on the "
    "scan's page: it takes effect with the next version of the lock, which an admin seals."
)


@dataclass(frozen=True)
class Confirmed:
    """What became of the pictures of a device and size when their image area was confirmed.

    `given`: they have mm by it now. `unchanged`: they had the same before. `blocked`: their typed
    spacing contradicts the depth, and they wait for a person. `sealed`: as they were, until the
    next version of the lock.
    """

    given: int = 0
    unchanged: int = 0
    blocked: int = 0
    sealed: int = 0


def calibrate(
    image: Image,
    spacing: PixelSpacing,
    *,
    actor: User,
    area: Rectangle | None = None,
    despite_depth: bool = False,
) -> Calibration:
    """Set the pixel spacing of an image; the earlier calibration stays in the history.

    `area` is the image area that it rests on, in px of the file. Raises NotAllowed for annotators,
    Refused for a sealed image, and where the known depth contradicts the spacing, unless that was
    seen (`despite_depth`).
    """
    require_expert_or_admin(image.study, actor)
    with transaction.atomic():
        if sealed(image) is not None:
            raise Refused(SEALED)
        check_against_depth(image, spacing, area, despite_depth=despite_depth)
        calibration = put(image, spacing, area=area, author=actor)
        _record(calibration, actor, despite_depth=despite_depth)
    return calibration


def calibrate_all(
    scaled: Sequence[tuple[Image, PixelSpacing, Rectangle | None]],
    *,
    actor: User,
    despite_depth: bool = False,
) -> list[Calibration]:
    """Set spacing and area of several images, all or none; each by the rules of `calibrate`."""
    with transaction.atomic():
        return [
            calibrate(image, spacing, actor=actor, area=area, despite_depth=despite_depth)
            for image, spacing, area in scaled
        ]


def check_against_depth(
    image: Image, spacing: PixelSpacing, area: Rectangle | None, *, despite_depth: bool
) -> None:
    """Raise Refused where the known depth of an image contradicts a spacing by more than 3 %."""
    known = scales.known_of(image, area)
    if despite_depth or known.depth_mm is None or spacing.method in MEASURED:
        return
    share = contradiction(known.depth_mm, known.likely_area, spacing)
    if share:
        raise Refused(
            f"The depth of {known.depth_mm:g} mm over {known.likely_area.height} rows of the "
            f"picture contradicts {spacing.y_mm:g} mm per px by {100 * share:.0f} %. Mend the "
            "depth, the image area or the spacing, or say that the spacing counts in spite of the "
            "depth."
        )


MEASURED = frozenset(
    (Calibration.Method.DEPTH, Calibration.Method.PHANTOM, Calibration.Method.TWO_POINTS)
)
"""Methods whose spacing is no typed number that a depth could contradict."""


def put(
    image: Image, spacing: PixelSpacing, *, area: Rectangle | None, author: User | None
) -> Calibration:
    """Give an image a calibration, in the caller's transaction and on its word."""
    calibration = new(image, spacing, area=area, author=author)
    Image.objects.filter(pk=image.pk).update(calibration=calibration)
    image.calibration = calibration
    return calibration


def new(
    image: Image, spacing: PixelSpacing, *, area: Rectangle | None, author: User | None
) -> Calibration:
    """Write a calibration of an image without putting it in force."""
    calibration = row(image, spacing, area=area, crop=scales.crop_of(image), author=author)
    calibration.save()
    return calibration


def row(
    image: Image,
    spacing: PixelSpacing,
    *,
    area: Rectangle | None,
    crop: Rectangle,
    author: User | None,
) -> Calibration:
    """A calibration of an image that is kept of its file by `crop`, not yet saved."""
    return Calibration(
        image=image,
        x_mm=spacing.x_mm,
        y_mm=spacing.y_mm,
        method=spacing.method,
        file_area=as_list(area),
        area=as_list(in_crop(area, crop)) if area else None,
        author=author,
    )


def confirm_area(
    study: Study, device: str, width: int, height: int, area: Rectangle, *, actor: User
) -> Confirmed:
    """Confirm where a device shows tissue in pictures of one size: they get their mm by it.

    So do later ones, unless no device is named: then it holds for the pictures that are here.
    Typed spacings that the depth now contradicts are blocked. Pictures with an area of their own
    keep it. Raises NotFound where the study has no such picture, InvalidInput for an area outside.
    """
    require_expert_or_admin(study, actor)
    if area.x + area.width > width or area.y + area.height > height:
        raise InvalidInput(f"The area does not lie inside the picture of {width} x {height} px.")
    with transaction.atomic():
        images = list(scales.images_of(study, device, width, height))
        if not images:
            raise NotFound("There is no picture of that device and size with a depth.")
        if device:
            ImageArea.objects.create(
                study=study,
                device=device,
                width=width,
                height=height,
                area=as_list(area),
                confirmed_by=actor,
            )
        confirmed = _apply(images, area, actor)
        audit.record(
            "image area confirmed",
            actor=actor,
            target=study,
            scope=study.name,
            device=device,
            size=[width, height],
            area=as_list(area),
            given=confirmed.given,
            blocked=confirmed.blocked,
            sealed=confirmed.sealed,
        )
    return confirmed


def _apply(images: Iterable[Image], area: Rectangle, actor: User) -> Confirmed:
    locked = set(sealed_images().filter(image__in=images).values_list("image_id", flat=True))
    given = unchanged = blocked = kept_sealed = 0
    for image in images:
        known = scales.known_of(image, area)
        scale = scale_of(known)
        if not _follows(image, known) or _is_as(image, scale):
            unchanged += 1
        elif image.pk in locked:
            kept_sealed += 1
        elif scale.spacing is not None:
            _record(put(image, scale.spacing, area=scale.area, author=actor), actor)
            given += 1
        elif scale.missing == Missing.CONTRADICTION:
            _block(image, scale, actor)
            blocked += 1
    return Confirmed(given, unchanged, blocked, kept_sealed)


def _follows(image: Image, known: Known) -> bool:
    """Whether an image's scale follows from depth, area and manifest: no person set it since."""
    basis: ScaleBasis | None = getattr(image, "scale_basis", None)
    if basis is not None and basis.area is not None:
        return False
    if image.calibration is None:
        return known.depth_mm is not None
    return image.calibration.method in (Calibration.Method.DEPTH, Calibration.Method.MANIFEST)


def _is_as(image: Image, scale: Scale) -> bool:
    now, then = image.calibration, scale.spacing
    if now is None or then is None:
        return now is None and then is None
    same_area = then.method != Calibration.Method.DEPTH or now.file_area == as_list(scale.area)
    return (now.x_mm, now.y_mm, now.method) == (then.x_mm, then.y_mm, then.method) and same_area


def _block(image: Image, scale: Scale, actor: User) -> None:
    """Take the mm from an image whose depth contradicts its typed spacing, until it is decided."""
    Image.objects.filter(pk=image.pk).update(calibration=None)
    image.calibration = None
    audit.record(
        "scale contradicts the depth",
        actor=actor,
        target=image,
        scope=image.study.name,
        image=image.pk,
        share=round(scale.share, 4),
    )


def require_expert_or_admin(study: Study, actor: User) -> None:
    """Raise NotAllowed for all but experts and admins of a study."""
    require_member(actor, study)
    if not (is_admin(actor, study) or is_expert(actor, study)):
        raise NotAllowed("Only an expert or an admin sets the scale of an image.")


def _record(calibration: Calibration, actor: User, **more: object) -> None:
    image = calibration.image
    audit.record(
        "image calibrated",
        actor=actor,
        target=image,
        scope=image.study.name,
        image=image.pk,
        x_mm=calibration.x_mm,
        y_mm=calibration.y_mm,
        method=calibration.method,
        area=calibration.file_area,
        **more,
    )
