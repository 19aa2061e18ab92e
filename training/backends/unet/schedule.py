"""The learning rate of an epoch: a function of the settings and of what lies behind, no state."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from training.backends.unet.loop import Progress
    from training.backends.unet.settings import UNetSettings

CONSTANT, POLYNOMIAL, COSINE, PLATEAU = "constant", "polynomial", "cosine", "plateau"
SCHEDULES = (CONSTANT, POLYNOMIAL, COSINE, PLATEAU)
POWER = 0.9  # of the polynomial, as nnU-Net and DeepLab
SHARE_OF_PATIENCE = 0.25


def learning_rate(settings: UNetSettings, progress: Progress) -> float:
    """The rate of the epoch that comes next, from `progress.epoch` of `max_epochs` done.

    constant: as set; polynomial: x (1 - done) ** 0.9; cosine: half a cosine down to 0; plateau: as
    set, halved for each time that `is_plateau` said so.
    """
    done = progress.epoch / settings.max_epochs
    match settings.schedule:
        case "polynomial":
            return float(settings.learning_rate * (1 - done) ** POWER)
        case "cosine":
            return settings.learning_rate * (1 + math.cos(math.pi * done)) / 2
        case "plateau":
            return float(settings.learning_rate * 0.5**progress.halvings)
        case _:
            return settings.learning_rate


def is_plateau(settings: UNetSettings, progress: Progress) -> bool:
    """Whether a quarter of the patience has passed since the best epoch and the last halving."""
    waited = progress.epoch - max(progress.best_epoch, progress.halved_at)
    return waited >= max(1, math.floor(SHARE_OF_PATIENCE * settings.patience))
