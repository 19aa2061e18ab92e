"""A model from outside, tried in the limited process of `core.sandbox` before anything keeps it.

Imports no Django settings and no database. What it raises as InvalidInput reaches the person.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from domain import phantom
from domain.errors import InvalidInput
from inference.card import read_card
from inference.postprocessing import outline
from inference.runtime import load

DRY_SCANS = ("rectus-femoris", "biceps")
"""Phantom scans on which a model has to give an answer; how good it is, the gate says."""

Found = tuple[dict[str, Any], bytes]


def check(model: bytes, card: dict[str, Any]) -> Iterator[Found]:
    """Check file and card against each other, then predict: yields one answer for the sandbox.

    The answer holds the seconds of the slowest dry prediction. Raises InvalidInput where the card
    is malformed, lies about the file, or a prediction is impossible or has no finite answer.
    """
    checked = read_card(card)
    predictor = load(model, checked, threads=1)
    (subject,) = phantom.cohort(1, seed=1)
    slowest = 0.0
    for site in DRY_SCANS:
        pixels = phantom.scan(subject, site).pixels
        started = time.perf_counter()
        predicted = predictor.predict(pixels)
        if not np.isfinite(predicted.probability).all():
            raise InvalidInput("The model answers a scan with something that is no number.")
        outline(predicted, checked)
        slowest = max(slowest, time.perf_counter() - started)
    yield {"seconds": round(slowest, 3), "labels": list(checked.labels)}, b""
