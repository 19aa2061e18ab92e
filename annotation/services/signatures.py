"""Keeping of each image what its copies are known by."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db.models import QuerySet

from annotation.models import Image, Signature, Study
from annotation.selectors.images import pixels
from domain import lookalike

CHUNK = 200


def keep_all(images: Sequence[Image], found: Sequence[lookalike.Signature | None]) -> None:
    """Keep the signatures of new images; one that is not given is taken from an image with the
    same pixels, or computed from the stored pixels."""
    twins = kept(
        {image.pixel_sha256 for image, given in zip(images, found, strict=True) if not given}
    )
    rows = [
        _row(image, given or twins.get(image.pixel_sha256) or lookalike.signature(pixels(image)))
        for image, given in zip(images, found, strict=True)
    ]
    Signature.objects.bulk_create(rows, batch_size=CHUNK)


def kept(pixel_hashes: Collection[str]) -> dict[str, lookalike.Signature]:
    """Signatures that are kept of pictures with these pixels, by their hash."""
    wanted = sorted(pixel_hashes)
    found: dict[str, lookalike.Signature] = {}
    for start in range(0, len(wanted), CHUNK):
        rows = Signature.objects.filter(
            image__pixel_sha256__in=wanted[start : start + CHUNK], version=lookalike.VERSION
        )
        for digest, hashes, thumbnail in rows.values_list(
            "image__pixel_sha256", "hashes", "thumbnail"
        ):
            found[digest] = lookalike.unpacked(bytes(hashes), bytes(thumbnail))
    return found


def complete(study: Study) -> int:
    """Compute the signatures that images of a study lack, or have of an older version; answers
    how many. Each chunk is kept by itself, so that what was interrupted goes on where it ended."""
    made = 0
    while images := list(_lacking(study)[:CHUNK]):
        rows = [_row(image, lookalike.signature(pixels(image))) for image in images]
        Signature.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["image"],
            update_fields=["version", "hashes", "thumbnail"],
        )
        made += len(rows)
    return made


def _lacking(study: Study) -> QuerySet[Image]:
    images = Image.objects.filter(study=study, erased_at__isnull=True)
    return images.exclude(signature__version=lookalike.VERSION).order_by("id")


def _row(image: Image, found: lookalike.Signature) -> Signature:
    return Signature(
        image=image,
        version=lookalike.VERSION,
        hashes=found.hashes.tobytes(),
        thumbnail=found.thumbnail.tobytes(),
    )
