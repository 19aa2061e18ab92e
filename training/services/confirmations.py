"""A person confirms a candidate on pictures from validation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from annotation.policies import can_guide_in, require_member
from core.services import audit
from domain.errors import NotAllowed, Refused
from inference.models import Purpose
from inference.selectors.pointers import current_model
from training.models import Confirmation
from training.selectors import confirmations

if TYPE_CHECKING:
    from core.models import User
    from inference.models import ModelVersion


def confirm(model: ModelVersion, actor: User, remark: str = "") -> Confirmation:
    """Keep that an expert or admin has looked at the candidate's pictures and agrees.

    Raises NotAllowed for others, Refused where there is no picture to look at yet.
    """
    study = model.site.study
    require_member(actor, study)
    if not can_guide_in(actor, study):
        raise NotAllowed("An expert or an admin confirms a model.")
    shown = confirmations.pictures(model)
    if not shown.image_ids:
        raise Refused(
            f"{model.name} has no pictures yet: evaluate it on validation, then look at them."
        )
    current = current_model(model.site, Purpose.PRE_LABEL)
    with transaction.atomic():
        confirmation = Confirmation.objects.create(
            model=model,
            current=None if current == model else current,
            images=shown.image_ids,
            remark=remark,
            actor=actor,
        )
        audit.record(
            "model confirmed on pictures",
            actor=actor,
            target=model,
            scope=study.name,
            model=model.name,
            current=current.name if current else None,
            images=shown.image_ids,
            remark=remark,
        )
    return confirmation
