"""Pen and fingers in Chromium, by the browser's own input events: who draws, who moves the scan."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from annotation.models import Image
from annotation.services import outlines
from core.models import User
from tests.conftest import rectangle
from tests.e2e.editor_window import EditorWindow, Point, edit_address
from tests.e2e.hand import Hand

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WindowOf = Callable[..., EditorWindow]
STROKE: list[Point] = [(300, 140), (330, 160), (335, 200), (330, 240), (300, 260)]
TABLET = {"viewport": {"width": 820, "height": 1180}, "has_touch": True}


@pytest.fixture
def window(window_of: WindowOf, scan: Image, annotator: User) -> EditorWindow:
    outlines.save(scan, annotator, [rectangle(100, 100, 300, 300)], base=0)
    return window_of(annotator, **TABLET).open(edit_address(scan))


def rightmost(window: EditorWindow) -> float:
    return max(x for x, _ in window.outline)


def test_the_pen_draws(window: EditorWindow) -> None:
    Hand(window).pen(STROKE)
    assert rightmost(window) > 333


def test_a_finger_draws_as_long_as_no_pen_was_seen(window: EditorWindow) -> None:
    Hand(window).finger(STROKE)
    assert rightmost(window) > 333


def test_once_a_pen_was_seen_a_finger_moves_the_scan(window: EditorWindow) -> None:
    hand = Hand(window)
    hand.pen(STROKE)
    drawn = window.regions
    x, y = window.client((200, 200))
    hand.fingers([(x, y), (x + 30, y + 10), (x + 60, y + 20)])
    assert window.regions == drawn
    moved = window.client((200, 200))
    assert moved == pytest.approx((x + 60, y + 20), abs=1)


def test_two_fingers_zoom_and_draw_nothing(window: EditorWindow) -> None:
    before = window.regions
    x, y = window.client((300, 200))
    width = window.client((300, 200))[0] - window.client((200, 200))[0]
    Hand(window).fingers(
        [(x - 40, y), (x - 60, y), (x - 80, y)], [(x + 40, y), (x + 60, y), (x + 80, y)]
    )
    assert window.regions == before
    wider = window.client((300, 200))[0] - window.client((200, 200))[0]
    assert wider == pytest.approx(2 * width, rel=0.05)
    assert window.client((300, 200)) == pytest.approx((x, y), abs=2)


def test_a_palm_beside_the_pen_changes_nothing(window: EditorWindow) -> None:
    hand = Hand(window)
    place = window.client((200, 200))
    hand._pen("mouseMoved", STROKE[0], buttons=0)
    hand._pen("mousePressed", STROKE[0], buttons=1)
    for point in STROKE[1:3]:
        hand._pen("mouseMoved", point, buttons=1)
    palm = [window.client((340, 380)), window.client((360, 390))]
    hand._touch("touchStart", palm[:1])
    hand._touch("touchStart", palm)
    hand._touch("touchMove", [window.client((330, 370)), window.client((350, 385))])
    for point in STROKE[3:]:
        hand._pen("mouseMoved", point, buttons=1)
    hand._pen("mouseReleased", STROKE[-1], buttons=0)
    hand._touch("touchEnd", [])
    assert rightmost(window) > 333
    assert window.client((200, 200)) == place


def test_the_eraser_end_erases_and_the_tool_comes_back(window: EditorWindow) -> None:
    before = window.ask("tool")
    start, *rest = [window.client(point) for point in [(300, 180), (300, 200), (300, 220)]]
    _eraser(window, "pointerdown", start, 5)
    assert window.ask("tool") == "erase"
    for point in rest:
        _eraser(window, "pointermove", point, -1)
    _eraser(window, "pointerup", rest[-1], 5)
    assert window.ask("tool") == before
    notch = [x for x, y in window.outline if 150 < y < 250]
    assert notch
    assert min(notch) < 299


def _eraser(window: EditorWindow, kind: str, point: Point, button: int) -> None:
    """No protocol turns the pen round: the event is the one that a turned pen makes."""
    window.page.evaluate(
        """([kind, [clientX, clientY], button]) =>
        document.querySelector(".editor-stage").dispatchEvent(new PointerEvent(kind, {
          pointerId: 1, pointerType: "pen", button, buttons: kind === "pointerup" ? 0 : 32,
          clientX, clientY, bubbles: true, cancelable: true}))""",
        [kind, list(point), button],
    )


def test_a_tablet_has_targets_for_fingers(window: EditorWindow) -> None:
    for button in window.page.locator("contour-editor button:visible").all():
        place = button.bounding_box()
        assert place
        assert place["width"] >= 24
        assert place["height"] >= 24


def test_the_active_tool_has_its_buttons_over_the_scan(window: EditorWindow) -> None:
    bar = window.page.get_by_role("group", name="Active tool")
    Hand(window).finger([(100, 130), (130, 200), (100, 270)])
    before = window.regions
    flip = bar.get_by_role("button", name="Other side")
    expect(flip).to_have_attribute("aria-disabled", "false")
    expect(window.page.locator("[data-piece=message]")).to_contain_text("Redrawn")
    window.saved()
    outline = window.page.locator(".layer-regions .outline").first
    drawn = outline.get_attribute("d") or ""
    flip.tap()
    expect(outline).not_to_have_attribute("d", drawn)
    assert window.regions != before
    window.press("v", "n")
    bar.get_by_role("button", name="Delete point").tap()
    expect(window.page.locator("[data-piece=message]")).to_contain_text("Deleted a point")
    window.press("b")
    rim = window.page.locator(".editor-stage .rim").last
    window.page.mouse.move(*window.client((200, 200)))
    size = rim.get_attribute("d") or ""
    bar.get_by_role("button", name="Larger").tap()
    expect(rim).not_to_have_attribute("d", size)
    window.press("d")
    window.click((20, 20), (80, 20), (80, 80))
    bar.get_by_role("button", name="Close").tap()
    expect(window.page.locator("[data-piece=message]")).to_have_text("Drawn.")
    window.saved()


def test_two_fingers_on_a_trackpad_move_the_scan_and_their_pinch_zooms(
    window: EditorWindow,
) -> None:
    turn = (
        "([at, turn]) => document.querySelector('.editor-stage').dispatchEvent(new WheelEvent("
        "'wheel', {clientX: at[0], clientY: at[1], bubbles: true, cancelable: true, ...turn}))"
    )
    x, y = window.client((200, 200))
    window.page.evaluate(turn, [[x, y], {"deltaX": 12, "deltaY": 20}])
    assert window.client((200, 200)) == pytest.approx((x - 12, y - 20), abs=1)
    width = window.client((300, 200))[0] - window.client((200, 200))[0]
    for _ in range(10):
        window.page.evaluate(turn, [[x, y], {"deltaY": -5, "ctrlKey": True}])
    assert window.client((300, 200))[0] - window.client((200, 200))[0] > 1.5 * width
