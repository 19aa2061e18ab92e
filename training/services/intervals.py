"""From out-of-fold evaluations to the interval of a model's predicted Dice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from statistics import fmean
from typing import TYPE_CHECKING

from domain import conformal, uncertainty
from inference.services import intervals
from training.scoring import PREDICTED_DICE
from training.selectors import evaluations
from training.selectors.evaluations import DEVELOPMENT, OUT_OF_FOLD

if TYPE_CHECKING:
    from inference.models import DiceInterval
    from training import summarising
    from training.models import Evaluation

NOT_OUT_OF_FOLD = "no interval: nobody knows which of these subjects the model has learnt from"


def calibrate(evaluation: Evaluation) -> DiceInterval | None:
    """Make the interval of the evaluated model; None for what calibrates nothing.

    Only a development evaluation does, and it gives an interval only where each subject was
    outlined by a network that had not learnt from it.
    """
    if evaluation.partition != DEVELOPMENT:
        return None
    model = evaluation.model
    if evaluation.summary.get("how") != OUT_OF_FOLD:
        return intervals.put(model, None, n_subjects=0, reason=NOT_OUT_OF_FOLD)
    outcomes = outcomes_of(evaluations.rows_of(evaluation))
    subjects = len({one.subject for one in outcomes})
    found = conformal.interval(outcomes)
    reason = f"no interval below {conformal.MINIMUM_SUBJECTS} subjects ({subjects} so far)"
    return intervals.put(model, found, n_subjects=subjects, reason=reason)


def calibrate_evaluated(*, evaluation_id: int) -> None:
    """A model was evaluated: perhaps its interval can be made."""
    calibrate(evaluations.with_id(evaluation_id))


def outcomes_of(rows: Iterable[summarising.Row]) -> list[conformal.Outcome]:
    """Predicted and true Dice of each image, means over its labels.

    An image on which a structure was not found has no predicted Dice and is left out: such a
    pre-label gets no interval either.
    """
    by_image: defaultdict[tuple[str, int], list[summarising.Row]] = defaultdict(list)
    for row in rows:
        by_image[row.subject, row.image_id].append(row)
    outcomes = []
    for (subject, image_id), own in by_image.items():
        predicted = uncertainty.mean_expected_dice([row.values.get(PREDICTED_DICE) for row in own])
        if predicted is not None:
            true = fmean(row.values["dice"] or 0.0 for row in own)
            outcomes.append(conformal.Outcome(subject, str(image_id), predicted, true))
    return outcomes
