"""Moving the pointers that say which model serves a site. Each move is appended and audited."""

from __future__ import annotations

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


def move(
    site: Site,
    purpose: str,
    model: ModelVersion,
    *,
    actor: User,
    reason: str = "",
    kind: str = Kind.PROMOTE,
    numbers: dict[str, Any] | None = None,
) -> PointerMove:
    """Let `model` serve the site for `purpose` from now on, in one transaction with its trace.

    `numbers` are those the decision rests on. Raises NotAllowed for all but the study's admins,
    InvalidInput for another site's model, Conflict where the model serves already.
    """
    require_admin(actor, site.study)
    if model.site_id != site.pk:
        raise InvalidInput(f"{model.name} is not a model of the site {site.slug}.")
    with transaction.atomic():
        pointer = Pointer.objects.select_for_update().filter(site=site, purpose=purpose).first()
        previous = pointer.model if pointer else None
        if previous == model:
            raise Conflict(f"{model.name} serves {site.slug} for {purpose} already.")
        Pointer.objects.update_or_create(site=site, purpose=purpose, defaults={"model": model})
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
            target=model,
            scope=site.study.name,
            site=site.slug,
            purpose=purpose,
            model=model.name,
            previous=previous.name if previous else None,
            reason=reason,
            numbers=numbers or {},
        )
        events.publish("model_promoted", site_id=site.pk, purpose=purpose)
    return moved


def rollback(site: Site, actor: User, reason: str) -> list[PointerMove]:
    """Let the models that served before serve again, for every purpose, in one transaction.

    What the model before the last promotion not yet taken back was, serves again; the bad
    version's pre-labels are withdrawn. Raises InvalidInput without a reason, Refused where no
    earlier model ever served.
    """
    require_admin(actor, site.study)
    if not reason.strip():
        raise InvalidInput("Say why the model is rolled back.")
    with transaction.atomic():
        moves = []
        for purpose in Purpose.values:
            current, earlier = served.current_and_earlier(site, purpose)
            if current is None or earlier is None:
                continue
            moves.append(
                move(site, purpose, earlier, actor=actor, reason=reason, kind=Kind.ROLLBACK)
            )
            if purpose == Purpose.PRE_LABEL:
                suggestions.withdraw_version(SOURCE, current.name, scope=site.study.name)
        if not moves:
            raise Refused(f"No earlier model served {site.slug}: there is nothing to go back to.")
    return moves
