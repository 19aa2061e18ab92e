"""What `verify` checks in this package."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Max

from annotation.models import (
    Annotation,
    Centre,
    Image,
    Label,
    LabelAlias,
    Revision,
    Site,
    SourceFile,
    Study,
    Subject,
)
from annotation.selectors.images import decode_stored_png
from annotation.services.lock import damaged_locks
from annotation.services.outlines import content_digest
from annotation.services.scans import pixel_hash
from core import files, integrity
from core.files import DamagedFile
from core.identities import twins
from core.models import User


def register_all() -> None:
    """Register the checks of this package."""
    integrity.register("images", damaged_images)
    integrity.register("imported files", damaged_sources)
    integrity.register("revisions", damaged_revisions)
    integrity.register("locks", damaged_locks)
    integrity.register("names", doubled_names)


def doubled_names() -> Iterator[str]:
    """Names that an upgrade found twice, but for letter case or blanks. Nothing joins them."""
    for rows, source, scope in (
        (Subject.objects.select_related("study"), "code", "study"),
        (Site.objects.select_related("study"), "slug", "study"),
        (Centre.objects.select_related("study"), "name", "study"),
        (Label.objects.select_related("site"), "name", "site"),
        (LabelAlias.objects.select_related("site"), "alias", "site"),
        (Study.objects.all(), "name", ""),
        (User.objects.all(), "username", ""),
    ):
        for one, other in twins(rows, source, scope):
            where = f" of {getattr(one, scope)}" if scope else ""
            yield (
                f"{one._meta.verbose_name.capitalize()} {getattr(one, source)!r} and "
                f"{getattr(other, source)!r}{where} are one name in two spellings: see whether "
                "they are one."
            )


def damaged_images() -> Iterator[str]:
    """Images whose stored pixels are missing or differ, erased ones that are still there."""
    for image in Image.objects.filter(erased_at__isnull=True).iterator(chunk_size=500):
        try:
            pixels = decode_stored_png(files.read(image.file_sha256))
        except DamagedFile as error:
            yield f"Image {image.pk}: {error}"
            continue
        if pixel_hash(pixels) != image.pixel_sha256:
            yield f"Image {image.pk}: its pixels are not those that were imported."
    living = Image.objects.filter(erased_at__isnull=True).values("file_sha256")
    erased = Image.objects.filter(erased_at__isnull=False).exclude(file_sha256__in=living)
    for image in erased.iterator(chunk_size=500):
        if files.exists(image.file_sha256):
            yield f"Image {image.pk} was erased, but its pixels are still stored."


def damaged_sources() -> Iterator[str]:
    """Imported files whose bytes are missing or differ."""
    sources = SourceFile.objects.filter(image__erased_at__isnull=True)
    for source in sources.iterator(chunk_size=500):
        try:
            files.read(source.sha256)
        except DamagedFile as error:
            yield f"Imported file {source.name}: {error}"


def damaged_revisions() -> Iterator[str]:
    """Revisions that do not hash to their digest, annotations with gaps in their numbers."""
    revisions = Revision.objects.select_related("content", "annotation__image")
    for revision in revisions.iterator(chunk_size=500):
        erased = revision.annotation.image.erased_at is not None
        digest = content_digest(revision.drawn_regions, revision.decision, revision.reason)
        if not erased and digest != revision.digest:
            yield f"Revision {revision.pk}: its content does not match its digest."
    for annotation in Annotation.objects.annotate(last=Max("revisions__number")):
        count = annotation.revisions.count()
        if not count == (annotation.last or 0) == annotation.revision_count:
            yield f"Annotation {annotation.pk}: its revisions do not run without a gap."
