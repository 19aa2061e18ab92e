"""Promoting a model that has proved itself on the locked test set, and going back.

The rule is `domain.gate`: a site's first model must reach the site's floor; a later one must be
better than the current one, subject by subject. Both are judged on the same lock by the same
version of the metrics; stored evaluations are used where they exist, so that the numbers a person
saw are those that decide and no look is spent twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.db import transaction

from annotation.policies import require_admin
from annotation.selectors import locks
from core.services import audit
from domain import gate
from domain.errors import Conflict, Refused
from domain.surface import METRICS_VERSION
from inference.models import PointerMove, Purpose
from inference.selectors.pointers import current_model
from inference.services import pointers
from training.comparing import figures_of
from training.selectors import evaluations
from training.services import evaluation

if TYPE_CHECKING:
    from annotation.models import Lock, Site
    from core.models import User
    from inference.models import ModelVersion
    from training.models import Evaluation

QUANTITY = "dice"


def promote(model: ModelVersion, actor: User, reason: str = "") -> list[PointerMove]:
    """Let the model serve its site for every purpose, if the gate lets it.

    Evaluates the model and the current one on the lock first, where that has not been done (each a
    counted look). Raises NotAllowed for all but admins, Conflict where the model serves already,
    Refused with the numbers where the test set is not locked or the model does not win; the
    refusal is audited too.
    """
    site = model.site
    require_admin(actor, site.study)
    current = current_model(site)
    if current == model:
        raise Conflict(f"{model.name} serves {site.slug} already.")
    decision, numbers = judge(model, current, actor)
    if not decision.promotes:
        audit.record(
            "model not promoted",
            actor=actor,
            target=model,
            scope=site.study.name,
            model=model.name,
            reason=reason,
            numbers=numbers,
        )
        raise Refused(f"{model.name} is not promoted ({decision.verdict}). {decision.reason}")
    with transaction.atomic():
        if current_model(site) != current:
            raise Conflict("Another model was promoted meanwhile: look at it, then try again.")
        return [
            pointers.move(site, purpose, model, actor=actor, reason=reason, numbers=numbers)
            for purpose in Purpose.values
        ]


def rollback(site: Site, actor: User, reason: str) -> list[PointerMove]:
    """Let the model that served before serve again."""
    return pointers.rollback(site, actor, reason)


def judge(
    model: ModelVersion, current: ModelVersion | None, actor: User
) -> tuple[gate.Decision, dict[str, Any]]:
    """The gate's decision about a candidate, and the numbers to keep with it."""
    lock = _lock_of(model.site)
    candidate = _on_lock(model, lock, actor)
    serving = _on_lock(current, lock, actor) if current else None
    decision = decide(candidate, serving)
    numbers = {
        **asdict(decision),
        "quantity": QUANTITY,
        "floor": model.site.dice_floor,
        "lock": lock.digest,
        "lock_version": lock.version,
        "metrics_version": METRICS_VERSION,
        "looks": locks.looks_at(lock),
        "evaluation": candidate.pk,
        "current": current.name if current else None,
        "current_evaluation": serving.pk if serving else None,
    }
    return decision, numbers


def decide(candidate: Evaluation, current: Evaluation | None) -> gate.Decision:
    """The gate on two stored evaluations of the same lock; `current` None: the site's first."""
    figures = figures_of(evaluations.rows_of(candidate))
    if current is None:
        return gate.first_model(figures.dice, candidate.model.site.dice_floor)
    return gate.compare(figures, figures_of(evaluations.rows_of(current)))


def as_json(moves: Sequence[PointerMove]) -> dict[str, Any]:
    """What `promote --json` and `rollback --json` print."""
    first = moves[0]
    return {
        "site": first.site.slug,
        "kind": first.kind,
        "model": first.model.name if first.model else None,
        "previous": first.previous.name if first.previous else None,
        "purposes": [move.purpose for move in moves],
        "reason": first.reason,
        "numbers": first.numbers,
    }


def _lock_of(site: Site) -> Lock:
    lock = locks.current_lock(site)
    if lock is None:
        raise Refused(
            f"The test references of {site.slug} are not locked: seal them first, then promote."
        )
    return lock


def _on_lock(model: ModelVersion, lock: Lock, actor: User) -> Evaluation:
    stored = evaluations.on_lock(model, lock, METRICS_VERSION)
    return stored or evaluation.evaluate(model, evaluation.TEST, actor)
