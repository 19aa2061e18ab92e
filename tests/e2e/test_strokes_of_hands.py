"""Strokes as hands draw them, by real pointer events: ends that miss, and all of it is put in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from shapely import LinearRing, LineString, Polygon

from annotation.models import Annotation, Image, Study
from annotation.services import outlines, sites
from core.models import User
from tests.e2e.editor_window import EditorWindow, Point, edit_address
from tests.e2e.ideal_user import Points, muscle

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

STROKES = 40
SEED = 12
FOLLOWED_PX = 2.0
"""What of a stroke lies this near to the outline, screen px, stands in it."""
MOST_IGNORED = 0.15


@pytest.fixture
def pair(study: Study, make_scan: Callable[..., Image], annotator: User) -> Image:
    """Two muscles with a border in common, and one apart."""
    site = sites.create(study, "leg", ["peroneus longus", "peroneus brevis", "soleus"], actor=None)
    image = make_scan("S-020", site=site)
    boxes = {
        "peroneus longus": (60, 60, 160, 160),
        "peroneus brevis": (160, 60, 260, 160),
        "soleus": (80, 280, 280, 340),
    }
    regions = [_region(label, _box(*corners)) for label, corners in boxes.items()]
    outlines.save(image, annotator, regions, base=0)
    return image


def test_forty_strokes_whose_ends_miss_are_all_put_in(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    chance = np.random.default_rng(SEED)
    border = muscle(chance)
    outlines.save(scan, annotator, [_region("RF", border)], base=0)
    window = window_of(annotator).open(edit_address(scan))
    scale = window.client((1, 0))[0] - window.client((0, 0))[0]
    refused, ignored = 0, 0
    for _ in range(STROKES):
        stroke = _stroke(border, chance, scale)
        before = window.outline
        window.drag(*stroke, steps=1)
        after = window.outline
        refused += after == before
        ignored += after != before and _ignored(stroke, after, scale) > MOST_IGNORED
        assert Polygon(after).is_valid
        window.press("Control+z")
        assert window.outline == before
    assert (refused, ignored) == (0, 0)


def test_a_stroke_on_another_structure_means_that_one_and_says_so(
    window_of: Callable[..., EditorWindow], pair: Image, annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(pair))
    window.drag((259, 80), (275, 110), (261, 140))
    assert "peroneus brevis" in window.message
    longus, brevis, soleus = _shapes(window)
    assert (longus.area, soleus.area) == (100 * 100, 200 * 60)
    assert brevis.area > 100 * 100 + 200


def test_a_shared_border_that_is_redrawn_from_ends_that_miss_stays_one_border(
    window_of: Callable[..., EditorWindow], pair: Image, annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(pair))
    window.drag((166, 75), (168, 95), (172, 110), (168, 125), (166, 146), steps=3)
    longus, brevis, _ = _shapes(window)
    assert longus.area > 100 * 100 + 200
    assert longus.intersection(brevis).area == 0
    assert longus.area + brevis.area == pytest.approx(2 * 100 * 100, abs=0.01)


def test_a_closed_stroke_replaces_the_outline_and_x_takes_it_back_to_a_part(
    window_of: Callable[..., EditorWindow], pair: Image, annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(pair))
    turn = np.linspace(0, 2 * np.pi, 40)
    window.drag(*[(110 + 40 * np.cos(a), 110 + 42 * np.sin(a)) for a in turn], steps=1)
    longus, *_ = _shapes(window)
    assert longus.area == pytest.approx(np.pi * 40 * 42, rel=0.02)


def test_a_stroke_far_from_everything_is_refused_in_words(
    window_of: Callable[..., EditorWindow], pair: Image, annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(pair))
    before = window.regions
    window.drag((340, 20), (360, 30), (375, 25))
    assert window.regions == before
    assert window.message.startswith("Too far from every outline")
    assert Annotation.objects.get(image=pair).revision_count == 1


def _stroke(border: Points, chance: np.random.Generator, scale: float) -> list[Point]:
    """Along a quarter of a border that is 12 px farther out; both ends 12 to 40 screen px off."""
    first, count = chance.integers(len(border)), len(border) // 4
    path = border[(first + np.arange(count + 1)) % len(border)]
    along = np.gradient(path, axis=0)
    outwards = np.column_stack([along[:, 1], -along[:, 0]])
    outwards /= np.linalg.norm(outwards, axis=1)[:, None]
    share = np.linspace(0, 1, count + 1)
    side = chance.choice([-1, 1], size=2)
    side[1] = side[0] if chance.random() < 0.5 else side[1]
    off = side * chance.uniform(12, 40, size=2)
    away = 12 * np.sin(np.pi * share)
    away += off[0] * np.exp(-share / 0.1) + off[1] * np.exp(-(1 - share) / 0.1)
    stroke = path + outwards * away[:, None] / scale + chance.normal(0, 0.5 / scale, path.shape)
    return [(float(x), float(y)) for x, y in stroke]


def _ignored(stroke: list[Point], ring: list[list[float]], scale: float) -> float:
    """The share of a stroke's length that does not stand in the outline."""
    line = LineString(stroke)
    followed = line.intersection(LinearRing(ring).buffer(FOLLOWED_PX / scale))
    return 1 - followed.length / line.length


def _shapes(window: EditorWindow) -> list[Polygon]:
    return [Polygon(region["parts"][0][0]) for region in window.regions]


def _box(x0: float, y0: float, x1: float, y1: float) -> Points:
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], float)


def _region(label: str, ring: Points) -> dict[str, Any]:
    return {"label": label, "cut": [], "parts": [[ring.round(3).tolist()]]}
