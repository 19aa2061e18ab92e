"""Promoting a model for what it has proved, and going back.

Two pointers, two proofs (`training.services.judging`): pre-labels need the development gate,
measurement the locked one. A look at the lock is spent only by a model that has passed the former,
and stored evaluations are used where they exist, so that the numbers a person saw are those that
decide and no look is spent twice. Each decision is kept, whatever it says. A person's confirmation
on pictures comes last for pre-labels, and before a look is spent for measurement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction

from annotation.policies import require_admin
from annotation.selectors import locks
from core.services import audit
from domain.errors import Conflict, InvalidInput, MyotraceError, Refused
from inference.models import PointerMove, Purpose
from inference.selectors.pointers import current_model
from inference.selectors.versions import newest_of_site
from inference.services import pointers
from training.models import RetrainPolicy
from training.selectors import evaluations
from training.services import confirmations, evaluation, judging, repeating
from training.services.judging import decide_measurement, decide_pre_label

if TYPE_CHECKING:
    from annotation.models import Lock, Site
    from core.models import User
    from inference.models import ModelVersion

__all__ = [
    "PURPOSES", "Outcome", "as_json", "decide_measurement", "decide_pre_label", "promote",
    "promote_by_rule", "rollback",
]  # fmt: skip

PURPOSES = (Purpose.PRE_LABEL, Purpose.MEASUREMENT)
BY_RULE = "passed the development gate; the site's rule lets such a model make pre-labels"


@dataclass(frozen=True)
class Outcome:
    """What a promotion moved, and what it was refused, purpose by purpose, in words."""

    moves: tuple[PointerMove, ...]
    refused: dict[str, str]


def promote(
    model: ModelVersion,
    actor: User | None,
    reason: str = "",
    purposes: Sequence[str] = PURPOSES,
    *,
    without_pictures: str = "",
) -> Outcome:
    """Let the model serve its site for as many of these purposes as it has proved.

    Evaluates what is missing first: a site's first model on validation, and on the lock (counted
    looks) a model that may make pre-labels. `without_pictures`: why it takes another's place though
    nobody has confirmed it on pictures (`confirmations.of_promotion`). Raises NotAllowed for all
    but admins (None is the site's own rule), Conflict where the model serves for all of them
    already, Refused with the numbers where nothing was moved.
    """
    site = model.site
    if actor is not None:
        require_admin(actor, site.study)
    wanted = [one for one in PURPOSES if one in _checked(purposes)]
    open_ones = [one for one in wanted if current_model(site, one) != model]
    if not open_ones:
        raise Conflict(f"{model.name} serves {site.slug} for {' and '.join(wanted)} already.")
    moves, refused = [], {}
    for purpose in open_ones:
        try:
            moves.append(_promote_for(purpose, model, actor, reason, without_pictures))
        except Refused as refusal:
            refused[str(purpose)] = str(refusal)
    if not moves:
        raise Refused(_in_words(model, refused))
    return Outcome(tuple(moves), refused)


def promote_by_rule(evaluated: ModelVersion) -> Outcome | None:
    """Promote for pre-labels without a person, where the site's rule says so and the gate agrees.

    `evaluated` is the model whose figures have just come; where those are of the model that
    serves, its newest rival may be judged now. None where there is no such rule, or where nothing
    was moved.
    """
    site = evaluated.site
    if not RetrainPolicy.objects.filter(site=site, promotes=True).exists():
        return None
    serves = current_model(site, Purpose.PRE_LABEL) == evaluated
    candidate = newest_of_site(site) if serves else evaluated
    try:
        return promote(candidate, None, BY_RULE, [Purpose.PRE_LABEL])
    except MyotraceError:
        return None


def rollback(
    site: Site, actor: User, reason: str, purposes: Sequence[str] | None = None
) -> list[PointerMove]:
    """Take the last promotion back: what served before serves again, or nothing does."""
    return pointers.rollback(site, actor, reason, None if purposes is None else _checked(purposes))


def as_json(moves: Sequence[PointerMove], refused: dict[str, str] | None = None) -> dict[str, Any]:
    """What `promote --json` and `rollback --json` print; numbers are the strongest proof's."""
    last = moves[-1]
    return {
        "site": last.site.slug,
        "kind": last.kind,
        "model": last.model.name if last.model else None,
        "previous": last.previous.name if last.previous else None,
        "purposes": [move.purpose for move in moves],
        "reason": last.reason,
        "numbers": last.numbers,
        "decisions": {move.purpose: move.numbers for move in moves},
        "confirmed_by": last.numbers.get("confirmed_by"),
        "unconfirmed": last.numbers.get("unconfirmed", ""),
        "refused": refused or {},
    }


def _checked(purposes: Sequence[str]) -> Sequence[str]:
    unknown = sorted(set(purposes) - set(Purpose.values))
    if unknown or not purposes:
        raise InvalidInput(f"A model serves for {' or '.join(Purpose.values)}.")
    return purposes


def _promote_for(
    purpose: str, model: ModelVersion, actor: User | None, reason: str, without_pictures: str
) -> PointerMove:
    judgement = _repeated(_judge(purpose, model, actor, without_pictures), actor)
    if not judgement.decision.promotes:
        judging.keep(judgement, actor)
        _record_refusal(judgement, actor, reason)
        raise Refused(f"{judgement.decision.verdict}. {judgement.decision.reason}")
    try:
        pictures = confirmations.of_promotion(model, purpose, actor, without_pictures)
    except Refused:
        _record_refusal(judgement, actor, reason)
        raise
    numbers = {**judgement.numbers(), **pictures.numbers()}
    with transaction.atomic():
        if current_model(model.site, purpose) != judgement.current:
            raise Conflict("Another model was promoted meanwhile: look at it, then try again.")
        judging.keep(judgement, actor, pictures)
        return pointers.move(
            model.site, purpose, model, actor=actor, reason=reason, numbers=numbers
        )


def _record_refusal(judgement: judging.Judgement, actor: User | None, reason: str) -> None:
    model = judgement.model
    audit.record(
        "model not promoted",
        actor=actor,
        target=model,
        scope=model.site.study.name,
        model=model.name,
        purpose=judgement.purpose,
        reason=reason,
        numbers=judgement.numbers(),
    )


def _judge(
    purpose: str, model: ModelVersion, actor: User | None, without_pictures: str
) -> judging.Judgement:
    if purpose == Purpose.PRE_LABEL:
        _see_validation(model, actor)
        return decide_pre_label(model)
    lock = _lock_of(model.site)
    _refuse_unearned_look(model, actor)
    confirmations.of_promotion(model, purpose, actor, without_pictures)
    current = current_model(model.site, Purpose.MEASUREMENT)
    _look(lock, [one for one in (model, current) if one is not None], actor)
    return decide_measurement(model)


def _repeated(judgement: judging.Judgement, actor: User | None) -> judging.Judgement:
    """The judgement after some scans were read again, where it would move a pointer."""
    if not judgement.decision.promotes:
        return judgement
    decide = {Purpose.PRE_LABEL: decide_pre_label, Purpose.MEASUREMENT: decide_measurement}
    facts = repeating.facts_of(judgement, actor)
    return decide[Purpose(judgement.purpose)](judgement.model, facts)


def _see_validation(model: ModelVersion, actor: User | None) -> None:
    """A site's first model is judged on validation: evaluate it there unless that was done."""
    is_first = current_model(model.site, Purpose.PRE_LABEL) is None
    if is_first and evaluations.standing(model, evaluations.VALIDATION) is None:
        evaluation.evaluate(model, evaluations.VALIDATION, actor)


def _refuse_unearned_look(model: ModelVersion, actor: User | None) -> None:
    """A look is for a model that makes pre-labels already, or might."""
    if current_model(model.site, Purpose.PRE_LABEL) == model:
        return
    _see_validation(model, actor)
    decision = decide_pre_label(model).decision
    if not decision.promotes:
        raise Refused(
            f"No look at the locked test set is spent on a model that may not even make "
            f"pre-labels ({decision.verdict})."
        )


def _look(lock: Lock, models: Sequence[ModelVersion], actor: User | None) -> None:
    """Evaluate on the lock whoever was not yet, if its budget allows all of that."""
    unseen = [one for one in models if evaluations.on_lock(one, lock) is None]
    left = locks.looks_left(lock)
    if len(unseen) > left:
        raise Refused(
            f"It takes {len(unseen)} look{'s' if len(unseen) != 1 else ''} at version"
            f" {lock.version} of the locked test set, and {left or 'none'} of {lock.look_budget}"
            f" {'is' if left == 1 else 'are'} left. Models go on serving; to claim more, seal a"
            " lock with fresh subjects."
        )
    for one in unseen:
        evaluation.evaluate(one, evaluations.TEST, actor)


def _lock_of(site: Site) -> Lock:
    lock = locks.current_lock(site)
    if lock is None:
        raise Refused(
            f"The test references of {site.slug} are not locked: seal them first, then promote."
        )
    return lock


def _in_words(model: ModelVersion, refused: dict[str, str]) -> str:
    purposes: dict[str, list[str]] = {}
    for purpose, said in refused.items():
        purposes.setdefault(said, []).append(purpose)
    reasons = " ".join(f"For {' and '.join(names)}: {said}" for said, names in purposes.items())
    return f"{model.name} is not promoted. {reasons}"
