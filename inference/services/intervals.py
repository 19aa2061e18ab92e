"""The interval of a model's Dice, and what its pre-labels say of themselves because of it."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from annotation.services import suggestions
from domain.conformal import LEVEL
from domain.conformal import DiceInterval as Interval
from inference.models import DiceInterval, ModelVersion

SOURCE = "model"
"""What the pre-labels of this package name as their source."""

UNCHECKED = "no interval: the model has not been tried out of fold yet"


def put(
    model: ModelVersion, interval: Interval | None, *, n_subjects: int, reason: str = ""
) -> DiceInterval:
    """Keep a model's interval, or the `reason` why it has none, and tell its pre-labels."""
    with transaction.atomic():
        kept, _ = DiceInterval.objects.update_or_create(
            model=model, defaults=_fields(interval, n_subjects, reason)
        )
        suggestions.describe_version(
            model.site_id, SOURCE, model.name, lambda payload: {**payload, **_said(kept, payload)}
        )
    return kept


def described(model: ModelVersion, payload: dict[str, Any]) -> dict[str, Any]:
    """A prediction's payload with the interval of its predicted Dice, or why there is none."""
    kept = DiceInterval.objects.filter(model=model).first()
    return {**payload, **_said(kept, payload)}


def _fields(interval: Interval | None, n_subjects: int, reason: str) -> dict[str, Any]:
    if interval is None:
        none = ("low", "high", "shift", "coverage", "expected_low", "expected_high")
        return {**dict.fromkeys(none), "n_subjects": n_subjects, "reason": reason}
    return {
        "low": interval.low,
        "high": interval.high,
        "shift": interval.shift,
        "n_subjects": interval.n_subjects,
        "coverage": interval.coverage,
        "expected_low": interval.expected_range[0],
        "expected_high": interval.expected_range[1],
        "reason": "",
    }


def _said(kept: DiceInterval | None, payload: dict[str, Any]) -> dict[str, Any]:
    predicted = payload.get("predicted_dice")
    if predicted is None:
        note = "no predicted Dice: not every structure was found"
        return {"predicted_dice_interval": None, "predicted_dice_note": note}
    interval = _interval(kept)
    if kept is None or interval is None:
        note = kept.reason if kept else UNCHECKED
        return {"predicted_dice_interval": None, "predicted_dice_note": note}
    value, low, high = (round(one, 4) for one in interval.of(predicted))
    said = {
        "value": value,
        "low": low,
        "high": high,
        "level": float(LEVEL),
        "n_subjects": kept.n_subjects,
        "coverage": kept.coverage,
    }
    return {"predicted_dice_interval": said, "predicted_dice_note": ""}


def _interval(kept: DiceInterval | None) -> Interval | None:
    if kept is None or kept.low is None or kept.high is None or kept.shift is None:
        return None
    expected = (kept.expected_low or 0.0, kept.expected_high or 1.0)
    return Interval(kept.low, kept.high, kept.shift, kept.n_subjects, kept.coverage, expected)
