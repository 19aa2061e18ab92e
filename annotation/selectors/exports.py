"""What an export takes: images with the outlines that stand for them, never locked ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import QuerySet

from annotation.models import (
    HELD_OUT,
    Image,
    Reference,
    Revision,
    Site,
    SourceFile,
    Study,
)
from annotation.selectors.pool import locked_pixel_hashes
from domain.errors import InvalidInput

APPROVED = "approved"
ALL = "all"
STATES = (APPROVED, ALL)


@dataclass(frozen=True)
class ExportItem:
    """An image, the revision that stands for it, and the file that this was imported from."""

    image: Image
    revision: Revision
    source: SourceFile | None


def items(study: Study, *, site: Site | None = None, state: str = APPROVED) -> Iterator[ExportItem]:
    """Images by key with their reference; with state `all`, else with their newest outline.

    Test subjects, and images whose pixels are in a lock, are left out.
    """
    if state not in STATES:
        raise InvalidInput(f"{state!r} is no state of an export; use {' or '.join(STATES)}.")
    held_out = locked_pixel_hashes(study)
    for image in _images(study, site).iterator(chunk_size=500):
        if image.pixel_sha256 in held_out:
            continue
        revision = _revision(image, state)
        if revision is not None:
            yield ExportItem(image, revision, source_of(revision))


def left_out(study: Study, *, site: Site | None = None) -> int:
    """How many images with outlines an export leaves out, because they are held for the test."""
    images = Image.objects.filter(study=study, erased_at__isnull=True, annotations__isnull=False)
    if site is not None:
        images = images.filter(site=site)
    taken = {image.pk for image in _images(study, site)}
    held_out = locked_pixel_hashes(study)
    return sum(
        pk not in taken or digest in held_out
        for pk, digest in images.distinct().values_list("pk", "pixel_sha256")
    )


def source_of(revision: Revision) -> SourceFile | None:
    """The imported file that a revision goes back to, over corrections of others' work too."""
    seen: Revision | None = revision
    image = revision.annotation.image_id
    while seen is not None and seen.annotation.image_id == image:
        source = (
            SourceFile.objects.filter(
                revision__annotation=seen.annotation_id, revision__number__lte=seen.number
            )
            .order_by("-revision__number")
            .first()
        )
        if source is not None:
            return source
        seen = seen.based_on
    return None


def received_files(image: Image) -> list[SourceFile]:
    """The newest version of each file that came with an image."""
    newest: dict[str, SourceFile] = {}
    for source in SourceFile.objects.filter(image=image).order_by("id"):
        newest[source.name] = source
    return list(newest.values())


def _images(study: Study, site: Site | None) -> QuerySet[Image]:
    images = (
        Image.objects.filter(study=study, erased_at__isnull=True)
        .exclude(subject__partition__partition__in=HELD_OUT)
        .select_related(
            "site",
            "subject__centre",
            "subject__partition",
            "take__scan__visit",
            "calibration",
            "scale_basis",
        )
        .order_by("pk")
    )
    return images.filter(site=site) if site is not None else images


def _revision(image: Image, state: str) -> Revision | None:
    reference = (
        Reference.objects.filter(image=image, superseded_at__isnull=True)
        .select_related("revision__content", "revision__annotation__author", "revision__based_on")
        .first()
    )
    if reference is not None:
        return reference.revision
    if state == APPROVED:
        return None
    return (
        Revision.objects.filter(annotation__image=image)
        .select_related("content", "annotation__author", "based_on")
        .order_by("-created_at", "-pk")
        .first()
    )
