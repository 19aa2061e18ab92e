"""What the gate lets through that is no better, and how long its calculator takes."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.gate import Figures, GateConfiguration, compare
from domain.power import ErrorSpread, Spreads, gate_power, plan

SUBJECTS, LOCKS, LOOKS = 19, 20, 10
PAIRS = 400


def run() -> list[dict[str, Any]]:
    """Equal candidates promoted by the whole gate, by means alone, and the planner's seconds."""
    candidates, alpha = LOCKS * LOOKS, GateConfiguration().alpha
    return [
        {
            "name": f"equal candidates promoted by the gate, of {candidates}",
            "value": equal_candidates_promoted(),
            "unit": "models",
            "against": "alpha of them",
            "target": alpha * candidates,
            "note": f"{LOCKS} locks of {SUBJECTS} subjects, {LOOKS} looks each",
        },
        {
            "name": "equal candidates ahead by their mean alone",
            "value": ahead_by_chance(),
            "unit": "share",
            "against": "the gate",
            "target": None,
            "note": f"{PAIRS} pairs of {SUBJECTS} subjects",
        },
        {
            "name": "study planner, seven sizes of a lock, all rules",
            "value": planning_seconds(),
            "unit": "s",
            "against": "a page",
            "target": 0.5,
            "note": "nothing remembered",
        },
    ]


def equal_candidates_promoted() -> int:
    """How many of LOCKS * LOOKS candidates, none of them better, the whole gate lets through."""
    generator = np.random.default_rng(20)
    configuration = GateConfiguration(looks=LOOKS, replicates=2000)
    return sum(
        compare(*_equal_pair(generator), configuration).promotes for _ in range(LOCKS * LOOKS)
    )


def ahead_by_chance() -> float:
    """The share of equal candidates whose mean Dice is above the current model's."""
    generator = np.random.default_rng(21)
    pairs = (_equal_pair(generator) for _ in range(PAIRS))
    ahead = [sum(one.dice.values()) > sum(other.dice.values()) for one, other in pairs]
    return sum(ahead) / PAIRS


def planning_seconds() -> float:
    """Seconds that the planner's page computes the first time."""
    spreads = Spreads(0.03, hd95=0.6, csa=ErrorSpread(6, 4, 3), mt=ErrorSpread(5, 3.5, 3))
    gate_power.cache_clear()
    begun = time.perf_counter()
    plan((8, 12, 19, 30, 40, 60, 94), spreads, GateConfiguration(), csa_sd=6.0, icc=0.9)
    return time.perf_counter() - begun


def _equal_pair(generator: np.random.Generator) -> tuple[Figures, Figures]:
    """Two models of the same truth, each quantity with noise of its own, heavy tails in Dice."""
    shared = generator.normal(0, 1, SUBJECTS)
    return _figures(generator, shared), _figures(generator, shared)


def _figures(generator: np.random.Generator, shared: NDArray[np.float64]) -> Figures:
    size = shared.size
    csa = 5 * shared + generator.normal(0, 2, size)
    return Figures(
        dice=_by_subject(0.85 + 0.05 * shared + 0.015 * generator.standard_t(4, size)),
        hd95_mm=_by_subject(2.0 + generator.normal(0, 0.4, size)),
        errors={"csa_error_percent": _by_subject(csa)},
        absolute_errors={"csa_error_percent": _by_subject(np.abs(csa))},
    )


def _by_subject(values: NDArray[np.float64]) -> dict[str, float]:
    return {f"s{index:03}": float(value) for index, value in enumerate(values)}
