"""Reading what the gate has decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from training.models import GateDecision

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from inference.models import ModelVersion


def newest(model: ModelVersion, purpose: str) -> GateDecision | None:
    """The newest decision that let a model serve for a purpose."""
    return of_model(model).filter(purpose=purpose, promotes=True).first()


def of_model(model: ModelVersion) -> QuerySet[GateDecision]:
    """All decisions about a model, newest first."""
    return GateDecision.objects.filter(model=model).select_related(
        "actor", "configuration", "confirmation__actor"
    )


def confirmation_in_words(decision: GateDecision) -> str:
    """Whether a person had looked at pictures when the pointer moved; empty where none moved."""
    if decision.confirmation is not None:
        return f"Confirmed on pictures by {decision.confirmation.actor.get_username()}."
    return f"Not confirmed on pictures: {decision.unconfirmed}." if decision.unconfirmed else ""


def as_json(decision: GateDecision) -> dict[str, Any]:
    """A decision as the API gives it."""
    return {
        "purpose": decision.purpose,
        "verdict": decision.verdict,
        "promotes": decision.promotes,
        "at": decision.created_at,
        "by": decision.actor.get_username() if decision.actor else None,
        "look": decision.look,
        "looks": decision.looks,
        "confirmed_by": (
            decision.confirmation.actor.get_username() if decision.confirmation else None
        ),
        "unconfirmed": decision.unconfirmed,
        "numbers": decision.numbers,
    }
