"""Keeping how well pictures agree, so that each pair is aligned once and not at every seal and run.

Work that was interrupted goes on where it ended: each chunk is kept by itself.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from annotation.models import Alignment, Image, Study
from annotation.selectors import duplicates
from annotation.selectors.partitions import never_trained_images
from domain import lookalike

if TYPE_CHECKING:
    from django.db.models import QuerySet


def complete(images: QuerySet[Image], others: QuerySet[Image]) -> int:
    """Align those pairs of the two whose hashes are near and that were not yet; says how many."""
    made = 0
    for chunk in duplicates.missing_alignments(images, others):
        Alignment.objects.bulk_create(
            (
                Alignment(
                    crop_id=crop,
                    original_id=original,
                    version=lookalike.VERSION,
                    correlation=correlation,
                )
                for crop, original, correlation in chunk
            ),
            ignore_conflicts=True,
        )
        made += len(chunk)
    return made


def complete_held_out(study: Study, image_ids: Collection[int]) -> int:
    """The same for some images and all that are never trained on."""
    return complete(Image.objects.filter(pk__in=image_ids), never_trained_images(study))
