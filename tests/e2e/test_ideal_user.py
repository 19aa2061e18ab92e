"""A contour with a fifth of its border wrong is right after one stroke; `make bench` does 60."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from annotation.models import Image
from annotation.services import outlines
from core.models import User
from tests.e2e.editor_window import EditorWindow, edit_address
from tests.e2e.ideal_user import muscle, spoiled, strokes_needed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CONTOURS = 11


def test_one_stroke_corrects_a_wrong_stretch_of_border(
    window_of: Callable[..., EditorWindow], make_scan: Callable[..., Image], annotator: User
) -> None:
    chance = np.random.default_rng(5)
    window = window_of(annotator)
    strokes = []
    for number in range(CONTOURS):
        border = muscle(chance)
        ring = spoiled(border, chance).round(3).tolist()
        scan = make_scan(f"S-{number:03d}")
        outlines.save(scan, annotator, [{"label": "RF", "cut": [], "parts": [[ring]]}], base=0)
        strokes.append(strokes_needed(window.open(edit_address(scan)), border, chance))
    assert np.median(strokes) == 1
    assert np.quantile(strokes, 0.9) == 1
