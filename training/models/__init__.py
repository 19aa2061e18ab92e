"""Snapshots, runs, evaluations, gate decisions, query rounds and retraining policies."""

from __future__ import annotations

from training.models.device_lease import DeviceLease
from training.models.drift_report import DriftReport
from training.models.evaluation import Evaluation, EvaluationRow
from training.models.gate import (
    Confirmation,
    GateConfigurationVersion,
    GateDecision,
    PictureOpening,
)
from training.models.query import Pick, QueryRound
from training.models.replay import Replay
from training.models.retraining import RetrainPolicy
from training.models.run import Epoch, Run
from training.models.shadow import ShadowComparison, ShadowReading
from training.models.snapshot import Snapshot

__all__ = [
    "Confirmation",
    "DeviceLease",
    "DriftReport",
    "Epoch",
    "Evaluation",
    "EvaluationRow",
    "GateConfigurationVersion",
    "GateDecision",
    "Pick",
    "PictureOpening",
    "QueryRound",
    "Replay",
    "RetrainPolicy",
    "Run",
    "ShadowComparison",
    "ShadowReading",
    "Snapshot",
]
