"""Moving the pointers that say which model serves a site. Each move is appended and audited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.db import transaction

from annotation.policies import require_admin
from annotation.services import suggestions
from core import events
from core.services import audit
from domain.errors import Conflict, InvalidInput, Refused
from inference.models import ModelVersion, Pointer, PointerMove, Purpose
from inference.selectors import pointers as served
from inference.services.intervals import SOURCE

if TYPE_CHECKING:
    from annotation.models import Site
    from core.models import User

Kind = PointerMove.Kind
Stand = tuple[ModelVersion | None, ModelVersion | None]
"""The serving model and the one that a rollback goes back to."""


def move(
    site: Site,
    purpose: str,
    model: ModelVersion | None,
    *,
    actor: User | None,
    reason: str = "",
    kind: str = Kind.PROMOTE,
    numbers: dict[str, Any] | None = None,
) -> PointerMove:
    """Let `model` serve the site for `purpose` from now on, in one transaction with its trace.

    None: no model serves any more. `numbers` are those the decision rests on. Raises NotAllowed
    for all but the study's admins (None is the site's own rule), InvalidInput for another site's
    model, Conflict where the model serves already.
    """
    if actor is not None:
        require_admin(actor, site.study)
    if model is not None and model.site_id != site.pk:
        raise InvalidInput(f"{model.name} is not a model of the site {site.slug}.")
    with transaction.atomic():
        pointer = Pointer.objects.select_for_update().filter(site=site, purpose=purpose).first()
        previous = pointer.model if pointer else None
        if previous == model:
            serving = model.name if model else "No model"
            raise Conflict(f"{serving} serves {site.slug} for {purpose} already.")
        _point(site, purpose, model)
        moved = PointerMove.objects.create(
            site=site,
            purpose=purpose,
            kind=kind,
            previous=previous,
            model=model,
            actor=actor,
            reason=reason,
            numbers=numbers or {},
        )
        audit.record(
            "model rolled back" if kind == Kind.ROLLBACK else "model promoted",
            actor=actor,
            target=model or previous or site,
            scope=site.study.name,
            site=site.slug,
            purpose=purpose,
            model=model.name if model else None,
            previous=previous.name if previous else None,
            reason=reason,
            numbers=numbers or {},
        )
        events.publish("model_promoted", site_id=site.pk, purpose=purpose)
    return moved


def rollback(
    site: Site, actor: User, reason: str, purposes: Sequence[str] | None = None
) -> list[PointerMove]:
    """Take a promotion back, in one transaction: what served before serves again, or nothing does.

    By default the model promoted last is taken back for all that it serves; `purposes` says for
    which pointers instead. Its untouched pre-labels are withdrawn, and the scans wait for the model
    that serves again. Raises InvalidInput without a reason, Refused where no model serves.
    """
    require_admin(actor, site.study)
    if not reason.strip():
        raise InvalidInput("Say why the model is rolled back.")
    with transaction.atomic():
        stands = {purpose: served.current_and_earlier(site, purpose) for purpose in Purpose.values}
        chosen = _promoted_last(site, stands) if purposes is None else purposes
        moves = [
            _take_back(site, purpose, *stands[purpose], actor, reason)
            for purpose in Purpose.values
            if purpose in chosen and stands[purpose][0] is not None
        ]
        if not moves:
            raise Refused(f"No model serves {site.slug}: there is nothing to go back from.")
    return moves


def _promoted_last(site: Site, stands: Mapping[str, Stand]) -> list[str]:
    """The purposes that the model promoted last serves."""
    for moved in PointerMove.objects.filter(site=site, kind=Kind.PROMOTE).order_by("-id"):
        serves = [
            purpose
            for purpose, (current, _) in stands.items()
            if current is not None and current.pk == moved.model_id
        ]
        if moved.purpose in serves:
            return serves
    return []


def _take_back(
    site: Site,
    purpose: str,
    current: ModelVersion | None,
    earlier: ModelVersion | None,
    actor: User,
    reason: str,
) -> PointerMove:
    moved = move(site, purpose, earlier, actor=actor, reason=reason, kind=Kind.ROLLBACK)
    if purpose == Purpose.PRE_LABEL and current is not None:
        suggestions.withdraw_version(site.pk, SOURCE, current.name, scope=site.study.name)
    return moved


def _point(site: Site, purpose: str, model: ModelVersion | None) -> None:
    if model is None:
        Pointer.objects.filter(site=site, purpose=purpose).delete()
    else:
        Pointer.objects.update_or_create(site=site, purpose=purpose, defaults={"model": model})
