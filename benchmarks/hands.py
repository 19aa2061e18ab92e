"""Strokes of simulated hands, put in by the editor's rule and by splicing at the first crossing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NODE = Path(sys.executable).with_name("node")
GOALS = {
    "refused": ("refused", "<= 1"),
    "ignored": ("more than 15 % ignored", "<= 2"),
    "spiked": ("ending in a spike", "<= 1"),
    "wrong": ("area more than a tenth off", "<= 1"),
}


def run() -> list[dict[str, Any]]:
    """The share of strokes of each fate, in percent, and of the plain rule beside it."""
    done = subprocess.run(
        [str(NODE), str(HERE / "hands.js")],
        cwd=HERE.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    return [_row(fate, found["editor"], found["firstCrossing"]) for fate in GOALS]


def _row(fate: str, editor: dict[str, int], plain: dict[str, int]) -> dict[str, Any]:
    words, goal = GOALS[fate]
    before = 100 * plain[fate] / plain["strokes"]
    return {
        "name": f"strokes of simulated hands {words}",
        "value": 100 * editor[fate] / editor["strokes"],
        "unit": "%",
        "against": f"{before:.1f} % spliced at the first crossing",
        "target": goal,
        "note": f"{editor['strokes']} strokes, ends 6 to 25 screen px off",
    }
