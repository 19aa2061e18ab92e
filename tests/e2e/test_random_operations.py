"""Random gestures never leave anything that the server has to mend; `make bench` does 2,000."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from annotation.models import Image, Study
from annotation.services import outlines, sites
from core.models import User
from tests.e2e.editor_window import EditorWindow, edit_address
from tests.e2e.random_operations import FOUR, judge

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

GESTURES = 180


def test_random_gestures_stay_sound_and_never_overlap(
    window_of: Callable[..., EditorWindow],
    study: Study,
    make_scan: Callable[..., Image],
    annotator: User,
) -> None:
    legs = sites.create(study, "leg", ["A", "B", "C", "D"], actor=None)
    scan = make_scan("S-018", site=legs)
    outlines.save(scan, annotator, FOUR, base=0)
    window = window_of(annotator).open(edit_address(scan))
    verdict = judge(window, seed=3, count=GESTURES)
    window.saved()
    assert verdict.invalid == 0
    assert verdict.bad_undo == 0
    assert verdict.overlap_px2 <= 0.05
    assert verdict.area_error <= 0.001
    assert verdict.changes > GESTURES / 3
    assert len(verdict.of) > 10
