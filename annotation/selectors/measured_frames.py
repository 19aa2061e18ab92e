"""Reading which frame of a sweep people chose to measure."""

from __future__ import annotations

from django.db.models import QuerySet

from annotation.models import MeasuredFrame, Study, Take


def standing(take: Take) -> MeasuredFrame | None:
    """The choice that stands for a take; None: the rule decides."""
    return _standing(MeasuredFrame.objects.filter(take=take)).get(take.pk)


def standing_in(study: Study) -> dict[int, MeasuredFrame]:
    """{id of the take: the choice that stands}, of the takes where a person chose."""
    return _standing(MeasuredFrame.objects.filter(take__scan__site__study=study))


def _standing(rows: QuerySet[MeasuredFrame]) -> dict[int, MeasuredFrame]:
    newest: dict[int, MeasuredFrame] = {}
    for row in rows.select_related("author", "image").order_by("id"):
        newest[row.take_id] = row
    return {take: row for take, row in newest.items() if row.image_id is not None}
