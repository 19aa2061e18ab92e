"""How much submitted work needs an expert: kept when it is handed in, the board orders by it."""

from __future__ import annotations

from typing import Any

from annotation.models import Annotation, Suggestion
from annotation.selectors.annotations import head_revision
from domain.comparison import changed_share
from domain.errors import InvalidGeometry
from domain.geometry import regions_from_json


def assess(annotation: Annotation) -> None:
    """Keep the need of work that has just been submitted, in the caller's transaction.

    Where another reading of the scan waits as well, it is the share of the area on which the two
    differ, and is kept for both; else the share that was changed of the pre-label. A decision
    without an outline needs an expert most. Without anything to compare with it is not known.
    """
    head = head_revision(annotation)
    if head is None:
        return
    others = Annotation.objects.filter(
        image=annotation.image_id, state=Annotation.State.SUBMITTED
    ).exclude(pk=annotation.pk)
    other = others.order_by("id").first()
    beside = head_revision(other) if other else None
    need: float | None
    if beside is not None:
        need = 1.0 if head.decision != beside.decision else _share(beside.regions, head.regions)
        Annotation.objects.filter(pk=beside.annotation_id).update(need=need)
    elif head.decision:
        need = 1.0
    else:
        offered = annotation.offered or _shown(annotation)
        need = _share(offered.regions, head.regions) if offered else None
    Annotation.objects.filter(pk=annotation.pk).update(need=need)
    annotation.need = need


def _shown(annotation: Annotation) -> Suggestion | None:
    if annotation.blind:
        return None
    return Suggestion.objects.filter(
        image=annotation.image_id, hidden=False, state=Suggestion.State.CURRENT
    ).first()


def _share(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> float:
    try:
        return changed_share(regions_from_json(before), regions_from_json(after))
    except InvalidGeometry:
        return 1.0
