"""Seeded random gestures in the real editor, judged by shapely as the server would see them."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from shapely import Polygon

from domain.geometry import region_from_json
from tests.e2e.editor_window import EditorWindow, Point

ROUND = 12
"""Gestures from one start; then all is undone, which must bring the start back."""
FOUR = [
    {"label": label, "cut": [], "parts": [[[[x, y], [x + 90, y], [x + 90, y + 90], [x, y + 90]]]]}
    for label, x, y in [("A", 100, 100), ("B", 190, 100), ("C", 100, 190), ("D", 190, 190)]
]
NUMBERS = "1234"


@dataclass
class Verdict:
    """The worst of all gestures."""

    gestures: int = 0
    changes: int = 0
    overlap_px2: float = 0.0
    area_error: float = 0.0
    invalid: int = 0
    bad_undo: int = 0
    of: dict[str, int] = field(default_factory=dict)


def judge(window: EditorWindow, seed: int, count: int) -> Verdict:
    """`count` gestures by a seed, on what the window shows at first."""
    chance = random.Random(seed)
    verdict = Verdict()
    start = window.regions
    while verdict.gestures < count:
        changes = 0
        before = start
        for _ in range(min(ROUND, count - verdict.gestures)):
            name = _gesture(window, chance)
            verdict.gestures += 1
            after = window.regions
            if after == before:
                continue
            changes += 1
            verdict.of[name] = verdict.of.get(name, 0) + 1
            _look(verdict, after)
            before = after
        verdict.changes += changes
        _undo_all(window, verdict, start)
    return verdict


def _undo_all(window: EditorWindow, verdict: Verdict, start: list[dict[str, Any]]) -> None:
    """Some gestures are two changes; undoing what is not there does nothing."""
    window.press("Escape", *["Control+z"] * (2 * ROUND))
    verdict.bad_undo += window.regions != start


def _look(verdict: Verdict, regions: list[dict[str, Any]]) -> None:
    shapes = [(one["label"], region_from_json(one).shape) for one in regions]
    for one, (_, shape) in zip(regions, shapes, strict=True):
        drawn = [Polygon(rings[0], rings[1:]) for rings in one["parts"]]
        verdict.invalid += not shape.is_valid
        ours = sum(part.area for part in drawn)
        verdict.area_error = max(verdict.area_error, abs(ours - shape.area) / shape.area)
    for (label, first), (other, second) in itertools.combinations(shapes, 2):
        if label != other:
            common = first.intersection(second).area
            verdict.overlap_px2 = max(verdict.overlap_px2, common)


def _gesture(window: EditorWindow, chance: random.Random) -> str:
    window.press("Escape", chance.choice(NUMBERS))
    name, make = chance.choice(GESTURES)
    make(window, chance)
    return name


def _somewhere(chance: random.Random) -> Point:
    return chance.uniform(85, 295), chance.uniform(85, 295)


def _walk(chance: random.Random, steps: int, stride: float) -> Iterator[Point]:
    x, y = _somewhere(chance)
    heading = chance.uniform(0, 2 * math.pi)
    for _ in range(steps):
        yield x, y
        heading += chance.gauss(0, 0.5)
        x += stride * math.cos(heading)
        y += stride * math.sin(heading)


def _blob(chance: random.Random) -> list[Point]:
    x, y = _somewhere(chance)
    size = chance.uniform(6, 40)
    count = 9
    return [
        (
            x + size * chance.uniform(0.6, 1.2) * math.cos(2 * math.pi * step / count),
            y + size * chance.uniform(0.6, 1.2) * math.sin(2 * math.pi * step / count),
        )
        for step in range(count)
    ]


def _stroke(key: str, steps: int, stride: float) -> Callable[[EditorWindow, random.Random], None]:
    def make(window: EditorWindow, chance: random.Random) -> None:
        window.press(key)
        window.drag(*_walk(chance, steps, stride), steps=1)

    return make


def _flip(window: EditorWindow, chance: random.Random) -> None:
    window.press("r")
    window.drag(*_walk(chance, 6, 15), steps=1)
    window.press("x")


def _on_border(window: EditorWindow, chance: random.Random) -> Point:
    rings = [ring for one in window.regions for part in one["parts"] for ring in part]
    x, y = chance.choice(chance.choice(rings)) if rings else _somewhere(chance)
    return x, y


def _vertex(held: str | None) -> Callable[[EditorWindow, random.Random], None]:
    def make(window: EditorWindow, chance: random.Random) -> None:
        window.press("v")
        x, y = _on_border(window, chance)
        if held:
            window.page.keyboard.down(held)
        window.drag((x, y), (x + chance.gauss(0, 12), y + chance.gauss(0, 12)), steps=1)
        if held:
            window.page.keyboard.up(held)

    return make


def _closed(key: str) -> Callable[[EditorWindow, random.Random], None]:
    def make(window: EditorWindow, chance: random.Random) -> None:
        window.press(key)
        points = _blob(chance)
        window.drag(*points, points[0], steps=1)

    return make


def _split(window: EditorWindow, chance: random.Random) -> None:
    window.press("c")
    window.drag(*_walk(chance, 8, 20), steps=1)
    window.press(chance.choice(NUMBERS))


def _join(window: EditorWindow, chance: random.Random) -> None:
    window.press("u")
    window.click(_somewhere(chance))


def _unlinked(window: EditorWindow, chance: random.Random) -> None:
    window.press("l")
    _stroke("e", 5, 9)(window, chance)
    window.press("l")


GESTURES: list[tuple[str, Callable[[EditorWindow, random.Random], None]]] = [
    ("redraw", _stroke("r", 7, 14)),
    ("flip", _flip),
    ("add", _stroke("b", 6, 9)),
    ("erase", _stroke("e", 6, 9)),
    ("push", _stroke("g", 5, 9)),
    ("smooth", _stroke("s", 6, 10)),
    ("simplify", _stroke("Shift+S", 6, 10)),
    ("draw", _closed("d")),
    ("hole", _closed("h")),
    ("split", _split),
    ("join", _join),
    ("vertex", _vertex(None)),
    ("detach", _vertex("Shift")),
    ("wipe", _vertex("Alt")),
    ("unlinked", _unlinked),
]
