"""Copying the other side as a start, and moving all outlines, in Chromium."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import expect

from annotation.models import Annotation, Image, Revision
from annotation.services import outlines
from core.models import User
from tests.conftest import rectangle
from tests.e2e.editor_window import EditorWindow, edit_address

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def source(make_image: Callable[..., Image], annotator: User) -> Revision:
    left = make_image("S9", side="left", visit=date(2026, 3, 2))
    return outlines.save(left, annotator, [rectangle(4, 5, 20, 30)], base=0)


@pytest.fixture
def window(
    source: Revision,
    make_image: Callable[..., Image],
    annotator: User,
    window_of: Callable[..., EditorWindow],
) -> EditorWindow:
    right = make_image("S9", side="right", visit=date(2026, 3, 2))
    return window_of(annotator).open(edit_address(right))


def left_edge(window: EditorWindow) -> float:
    return min(x for x, _ in window.outline)


def test_the_other_side_is_copied_mirrored_and_moved(
    window: EditorWindow, source: Revision
) -> None:
    section = window.page.get_by_label("Start from")
    expect(section.get_by_text("Other side (left), mirrored")).to_be_visible()
    window.press("y")
    copied = left_edge(window)
    window.saved()
    work = Annotation.objects.exclude(pk=source.annotation_id).get()
    assert work.revisions.get().origin == "copied"
    assert work.revisions.get().based_on == source
    window.press("ArrowLeft", "Shift+ArrowLeft")
    assert left_edge(window) == pytest.approx(copied - 6)
    window.drag((30, 20), (34, 23))
    assert left_edge(window) == pytest.approx(copied - 2, abs=0.5)
    window.saved()
    assert work.revisions.latest("number").origin == "correction"
    window.press("Control+z", "Control+z", "Control+z")
    assert left_edge(window) == pytest.approx(copied)


def test_nothing_is_copied_during_a_conflict(window: EditorWindow, annotator: User) -> None:
    window.draw([(3, 3), (30, 3), (30, 30)])
    window.saved()
    work = Annotation.objects.latest("pk")
    outlines.save(work.image, annotator, [rectangle(5, 5, 25, 25)], base=1)
    window.press("v")
    window.drag((30, 30), (33, 34))
    expect(window.page.locator("[data-piece=conflict]")).to_be_visible()
    mine = window.regions
    window.press("y")
    assert "Choose in the panel first" in window.message
    assert window.regions == mine


def test_outlines_are_not_moved_off_the_scan(window: EditorWindow) -> None:
    window.press("y")
    for _ in range(30):
        window.press("Shift+ArrowRight")
    expect(window.page.get_by_text("An outline would leave the scan")).to_be_visible()
    assert window.outline
