"""What a training process writes down: epochs as they come, and the model at the end.

Call both inside the fenced transaction of the attempt (`JobContext.publish`).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from inference.services import registry
from training.models import Epoch, Run

if TYPE_CHECKING:
    from inference.models import ModelVersion
    from training.backends.contract import EpochRow


def put_epoch(run: Run, member: int, row: EpochRow) -> None:
    """Write an epoch of a member, or write it again where a resumed attempt repeats it."""
    values = asdict(row)
    number = values.pop("number")
    Epoch.objects.update_or_create(run=run, member=member, number=number, defaults=values)


def register(run: Run, onnx: bytes, card: dict[str, Any], best_dice: float) -> ModelVersion:
    """Register the run's model and point the run at it."""
    model = registry.register(
        run.site, onnx, card, run_label=f"run {run.pk}", actor=run.job.requested_by
    )
    run.model, run.best_validation_dice = model, best_dice
    run.save(update_fields=["model", "best_validation_dice"])
    return model
