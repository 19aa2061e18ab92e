"""Taking in images, and putting right which scan they belong to."""

from __future__ import annotations

import hashlib
import io
import zlib
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone
from numpy.typing import NDArray
from PIL import Image as PillowImage

from annotation.models import (
    HELD_OUT,
    Image,
    LockedImage,
    Scan,
    Site,
    Study,
    Subject,
    SubjectPartition,
    Take,
    Visit,
)
from annotation.policies import is_admin, is_expert, require_admin, require_member
from annotation.selectors.locks import sealed_of_scan
from annotation.services.intake.batch import UNCHANGED, Frame
from annotation.services.intake.running import take_one
from core import events, files
from core.models import User
from core.services import audit
from domain import names
from domain.calibration import PixelSpacing, Scale
from domain.errors import InvalidInput, NotAllowed, Refused
from domain.lookalike import Signature, signature
from domain.pixels import Rectangle

SUBJECT_FIELDS = frozenset({"centre", "cohort", "sex", "age"})
TAKE_FIELDS = frozenset({"kind", "operator", "device", "preset", "depth_mm", "gain"})


@dataclass(frozen=True)
class StoredPixels:
    """Grey pixels that are in the file store: size in px, pixel hash, name of the PNG, and what
    their copies are known by where that was computed."""

    width: int
    height: int
    pixel_sha256: str
    file_sha256: str
    signature: Signature | None = None


def pixel_hash(pixels: NDArray[np.uint8]) -> str:
    """SHA-256 over `WIDTHxHEIGHT\\n` and the row-major 8-bit grey values of (height, width)."""
    height, width = pixels.shape
    digest = hashlib.sha256(f"{width}x{height}\n".encode())
    digest.update(np.ascontiguousarray(pixels).tobytes())
    return digest.hexdigest()


def store_pixels(pixels: NDArray[np.uint8]) -> StoredPixels:
    """Keep (height, width) 8-bit grey pixels as a PNG in the file store. Writes no row."""
    if pixels.ndim != 2 or pixels.dtype != np.uint8 or pixels.size == 0:
        raise InvalidInput("An image must be a non-empty array of 8-bit grey values.")
    buffer = io.BytesIO()
    # Speckle hardly compresses: run lengths at level 1 take half the time of matching strings at
    # level 1 and come out 5 to 15 % smaller.
    PillowImage.fromarray(pixels).save(
        buffer, format="PNG", compress_level=1, compress_type=zlib.Z_RLE
    )
    height, width = pixels.shape
    stored = files.store(buffer.getvalue())
    return StoredPixels(width, height, pixel_hash(pixels), stored, signature(pixels))


def add_image(
    study: Study,
    *,
    site: Site,
    subject_code: str,
    pixels: NDArray[np.uint8] | None = None,
    stored: StoredPixels | None = None,
    side: str = "",
    visit: date | None = None,
    take: int = 1,
    frame: int = 0,
    original_name: str = "",
    original_sha256: str = "",
    spacing: PixelSpacing | None = None,
    area: Rectangle | None = None,
    subject_fields: dict[str, Any] | None = None,
    take_fields: dict[str, Any] | None = None,
    actor: User | None,
) -> tuple[Image, bool]:
    """Take one frame in by `services.intake`. Answers (image, new?).

    Give `pixels`, or `stored` where they are in the file store already. The same pixels at the
    same place change nothing; other pixels at a place that is taken raise Refused. `area` is the
    image area that `spacing` rests on.
    """
    outcome = take_one(
        study,
        Frame(
            subject=subject_code.strip(),
            site=site.slug,
            stored=stored or store_pixels(_required(pixels)),
            name=original_name,
            original_sha256=original_sha256,
            side=side,
            visit=visit,
            take=take,
            frame=frame,
            subject_fields=_only(subject_fields or {}, SUBJECT_FIELDS),
            take_fields=_only(take_fields or {}, TAKE_FIELDS),
            scale=Scale(spacing, area),
        ),
        actor=actor,
    )
    if outcome.error is not None:
        raise outcome.error
    assert outcome.image is not None
    return Image.objects.get(pk=outcome.image.pk), outcome.status != UNCHANGED


