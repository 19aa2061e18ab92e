"""Model versions, the pointers that say which one serves, predictions and how good they are."""

from __future__ import annotations

from inference.models.dice_interval import DiceInterval
from inference.models.model_version import ModelVersion
from inference.models.pointer import Pointer, PointerMove, Purpose
from inference.models.prediction import Prediction

__all__ = ["DiceInterval", "ModelVersion", "Pointer", "PointerMove", "Prediction", "Purpose"]
