"""What the pages of runs show: lines of the list, curves, progress in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.timesince import timesince

from core import plots
from core.models import Job
from training.models import Epoch, Run
from training.services import turns

STATE_CLASSES = {Job.State.DONE: "good", Job.State.FAILED: "bad", Job.State.LOST: "warn"}
WORST_GUESS_SHARE = 0.05
"""Below this share done, the time still to go is not guessed."""

LOG_LINES = 30


@dataclass(frozen=True)
class RunLine:
    """A run as people read it."""

    run: Run
    state: str
    state_class: str
    percent: int | None
    how_far: str
    best_dice: float | None


def line_of(run: Run, best_dice: float | None = None) -> RunLine:
    """A run in words; `best_dice` of the epochs so far."""
    job = run.job
    running = job.state == Job.State.RUNNING
    return RunLine(
        run=run,
        state="taken up again" if job.state == Job.State.LOST else job.state,
        state_class=STATE_CLASSES.get(Job.State(job.state), ""),
        percent=round(100 * job.progress) if running and job.progress else None,
        how_far=_how_far(job),
        best_dice=run.best_validation_dice if run.best_validation_dice is not None else best_dice,
    )


def curves(epochs: Sequence[Epoch]) -> list[plots.Figure]:
    """Validation Dice and both losses over the epochs."""
    return [
        plots.curves(
            "validation-dice",
            "Validation Dice, mean over subjects",
            _series("validation Dice", epochs, "validation_dice"),
            y_label="Dice",
            y_range=(0.0, 1.0),
        ),
        plots.curves(
            "loss",
            "Loss",
            [
                *_series("training", epochs, "train_loss"),
                *_series("validation", epochs, "validation_loss"),
            ],
            y_label="Dice + cross-entropy",
        ),
    ]


def log_tail(job: Job) -> str:
    """The last lines of a job's log."""
    return "\n".join(job.log.splitlines()[-LOG_LINES:])


def settings_rows(run: Run, described: Sequence[dict[str, Any]]) -> list[tuple[str, Any, str]]:
    """Name, value and meaning of each setting of a run."""
    meanings = {entry["name"]: entry["help"] for entry in described}
    return [(name, value, meanings.get(name, "")) for name, value in run.settings.items()]


def _series(name: str, epochs: Sequence[Epoch], field: str) -> list[plots.Series]:
    """One line for each member of the run."""
    members = sorted({epoch.member for epoch in epochs}) or [1]
    return [
        plots.Series(
            f"{name}, member {member}" if len(members) > 1 else name,
            [
                (epoch.number, getattr(epoch, field))
                for epoch in epochs
                if epoch.member == member and getattr(epoch, field) is not None
            ],
        )
        for member in members
    ]


def _waits(job: Job) -> str:
    place = turns.place_of(job)
    return "waits for a device" if place is None else f"waits for a device, place {place}"


def _how_far(job: Job) -> str:
    if job.state != Job.State.RUNNING:
        return _waits(job) if job.is_active else ""
    if job.cancel_requested:
        return "stopping"
    parts = [job.message] if job.message else []
    if job.started_at and WORST_GUESS_SHARE <= job.progress < 1:
        passed = timezone.now() - job.started_at
        rest = passed * (1 - job.progress) / job.progress
        parts.append(f"at most {timesince(timezone.now() - rest, depth=1)} left")
    return ", ".join(parts)
