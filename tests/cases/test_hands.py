"""Cases of the editor: keys of every keyboard, lines that are not finished, times in one zone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from annotation.models import Annotation, Image, Revision
from annotation.services import outlines, suggestions
from core.models import User
from core.moments import zone_named
from core.services import users
from tests.conftest import rectangle
from tests.e2e.conftest import browser, contexts, make_scan, requests, scan, window_of
from tests.e2e.editor_window import EditorWindow, Point, edit_address
from tests.shared import SHARED, needs_shared

__all__ = ["browser", "contexts", "make_scan", "requests", "scan", "window_of"]
pytestmark = [needs_shared, pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CORNERS: list[Point] = [(120, 120), (320, 120), (320, 320), (120, 320)]
CTRL, SHIFT = 2, 8


@pytest.fixture
def window(
    window_of: Callable[..., EditorWindow],
    scan: Image,
    annotator: User,
) -> EditorWindow:
    outlines.save(scan, annotator, [rectangle(100, 100, 300, 300)], base=0)
    return window_of(annotator).open(edit_address(scan)).seen()


def expected(case: str, words: str) -> None:
    """What the case says is what is tested here."""
    assert words in (SHARED / "cases" / case / "README").read_text()


def send(window: EditorWindow, key: str, code: str, held: int = 0, number: int = 0) -> None:
    """A key as the browser's own input tells it."""
    session = window.page.context.new_cdp_session(window.page)
    event: dict[str, Any] = {"key": key, "code": code, "modifiers": held}
    event["windowsVirtualKeyCode"] = number
    session.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **event})
    session.send("Input.dispatchKeyEvent", {"type": "keyUp", **event})


def test_keys_work_with_other_letters_and_an_input_method(window: EditorWindow) -> None:
    expected("editor-cyrillic", "V takes the points tool")
    expected("editor-ime", "V takes the points tool")
    for key in ("м", "ω", "ה", "ㅍ"):
        send(window, key, "KeyV")
        assert window.ask("tool") == "vertices"
        window.press("r")
    send(window, "Process", "KeyV", number=229)
    assert window.ask("tool") == "vertices"
    window.drag((100, 100), (80, 90))
    drawn = window.regions
    send(window, "я", "KeyZ", CTRL)
    assert window.regions == [rectangle(100, 100, 300, 300)]
    send(window, "Я", "KeyZ", CTRL | SHIFT)
    assert window.regions == drawn
    window.saved()


def points(window: EditorWindow) -> int:
    handles = window.page.locator(".editor-stage path.handles").last
    return (handles.get_attribute("d") or "").count("M") if handles.count() else 0


def test_a_line_that_is_not_finished_is_kept_undone_and_held(window: EditorWindow) -> None:
    expected("editor-unfinished-stray-key", "the points are still there")
    expected("editor-unfinished-submit", "the submit is held with words")
    window.press("d")
    window.click(*CORNERS)
    window.press("v", "d")
    assert points(window) == 4
    window.press("Control+Enter")
    assert "a line is not put in" in window.message
    assert points(window) == 4
    assert Annotation.objects.get().state == Annotation.State.DRAFT


def test_undo_takes_the_last_point_back_not_what_was_taken_over(
    window_of: Callable[..., EditorWindow],
    scan: Image,
    annotator: User,
) -> None:
    expected("editor-unfinished-undo", "the last point is taken back")
    suggestions.offer(scan, [rectangle(20, 20, 80, 80)], source="model", version="v1")
    window = window_of(annotator).open(edit_address(scan))
    window.press("a", "d")
    window.click(*CORNERS)
    window.press("Control+z")
    assert points(window) == 3
    assert window.regions == [rectangle(20, 20, 80, 80)]
    window.saved()


def test_all_times_of_the_history_are_in_one_zone(
    window_of: Callable[..., EditorWindow],
    scan: Image,
    annotator: User,
) -> None:
    expected("editor-history-times", "all times of the History panel in one zone")
    users.set_time_zone(annotator, "America/Lima")
    outlines.save(scan, annotator, [rectangle(100, 100, 300, 300)], base=0)
    window = window_of(annotator, timezone_id="Asia/Tokyo").open(edit_address(scan)).seen()
    window.press("v")
    window.drag((100, 100), (80, 90))
    window.saved()
    window.page.get_by_text("History").click()
    times = window.page.locator("[data-piece=revisions] time")
    expect(times).to_have_count(2)
    made = Revision.objects.order_by("-number").values_list("created_at", flat=True)
    for shown, at in zip(times.all_inner_texts(), made, strict=True):
        near = {at + timedelta(seconds=seconds) for seconds in (-30, 0, 30)}
        lima = {f"{timezone.localtime(one, zone_named('America/Lima')):%H:%M}" for one in near}
        assert shown in lima
