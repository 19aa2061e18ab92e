"""A user who knows the true border: how many strokes bring a contour to it.

A contour of 150 points, a fifth of them up to 20 px off; the strokes run along the true border
where the contour is wrong, with a hand's tremor and ends that miss by a few px.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from shapely import LinearRing, Point, hausdorff_distance

from tests.e2e.editor_window import EditorWindow
from tests.e2e.editor_window import Point as Position

Points = NDArray[np.float64]

POINTS = 150
WRONG = POINTS // 5
CENTRE = (192.0, 200.0)
TREMOR_PX = 0.4
ENDS_OFF_PX = 3.0
GOAL_PX = 2.0
MOST_STROKES = 6
DENSIFIED = 0.05
"""The share of an edge at which distances are taken."""
RIM = 2
"""Points that a stroke reaches beyond what is wrong."""


def muscle(chance: np.random.Generator) -> Points:
    """A true border in px, (150, 2): an ellipse with three soft waves."""
    turn = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)
    waves = sum(
        chance.normal(0, 0.05) * np.cos(order * turn + chance.uniform(0, 2 * np.pi))
        for order in (2, 3, 4)
    )
    across, down = chance.uniform(80, 140), chance.uniform(55, 110)
    x, y = CENTRE
    return np.column_stack(
        [x + across * (1 + waves) * np.cos(turn), y + down * (1 + waves) * np.sin(turn)]
    )


def spoiled(border: Points, chance: np.random.Generator) -> Points:
    """The border with a fifth of its points pushed out or in, farthest in the middle."""
    bump = np.sin(np.linspace(0, np.pi, WRONG + 2)[1:-1])
    off = chance.choice([-1, 1]) * chance.uniform(8, 20) * bump
    wrong = (np.arange(WRONG) + chance.integers(POINTS)) % POINTS
    contour = border.copy()
    contour[wrong] += off[:, None] * _normals(border)[wrong]
    return contour


def _normals(border: Points) -> Points:
    along = np.roll(border, -1, axis=0) - np.roll(border, 1, axis=0)
    return np.column_stack([along[:, 1], -along[:, 0]]) / np.linalg.norm(along, axis=1)[:, None]


def resampled(ring: Points) -> Points:
    """150 points at equal distances along a closed line, px."""
    line = LinearRing(ring)
    shares = np.arange(POINTS) / POINTS
    return np.array([line.interpolate(share, normalized=True).coords[0] for share in shares])


def strokes_needed(
    window: EditorWindow,
    border: Points,
    chance: np.random.Generator,
    draw: Callable[[list[Position]], None] | None = None,
) -> int:
    """How many it takes until no point of the contour is farther than the goal from the border."""
    draw = draw or (lambda stroke: window.drag(*stroke, steps=1))
    true = LinearRing(border)
    for strokes in range(MOST_STROKES):
        if _farthest(LinearRing(window.outline), true) <= GOAL_PX:
            return strokes
        draw([(float(x), float(y)) for x, y in _stroke(window, border, chance)])
    return MOST_STROKES


def _farthest(contour: LinearRing, true: LinearRing) -> float:
    return float(hausdorff_distance(contour, true, DENSIFIED))


def _stroke(window: EditorWindow, border: Points, chance: np.random.Generator) -> Points:
    """Along the longest stretch of the border that the contour misses."""
    contour = LinearRing(window.outline)
    misses = np.array([contour.distance(Point(point)) > GOAL_PX / 2 for point in border])
    first, length = _longest_run(misses)
    along = (np.arange(-RIM, length + RIM) + first) % POINTS
    line = border[along] + chance.normal(0, TREMOR_PX, (len(along), 2))
    line[[0, -1]] += chance.normal(0, ENDS_OFF_PX / 2, (2, 2))
    return line


def _longest_run(misses: NDArray[np.bool_]) -> tuple[int, int]:
    """Where the longest run begins, going round, and how long it is."""
    best = (int(np.argmax(misses)), 1)
    for first in np.flatnonzero(misses & ~np.roll(misses, 1)):
        rolled = np.roll(misses, -first)
        length = POINTS if rolled.all() else int(np.argmin(rolled))
        best = max(best, (int(first), length), key=lambda run: run[1])
    return best
