"""The model that served before reads the next corrected scans too, unseen.

Its outlines are kept as predictions and offered to nobody. The scans were corrected from the new
model's pre-label, which pulls the approved outline towards it: a difference against the new model
is therefore the stronger sign, and the only one that anything is proposed on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotation.selectors import images, prelabels, references
from core.services import jobs
from domain.geometry import regions_from_json
from inference.models import PointerMove, Purpose
from inference.services import prediction
from training.models import RetrainPolicy, ShadowComparison
from training.scoring import mean_dice
from training.selectors import shadow
from training.services.evaluation import protocol_of

if TYPE_CHECKING:
    from annotation.models import Site
    from core.jobs import JobContext

KIND = "shadow-reading"
SCANS = 20
"""Wanted where the site's rule says nothing else."""


def begin(site_id: int) -> ShadowComparison | None:
    """Compare the model just promoted for pre-labels with the one that it replaced, if any."""
    move = (
        PointerMove.objects.filter(site=site_id, purpose=Purpose.PRE_LABEL)
        .select_related("site", "model", "previous")
        .first()
    )
    if move is None or move.kind != PointerMove.Kind.PROMOTE:
        return None
    wanted = _wanted(move.site)
    if move.model is None or move.previous is None or wanted == 0:
        return None
    return ShadowComparison.objects.create(
        site=move.site, model=move.model, previous=move.previous, wanted=wanted
    )


def submit(site_id: int, image_id: int) -> None:
    """Queue the reading of a scan just approved, if it began with the compared pre-label."""
    comparison = shadow.going_on(site_id)
    if comparison is None or prelabels.offered_by(comparison.model.name, image_id) is None:
        return
    if comparison.readings.filter(image=image_id).exists():
        return
    jobs.submit(
        KIND,
        {"comparison": comparison.pk, "image": image_id},
        scope=comparison.site.study.name,
    )


def run(context: JobContext) -> dict[str, Any]:
    """The job: Dice of both models' outlines with the approved one, on one scan."""
    comparison = shadow.with_id(context.params["comparison"])
    image_id = context.params["image"]
    offered = prelabels.offered_by(comparison.model.name, image_id)
    (truth,) = references.items_of(
        references.current_rows(comparison.site).filter(image=image_id)
    ) or (None,)
    if truth is None or offered is None:
        return {"read": 0}
    before = prediction.of_image(comparison.previous, images.with_id(image_id))
    labels = protocol_of(comparison.site).labels
    approved = regions_from_json(truth.regions)
    shape = (truth.height, truth.width)
    with context.publish():
        comparison.readings.get_or_create(
            image_id=image_id,
            defaults={
                "subject_code": truth.subject_code,
                "dice": mean_dice(regions_from_json(offered), approved, labels, shape),
                "previous_dice": mean_dice(
                    regions_from_json(before.regions), approved, labels, shape
                ),
            },
        )
    return {"read": 1}


def _wanted(site: Site) -> int:
    policy = RetrainPolicy.objects.filter(site=site).first()
    return SCANS if policy is None else policy.shadow_scans
