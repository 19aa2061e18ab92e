"""Model versions, the pointers that say which one serves, and predictions."""

from __future__ import annotations

from inference.models.model_version import ModelVersion
from inference.models.pointer import Pointer, PointerMove, Purpose
from inference.models.prediction import Prediction

__all__ = ["ModelVersion", "Pointer", "PointerMove", "Prediction", "Purpose"]
