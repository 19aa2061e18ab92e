"""What becomes of a correction or change that was proposed for a sealed scan."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from annotation.models.proposals import Proposal
from annotation.policies import require_admin
from core.models import User
from core.services import audit
from domain.errors import Conflict, InvalidInput


def decline(proposal: Proposal, actor: User, note: str) -> None:
    """Leave what is sealed as it is, with a reason.

    Raises NotAllowed for all but admins, InvalidInput without a reason, Conflict where it was
    decided.
    """
    require_admin(actor, proposal.locked.image.study)
    if not note.strip():
        raise InvalidInput(f"Say why the {proposal.NOUN} is declined.")
    with transaction.atomic():
        close(proposal, Proposal.State.DECLINED, actor, note.strip())
        record("declined", proposal, actor)


def close(proposal: Proposal, state: str, actor: User, note: str) -> None:
    """Decide on a proposal, in the caller's transaction. Raises Conflict where it was decided."""
    while_open(proposal, state=state, decided_by=actor, decided_at=timezone.now(), note=note[:500])


def while_open(proposal: Proposal, **values: Any) -> None:
    """Give an open proposal these values. Raises Conflict where it is closed."""
    open_ = type(proposal)._default_manager.filter(pk=proposal.pk, state=Proposal.State.PROPOSED)
    if not open_.update(**values):
        raise Conflict(f"This {proposal.NOUN} was decided meanwhile. Look at the result.")
    for name, value in values.items():
        setattr(proposal, name, value)


def record(done: str, proposal: Proposal, actor: User) -> None:
    """Write into the audit trail that a proposal was `done`: proposed, drawn, declined."""
    locked = proposal.locked
    audit.record(
        f"{proposal.NOUN_IN_FULL} {done}",
        actor=actor,
        target=proposal,
        scope=locked.image.study.name,
        image=locked.image_id,
        version=locked.lock.version,
        reason=proposal.reason,
        note=proposal.note,
        **proposal.facts,
    )
