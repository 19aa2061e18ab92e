"""Evaluating some scans again: a decision rests only on numbers that come out the same (G0).

When a pointer is about to move, one scan each of up to five subjects is read again by both models
and measured again against its reference; every quantity must be exactly the one that was kept. The
networks of a cross-validation are not kept, so that the models' own validation scans are read
again in place of its rows.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from annotation.selectors import measured_frames, references
from annotation.services import lock as locks
from domain.errors import Refused
from domain.gate import Fact
from training import sweeps
from training.scoring import OVERLAP, QUANTITIES
from training.selectors import evaluations
from training.selectors.evaluations import OUT_OF_FOLD, VALIDATION
from training.services import evaluation as evaluating

if TYPE_CHECKING:
    from annotation.selectors.references import ReferenceItem
    from core.models import User
    from training.models import Evaluation
    from training.services.judging import Judgement
    from training.summarising import Row

SUBJECTS = 5
"""Of each evaluation: ten predictions a decision, seconds on two CPU cores."""

NOT_KEPT = "the networks of its folds are not kept, and it has no validation scan to read again"


def facts_of(judgement: Judgement, actor: User | None) -> list[Fact]:
    """What came of reading some scans again, a fact for each evaluation of the judgement."""
    rested_on = [judgement.evaluation, judgement.current_evaluation]
    repeatable = [_repeatable(one) for one in rested_on if one is not None]
    try:
        items = _items(judgement, actor)
    except Refused as refusal:
        return [Fact("The lock is as it was sealed", False, str(refusal))]
    return [_fact(one, items) for one in repeatable]


def difference(
    kept: Sequence[Row], again: Sequence[Row], quantities: Sequence[str] = QUANTITIES
) -> str:
    """The first value that is not exactly the kept one, in words; empty where all are."""
    found = {(row.image_id, row.label): row for row in again}
    for row in kept:
        other = found.get((row.image_id, row.label))
        where = f"{row.label} on scan {row.image_id} of {row.subject}"
        if other is None:
            return f"{where} has no row any more"
        if row.failure != other.failure:
            return f"{where} is {'no' if row.failure else 'a'} failure now"
        for quantity in quantities:
            before, now = row.values.get(quantity), other.values.get(quantity)
            if before != now:
                return f"{where}: {quantity} was {before}, and is {now} now; evaluate it again"
    return ""


def _repeatable(evaluation: Evaluation) -> Evaluation:
    """The evaluation itself or, where its networks are gone, the model's own on validation."""
    if evaluation.summary.get("how") != OUT_OF_FOLD:
        return evaluation
    return evaluations.newest(evaluation.model, VALIDATION) or evaluation


def _items(judgement: Judgement, actor: User | None) -> Mapping[int, ReferenceItem]:
    """What the judgement's scans are measured against, by image."""
    if judgement.lock is not None:
        purpose = f"see that evaluating {judgement.model.name} again gives the same"
        opened = locks.reopen_references(judgement.lock, actor, purpose)
    else:
        opened = references.development(judgement.model.site)
    return {item.image_id: item for item in opened if item.selected}


def _fact(evaluation: Evaluation, items: Mapping[int, ReferenceItem]) -> Fact:
    title = f"Read again, {evaluation.model.name} gives the same rows"
    if evaluation.summary.get("how") == OUT_OF_FOLD:
        return Fact(title, True, NOT_KEPT)
    kept = _as_they_were(evaluations.rows_of(evaluation), evaluation, items)
    images = _sample(kept, seed=evaluation.pk)
    if not images:
        return Fact(title, True, "none of its scans has the reference that it had then")
    again = evaluating.rows_of_model(
        evaluation.model,
        evaluating.selected(items[image] for image in images),
        sweeps.measured_on(items.values(), evaluating.protocol_of(evaluation.model.site)),
        keep=False,
        progress=lambda fraction, message: None,
    )
    by_now = evaluations.is_by_metrics_of_now(evaluation)
    found = difference(
        [row for row in kept if row.image_id in images], again, QUANTITIES if by_now else OVERLAP
    )
    compared = f"{len(images)} scan{'s' if len(images) > 1 else ''}"
    if not by_now:
        compared += f"; CSA and MT by {evaluation.metrics_version} are not compared"
    return Fact(title, not found, found or compared)


def _as_they_were(
    rows: Sequence[Row], evaluation: Evaluation, items: Mapping[int, ReferenceItem]
) -> list[Row]:
    """The rows whose references are those that they were measured against.

    Of a sweep all of its frames: another outline on one of them may be where it is measured.
    """
    places = measured_frames.places_of({row.image_id for row in rows} | set(items))
    evaluated = {row.image_id for row in rows}
    changed = {
        places[image][0]
        for image in places
        if (item := items.get(image)) is None
        or item.accepted_at > evaluation.created_at
        or image not in evaluated
    }
    return [
        row for row in rows if row.image_id in places and places[row.image_id][0] not in changed
    ]


def _sample(rows: Sequence[Row], seed: int) -> list[int]:
    """One image each of up to `SUBJECTS` subjects, by chance, the same for the same seed."""
    by_subject: dict[str, list[int]] = {}
    for row in rows:
        by_subject.setdefault(row.subject, []).append(row.image_id)
    chance = random.Random(seed)
    chosen = chance.sample(sorted(by_subject), min(SUBJECTS, len(by_subject)))
    return [chance.choice(sorted(set(by_subject[subject]))) for subject in chosen]
