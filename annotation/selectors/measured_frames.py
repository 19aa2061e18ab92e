"""Reading which frame of a sweep people chose to measure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import QuerySet

from annotation.models import Image, MeasuredFrame, Study, Take


def standing(take: Take) -> MeasuredFrame | None:
    """The choice that stands for a take; None: the rule decides."""
    return _standing(MeasuredFrame.objects.filter(take=take)).get(take.pk)


def standing_in(study: Study) -> dict[int, MeasuredFrame]:
    """{id of the take: the choice that stands}, of the takes where a person chose."""
    return _standing(MeasuredFrame.objects.filter(take__scan__site__study=study))


def standing_of(takes: Collection[int]) -> dict[int, MeasuredFrame]:
    """{id of the take: the choice that stands}, of those takes where a person chose."""
    return _standing(MeasuredFrame.objects.filter(take__in=takes))


def places_of(images: Iterable[int]) -> dict[int, tuple[int, int]]:
    """{id of the image: (id of its take, its frame there)}."""
    rows = Image.objects.filter(pk__in=list(images)).values_list("pk", "take_id", "frame")
    return {image: (take, frame) for image, take, frame in rows}


def _standing(rows: QuerySet[MeasuredFrame]) -> dict[int, MeasuredFrame]:
    newest: dict[int, MeasuredFrame] = {}
    for row in rows.select_related("author", "image").order_by("id"):
        newest[row.take_id] = row
    return {take: row for take, row in newest.items() if row.image_id is not None}
