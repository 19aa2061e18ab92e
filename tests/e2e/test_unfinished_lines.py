"""A line that is started is work: it is parked, undone by point, kept, and never left out."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import expect

from annotation.models import Annotation, Image, Reference, Study
from annotation.services import outlines, sites, workflow
from core.models import User
from tests.conftest import rectangle
from tests.e2e.editor_window import EditorWindow, Point, edit_address, review_address
from tests.e2e.hand import Hand

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WindowOf = Callable[..., EditorWindow]
CORNERS: list[Point] = [(120, 120), (320, 120), (320, 320), (120, 320)]


@pytest.fixture
def window(window_of: WindowOf, scan: Image, annotator: User) -> EditorWindow:
    return window_of(annotator).open(edit_address(scan))


def points(window: EditorWindow) -> int:
    """How many points the line that is started has."""
    handles = window.page.locator(".editor-stage path.handles").last
    return (handles.get_attribute("d") or "").count("M") if handles.count() else 0


def start(window: EditorWindow) -> None:
    window.press("d")
    window.click(*CORNERS)
    assert points(window) == 4


def test_another_tool_parks_the_line_and_undo_goes_point_by_point(window: EditorWindow) -> None:
    start(window)
    window.press("r", "v", "d")
    assert points(window) == 4
    window.press("Control+z", "Control+z")
    assert points(window) == 2
    window.press("Control+Shift+z")
    assert points(window) == 3
    window.press("Control+z", "Control+z", "Control+z")
    assert points(window) == 0
    expect(window.page.locator("[data-action=undo]")).to_have_attribute("aria-disabled", "true")


def test_escape_gives_the_line_up_and_undo_brings_it_back(window: EditorWindow) -> None:
    start(window)
    window.press("Escape")
    assert points(window) == 0
    window.press("Control+z", "Enter")
    assert len(window.outline) == 4


def test_undo_brings_back_what_was_deleted_after_the_line_was_given_up(
    window_of: WindowOf, scan: Image, annotator: User
) -> None:
    outlines.save(scan, annotator, [rectangle(20, 20, 60, 60)], base=0)
    window = window_of(annotator).open(edit_address(scan))
    start(window)
    window.press("Escape", "Delete")
    assert window.regions == []
    window.press("Control+z")
    assert window.regions == [rectangle(20, 20, 60, 60)]
    assert points(window) == 0
    window.saved()


def test_a_reload_brings_the_line_and_its_steps_back(window: EditorWindow) -> None:
    start(window)
    window.press("Control+z")
    window.page.reload()
    expect(window.page.locator("[data-piece=message]")).to_contain_text("line that you started")
    assert window.ask("tool") == "draw"
    assert points(window) == 3
    window.press("Control+Shift+z")
    assert points(window) == 4
    window.press("Enter")
    assert len(window.outline) == 4


def test_nothing_is_submitted_without_the_line(
    window_of: WindowOf, scan: Image, annotator: User
) -> None:
    outlines.save(scan, annotator, [rectangle(20, 20, 60, 60)], base=0)
    window = window_of(annotator).open(edit_address(scan))
    start(window)
    window.press("r")
    window.press("Control+Enter")
    assert "a line is not put in" in window.message
    assert points(window) == 4
    assert Annotation.objects.get().state == Annotation.State.DRAFT
    window.press("Enter")
    shapes = [part for region in window.regions for part in region["parts"]]
    assert len(shapes) == 2
    window.saved()


def test_a_correction_that_was_begun_before_a_reload_does_not_hold_the_approval(
    window_of: WindowOf, scan: Image, annotator: User, expert: User
) -> None:
    work = outlines.save(scan, annotator, [rectangle(100, 100, 300, 300)], base=0).annotation
    workflow.submit(work, annotator)
    window = window_of(expert).open(review_address(work))
    window.press("c", "d")
    window.click((60, 60))
    window.page.reload()
    window.seen().press("a")
    window.page.wait_for_url(lambda url: "/review/" not in url)
    assert Reference.objects.get().how == "single_expert"
    kept = window.page.evaluate("Object.keys(localStorage)")
    assert not [name for name in kept if name.startswith("myotrace-draft-")]


def test_a_line_is_for_the_structure_for_which_it_was_started(
    window_of: WindowOf, study: Study, make_scan: Callable[..., Image], annotator: User
) -> None:
    legs = sites.create(study, "peroneus", ["PL", "PB"], actor=None)
    scan = make_scan("S-018", site=legs)
    outlines.save(scan, annotator, [rectangle(20, 20, 60, 60, "PL")], base=0)
    window = window_of(annotator).open(edit_address(scan))
    window.press("2")
    start(window)
    window.press("r", "1", "d", "Enter")
    drawn = {region["label"]: region for region in window.regions}
    assert len(drawn["PB"]["parts"][0][0]) == 4
    window.saved()


def test_two_fingers_during_a_click_leave_the_points(
    window_of: WindowOf, scan: Image, annotator: User
) -> None:
    window = window_of(annotator, has_touch=True).open(edit_address(scan))
    start(window)
    hand = Hand(window)
    (ax, ay), (bx, by) = window.client((150, 200)), window.client((250, 200))
    hand.fingers([(ax, ay), (ax - 20, ay)], [(bx, by), (bx + 20, by)])
    assert points(window) == 4


def test_a_leg_clicked_before_the_worker_answers_is_worked_out_when_it_does(
    window_of: WindowOf, make_scan: Callable[..., Image], annotator: User
) -> None:
    pixels = np.where(np.mgrid[0:400, 0:384][0] < 120, 40, 180).astype(np.uint8)
    window = window_of(annotator)
    window.page.add_init_script(SLOW_WORKER)
    window.open(edit_address(make_scan("S-021", pixels=pixels)))
    window.press("w")
    window.click((60, 100), (330, 100), (330, 200))
    line = window.page.locator(".editor-stage path.draft").last
    assert (line.get_attribute("d") or "").count(" ") < 8
    window.page.evaluate("window.letWorkersAnswer()")
    expect(line).to_have_attribute("d", re.compile(r"(?:\S+ ){60}"))
    window.press("Enter")
    expect(window.page.locator("[data-piece=message]")).to_contain_text("Put in")
    ring = np.array(window.outline)
    assert (abs(ring[:, 1] - 120) < 2).sum() >= 2


SLOW_WORKER = """
  const own = Worker.prototype.addEventListener;
  const held = [];
  window.letWorkersAnswer = () => {
    window.areFree = true;
    held.splice(0).forEach((answer) => answer());
  };
  Worker.prototype.addEventListener = function (kind, listener, ...rest) {
    const slow = (event) => window.areFree ? listener(event) : held.push(() => listener(event));
    return own.call(this, kind, slow, ...rest);
  };
"""
