"""A person confirms a candidate on pictures from validation; without that, none is replaced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction

from annotation.policies import can_guide_in, require_member
from core.services import audit
from domain.errors import InvalidInput, NotAllowed, Refused
from training.models import Confirmation
from training.selectors import confirmations, gate_configurations

if TYPE_CHECKING:
    from core.models import User
    from inference.models import ModelVersion

BY_RULE = "by the site's rule, without a person"
FIRST = "the site's first model, promoted where no pictures are shown"
NOT_ASKED = "this version of the gate does not ask for it"
NOTHING_TO_SHOW = "the site has no approved scan of a validation subject"
MAX_REASON = 500


@dataclass(frozen=True)
class OnPictures:
    """The confirmation that a promotion rests on, or in words why it has none."""

    confirmation: Confirmation | None
    unconfirmed: str = ""

    def numbers(self) -> dict[str, Any]:
        """The same, as it stands with the move of a pointer and in the audit trail."""
        by = self.confirmation.actor.get_username() if self.confirmation else None
        return {"confirmed_by": by, "unconfirmed": self.unconfirmed}


def of_promotion(
    model: ModelVersion, purpose: str, actor: User | None, without_pictures: str = ""
) -> OnPictures:
    """What a promotion of the model for a purpose may say about pictures (G6).

    Somebody has confirmed it, or the promotion says why not: the reason that the promoter gives,
    the site's own rule (no actor), a gate configuration that does not ask for it, a site's first
    model for the purpose, no scan to show. Raises Refused for all other models that take another's
    place, and InvalidInput for a reason of more than 500 characters.
    """
    confirmation = confirmations.newest(model, purpose)
    if confirmation is not None:
        return OnPictures(confirmation)
    if len(without_pictures) > MAX_REASON:
        raise InvalidInput(f"Say in {MAX_REASON} characters why nobody looks at the pictures.")
    unconfirmed = without_pictures.strip() or _excuse(model, purpose, actor)
    if not unconfirmed:
        raise Refused(_not_confirmed(model))
    return OnPictures(None, unconfirmed)


def confirm(model: ModelVersion, actor: User, remark: str = "") -> list[Confirmation]:
    """Keep that an expert or admin has looked at the candidate's pictures and agrees.

    One confirmation for each model in whose place it would serve. Raises NotAllowed for others,
    Refused where there is no picture to look at yet.
    """
    study = model.site.study
    require_member(actor, study)
    if not can_guide_in(actor, study):
        raise NotAllowed("An expert or an admin confirms a model.")
    with transaction.atomic():
        return [_confirm(model, one, actor, remark) for one in confirmations.rivals_of(model)]


def _confirm(
    model: ModelVersion, current: ModelVersion | None, actor: User, remark: str
) -> Confirmation:
    images = confirmations.pictures(model, current).image_ids
    if not images:
        raise Refused(
            f"{model.name} has no pictures yet: evaluate it on validation, then look at them."
        )
    audit.record(
        "model confirmed on pictures",
        actor=actor,
        target=model,
        scope=model.site.study.name,
        model=model.name,
        current=current.name if current else None,
        images=images,
        remark=remark,
    )
    return Confirmation.objects.create(
        model=model, current=current, images=images, remark=remark, actor=actor
    )


def _excuse(model: ModelVersion, purpose: str, actor: User | None) -> str:
    """Why a promotion may do without a confirmation though nobody gives a reason, or nothing."""
    if actor is None:
        return BY_RULE
    version = gate_configurations.of_model(model)
    if not gate_configurations.values_of(version).asks_for_confirmation:
        return NOT_ASKED
    if confirmations.rival_of(model, purpose) is None:
        return FIRST
    return "" if confirmations.has_scans_to_show(model.site) else NOTHING_TO_SHOW


def _not_confirmed(model: ModelVersion) -> str:
    return (
        f"{model.name} would take another model's place, and nobody has confirmed it on pictures:"
        " let an expert look at them on the model's page, then promote. To promote it all the"
        " same, say why nobody looks (`--without-pictures REASON`; `without_pictures` in the API):"
        " the reason stays with the decision."
    )
