"""Snapshots, runs, evaluations, query rounds and retraining policies."""

from __future__ import annotations

from training.models.evaluation import Evaluation, EvaluationRow
from training.models.query import Pick, QueryRound
from training.models.retraining import RetrainPolicy
from training.models.run import Epoch, Run
from training.models.snapshot import Snapshot

__all__ = [
    "Epoch",
    "Evaluation",
    "EvaluationRow",
    "Pick",
    "QueryRound",
    "RetrainPolicy",
    "Run",
    "Snapshot",
]
