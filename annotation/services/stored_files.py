"""Erasing stored files that nothing names any more."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from annotation.models import Image, SourceFile
from core import files

CHUNK = 500


def erase_unnamed(names: Collection[str]) -> None:
    """Remove those of the files, by their SHA-256, that no image and no imported file names.

    In a transaction, so that no intake writes a row that names one between the look and the
    removal: an intake that comes later finds the file gone, and says so.
    """
    wanted = sorted(set(names) - {""})
    for start in range(0, len(wanted), CHUNK):
        chunk = wanted[start : start + CHUNK]
        with transaction.atomic():
            for name in set(chunk) - _named(chunk):
                files.erase(name)


def _named(names: Collection[str]) -> set[str]:
    pictures = Image.objects.filter(file_sha256__in=names, erased_at__isnull=True)
    sources = SourceFile.objects.filter(sha256__in=names, image__erased_at__isnull=True)
    return {
        *pictures.values_list("file_sha256", flat=True),
        *sources.values_list("sha256", flat=True),
    }