def select_take(scan: Scan, take: Take, *, actor: User | None, reason: str) -> None:
    """Choose the take that evaluation and measurement use."""
    study = scan.site.study
    if actor is not None:
        require_member(actor, study)
        if not _is_admin_or_expert(actor, scan):
            raise NotAllowed("Only an expert or an admin selects the take of a scan.")
    if take.scan_id != scan.pk:
        raise InvalidInput("The take belongs to another scan.")
    with transaction.atomic():
        if take.pk != scan.selected_take_id and sealed_of_scan(scan) is not None:
            raise Refused(
                "This scan is sealed in a locked test set, and its selected take with it. Propose "
                "another on the scan's page: it takes effect with the next version of the lock."
            )
        Scan.objects.filter(pk=scan.pk).update(
            selected_take=take,
            selected_by=actor,
            selected_reason=reason[:300],
            selected_at=timezone.now(),
        )
        audit.record(
            "take selected",
            actor=actor,
            target=scan,
            scope=study.name,
            take=take.number,
            reason=reason,
        )


def move_image(
    image: Image,
    *,
    actor: User,
    reason: str,
    subject_code: str | None = None,
    site: Site | None = None,
    side: str | None = None,
) -> Image:
    """Put right a wrong subject, site or side. Refused where a lock or the split forbids it, and
    where the subject withdrew consent.

    An image may neither leave nor enter a locked test set, and outlines keep only labels that the
    new site has.
    """
    require_admin(actor, image.study)
    if not reason.strip():
        raise InvalidInput("Say why the image is moved.")
    with transaction.atomic():
        target_site = site or image.site
        target = _subject(image.study, subject_code or image.subject.code)
        _check_move(image, target, target_site)
        old_take = image.take
        visit, _ = Visit.objects.get_or_create(subject=target, date=old_take.scan.visit.date)
        scan, _ = Scan.objects.get_or_create(
            visit=visit,
            site=target_site,
            side=old_take.scan.side if side is None else side,
        )
        before = str(old_take)
        take = _take_like(old_take, scan, image.frame)
        Image.objects.filter(pk=image.pk).update(take=take, subject=target, site=target_site)
        if scan.selected_take_id is None:
            Scan.objects.filter(pk=scan.pk).update(selected_take=take, selected_reason="first take")
        image.refresh_from_db()
        audit.record(
            "image moved",
            actor=actor,
            target=image,
            scope=image.study.name,
            image=image.pk,
            before=before,
            after=str(take),
            reason=reason,
        )
        events.publish("image_moved", image_id=image.pk, site_id=target_site.pk)
    return image


def _check_move(image: Image, target: Subject, target_site: Site) -> None:
    if target_site.study_id != image.study_id:
        raise Refused("An image cannot be moved to another study.")
    if LockedImage.objects.filter(image=image).exists():
        raise Refused("The image is in a locked test set and stays where it is.")
    if LockedImage.objects.filter(pixel_sha256=image.pixel_sha256).exists():
        raise Refused("The same pixels are in a locked test set: the image stays where it is.")
    if _held_out_as(target) != _held_out_as(image.subject):
        raise Refused(
            "The move would cross the border of the test partition or the reserve. "
            "Withdraw the image and import it again under the right subject."
        )
    if target_site.pk != image.site_id and image.annotations.exists():
        raise Refused("The image has outlines with the labels of its site. It cannot change site.")


def _held_out_as(subject: Subject) -> str:
    row = SubjectPartition.objects.filter(subject=subject, partition__in=HELD_OUT).first()
    return row.partition if row else ""


def _take_like(take: Take, scan: Scan, frame: int) -> Take:
    """The take of `scan` with this number and a free frame, else a new one like `take`."""
    same = Take.objects.filter(scan=scan, number=take.number).first()
    if same is not None and not same.images.filter(frame=frame).exists():
        return same
    last = scan.takes.order_by("-number").first()
    number = take.number if same is None else (last.number if last else 0) + 1
    fields = {name: getattr(take, name) for name in TAKE_FIELDS}
    return Take.objects.create(scan=scan, number=number, **fields)


def _subject(study: Study, text: str) -> Subject:
    code = names.subject_code(text)
    subject, _ = Subject.objects.select_for_update().get_or_create(
        study=study, identity=names.identity(code), defaults={"code": code}
    )
    if subject.withdrawn_at is not None:
        raise Refused(f"Subject {code} withdrew consent: nothing more is taken in.")
    return subject


def _is_admin_or_expert(user: User, thing: Image | Scan) -> bool:
    study = thing.study if isinstance(thing, Image) else thing.site.study
    return is_admin(user, study) or is_expert(user, study)


def _only(fields: dict[str, Any], allowed: frozenset[str]) -> dict[str, Any]:
    unknown = set(fields) - allowed
    if unknown:
        raise InvalidInput(f"Unknown fields: {', '.join(sorted(unknown))}.")
    return {name: value for name, value in fields.items() if value not in (None, "")}


def _required(pixels: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    if pixels is None:
        raise InvalidInput("There are no pixels to take in.")
    return pixels
