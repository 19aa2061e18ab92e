"""Sweeps in Chromium: from frame to frame, proposals, playing, and a hundred frames by keyboard."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Request, expect

from annotation.models import Annotation, Image, Revision
from annotation.services import outlines, suggestions, workflow
from core.models import User
from tests.conftest import rectangle
from tests.e2e.editor_window import FULL_DISK, EditorWindow, edit_address, review_address

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WindowOf = Callable[..., EditorWindow]
SQUARE = rectangle(100, 100, 300, 300)
HEIGHT, WIDTH = 400, 384
SWEEP = 100


def tissue(moved: int) -> NDArray[np.uint8]:
    """Smooth grains that lie `moved` px further right and half as much further down."""
    random = np.random.default_rng(3).integers(30, 200, (80, 78)).astype(np.uint8)
    grains = np.kron(random, np.ones((6, 6), dtype=np.uint8))
    return np.roll(grains, (moved // 2, moved), axis=(0, 1))[:HEIGHT, :WIDTH]


@pytest.fixture
def make_sweep(make_image: Callable[..., Image]) -> Callable[..., list[Image]]:
    """`make_sweep(count, step)`: frames in which the tissue moves on by `step` px."""

    def make(count: int, step: int = 4) -> list[Image]:
        return [
            make_image("S-020", take=1, frame=number, pixels=tissue(step * number), side="right")
            for number in range(count)
        ]

    return make


@pytest.fixture
def sweep(make_sweep: Callable[..., list[Image]]) -> list[Image]:
    return make_sweep(6)


def at_frame(window: EditorWindow, image: Image) -> None:
    """Waits until a frame is open and drawn."""
    window.page.wait_for_url(f"**{edit_address(image)}")
    number = window.page.locator("[data-piece=frames] [aria-current=true]")
    expect(number).to_have_text(str(image.frame + 1))


def states(window: EditorWindow) -> list[str]:
    buttons = window.page.locator("[data-piece=frames] button")
    return buttons.evaluate_all("all => all.map(one => one.dataset.state)")


def proposed(window: EditorWindow) -> int:
    return window.page.locator(".layer-proposed path.proposed").count()


def corner(image: Image) -> list[float]:
    revision = Revision.objects.filter(annotation__image=image).latest("number")
    points = np.array(revision.regions[0]["parts"][0][0])
    return [float(value) for value in points.min(axis=0)]


def test_frames_change_in_place_and_keep_the_view(
    window_of: WindowOf, sweep: list[Image], annotator: User
) -> None:
    outlines.save(sweep[0], annotator, [SQUARE], base=0)
    window = window_of(annotator).open(edit_address(sweep[0]))
    at_frame(window, sweep[0])
    assert states(window) == ["draft", *["empty"] * 5]
    window.page.evaluate("window.isSamePage = true")
    window.press("v", "+", "+")
    before = window.client((50, 60))
    for image in [sweep[1], sweep[2]]:
        window.press(".")
        at_frame(window, image)
    assert window.client((50, 60)) == before
    window.press(",")
    at_frame(window, sweep[1])
    window.page.go_back()
    at_frame(window, sweep[2])
    assert window.page.evaluate("window.isSamePage")


def test_the_first_and_the_last_frame_end_the_sweep(
    window_of: WindowOf, sweep: list[Image], annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(sweep[0]))
    at_frame(window, sweep[0])
    window.press(",")
    assert window.message == "This is the first frame."
    window.page.locator("[data-piece=frames] button").last.click()
    at_frame(window, sweep[-1])
    window.press(".")
    assert window.message == "This is the last frame."


def test_what_is_drawn_on_a_frame_is_saved_when_one_goes_on(
    window_of: WindowOf, sweep: list[Image], annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(sweep[0]))
    at_frame(window, sweep[0])
    window.draw([(100, 100), (200, 100), (200, 200)])
    window.press(".")
    at_frame(window, sweep[1])
    assert window.regions == []
    assert states(window)[:2] == ["draft", "empty"]
    assert corner(sweep[0]) == [100, 100]
    window.press(",")
    at_frame(window, sweep[0])
    assert len(window.outline) == 3


def test_an_outline_is_carried_over_with_the_tissue(
    window_of: WindowOf, sweep: list[Image], annotator: User
) -> None:
    outlines.save(sweep[0], annotator, [SQUARE], base=0)
    window = window_of(annotator).open(edit_address(sweep[0]))
    at_frame(window, sweep[0])
    window.press("p")
    at_frame(window, sweep[1])
    expect(window.page.locator(".layer-proposed path.proposed")).to_have_count(1)
    assert window.message.startswith("Carried over from frame 1, moved by 4.")
    assert window.regions == []
    assert not Annotation.objects.filter(image=sweep[1]).exists()
    window.press("Enter")
    assert proposed(window) == 0
    window.saved()
    x, y = corner(sweep[1])
    assert abs(x - 104) < 0.6
    assert abs(y - 102) < 0.6
    window.press("Control+z")
    expect(window.page.locator(".layer-proposed path.proposed")).to_have_count(1)


CARRYING = """async () => {
  const { boxRound, movement, shifted } = await import("#editor/carrying.js");
  const canvas = (width, height, moved) => {
    const made = new OffscreenCanvas(width, height);
    const context = made.getContext("2d");
    for (let y = 0; y < height; y += 8) for (let x = 0; x < width; x += 8) {
      const grey = (x * 7 + y * 13 + ((x * y) % 97) * 3) % 256;
      context.fillStyle = `rgb(${grey} ${grey} ${grey})`;
      context.fillRect(x + moved, y, 8, 8);
    }
    return made.convertToBlob();
  };
  const ring = (at) => Array.from({ length: 300 }, (_, i) => [
    at + 60 * Math.cos(i / 47.75), 200 + 60 * Math.sin(i / 47.75)]);
  const regions = [100, 220, 300].map((at) => ({ label: `${at}`, cut: [], parts: [[ring(at)]] }));
  const longest = async (work) => {
    let [last, most, isOver] = [performance.now(), 0, false];
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      const now = performance.now();
      most = Math.max(most, now - last);
      last = now;
      if (!isOver) port2.postMessage(0);
    };
    port2.postMessage(0);
    const came = await work();
    isOver = true;
    return { most, came };
  };
  const found = [];
  for (const [width, height] of [[384, 400], [1024, 768]]) {
    const files = [await canvas(width, height, 0), await canvas(width, height, 4)];
    const runs = [];
    for (let run = 0; run < 5; run += 1) runs.push(await longest(async () => {
      const shift = await movement(files, regions);
      return shifted(regions, shift ?? [0, 0], { width, height }) && shift;
    }));
    found.push({ shift: runs[0].came, most: Math.min(...runs.map(({ most }) => most)) });
  }
  return found;
}"""


def test_carrying_over_never_holds_the_page_up(
    window_of: WindowOf, sweep: list[Image], annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(sweep[0]))
    at_frame(window, sweep[0])
    for found in window.page.evaluate(CARRYING):
        assert found["shift"] == pytest.approx([4, 0], abs=0.6)
        assert found["most"] < 16


def test_a_rejected_proposal_leaves_the_frame_empty(
    window_of: WindowOf, sweep: list[Image], annotator: User
) -> None:
    outlines.save(sweep[0], annotator, [SQUARE], base=0)
    window = window_of(annotator).open(edit_address(sweep[0]))
    at_frame(window, sweep[0])
    window.press("p")
    at_frame(window, sweep[1])
    assert states(window)[1] == "proposed"
    window.press("Backspace")
    expect(window.page.locator(".layer-proposed path.proposed")).to_have_count(0)
    assert states(window)[1] == "empty"
    window.press("Enter")
    assert window.regions == []
    assert not Annotation.objects.filter(image=sweep[1]).exists()


def test_the_model_s_pre_label_goes_before_carrying_over(
    window_of: WindowOf, sweep: list[Image], annotator: User
) -> None:
    outlines.save(sweep[0], annotator, [SQUARE], base=0)
    pre_label = rectangle(120, 130, 280, 290)
    suggestions.offer(sweep[1], [pre_label], source="model", version="RF-v1")
    window = window_of(annotator).open(edit_address(sweep[0]))
    at_frame(window, sweep[0])
    assert states(window)[1] == "proposed"
    window.press("p")
    at_frame(window, sweep[1])
    assert window.message == "Pre-label RF-v1. Enter accepts, Backspace rejects."
    window.press("Enter")
    window.saved()
    revision = Revision.objects.get(annotation__image=sweep[1])
    assert revision.origin == Revision.Origin.PRE_LABEL
    assert revision.suggestion_version == "RF-v1"
    assert revision.regions == [pre_label]


def test_a_frame_that_is_outlined_gets_no_proposal(
    window_of: WindowOf, sweep: list[Image], annotator: User
) -> None:
    for image in sweep[:2]:
        outlines.save(image, annotator, [SQUARE], base=0)
    window = window_of(annotator).open(edit_address(sweep[0]))
    at_frame(window, sweep[0])
    window.press("p")
    at_frame(window, sweep[1])
    expect(window.page.locator("[data-piece=message]")).to_have_text("Frame 2 is outlined already.")
    assert proposed(window) == 0


def test_frames_between_two_outlined_ones_are_filled_in(
    window_of: WindowOf, sweep: list[Image], annotator: User
) -> None:
    outlines.save(sweep[0], annotator, [SQUARE], base=0)
    outlines.save(sweep[4], annotator, [rectangle(140, 120, 340, 320)], base=0)
    window = window_of(annotator).open(edit_address(sweep[4]))
    at_frame(window, sweep[4])
    window.press("j")
    expect(window.page.locator("[data-piece=message]")).to_contain_text(
        "Frames 2 to 4 are proposed."
    )
    assert states(window) == ["draft", *["proposed"] * 3, "draft", "empty"]
    for image, expected in [(sweep[3], [130, 115]), (sweep[2], [120, 110]), (sweep[1], [110, 105])]:
        window.press(",")
        at_frame(window, image)
        window.press("Enter")
        window.saved()
        assert corner(image) == expected
    assert states(window) == [*["draft"] * 5, "empty"]


def test_what_is_said_of_frames_that_are_filled_in_names_the_key_of_this_person(
    window_of: WindowOf, sweep: list[Image], annotator: User
) -> None:
    outlines.save(sweep[0], annotator, [SQUARE], base=0)
    outlines.save(sweep[2], annotator, [SQUARE], base=0)
    window = window_of(annotator)
    kept = json.dumps({"own": {"next-frame": "Alt+N"}})
    window.page.add_init_script(f"localStorage['myotrace-keys-{annotator.pk}'] = '{kept}'")
    window.open(edit_address(sweep[0]))
    at_frame(window, sweep[0])
    window.press("j")
    message = window.page.locator("[data-piece=message]")
    expect(message).to_contain_text("proposed. Alt+N opens the next one.")


def test_proposals_outlive_a_killed_page_until_they_are_accepted_or_rejected(
    window_of: WindowOf, sweep: list[Image], annotator: User, make_scan: Callable[..., Image]
) -> None:
    outlines.save(sweep[0], annotator, [SQUARE], base=0)
    outlines.save(sweep[4], annotator, [rectangle(140, 120, 340, 320)], base=0)
    window = window_of(annotator).open(edit_address(sweep[4]))
    at_frame(window, sweep[4])
    window.press("j")
    message = window.page.locator("[data-piece=message]")
    expect(message).to_contain_text("Frames 2 to 4 are proposed.")
    context = window.page.context
    window.page.close(run_before_unload=False)
    elsewhere = EditorWindow(context.new_page()).open(edit_address(make_scan("S-099")))
    waiting = elsewhere.page.locator("[data-piece=waiting]")
    expect(waiting).to_contain_text("S-020")
    waiting.get_by_role("link", name="3 frames").click()
    at_frame(elsewhere, sweep[1])
    expect(elsewhere.page.locator(".layer-proposed path.proposed")).to_have_count(1)
    assert states(elsewhere) == ["draft", *["proposed"] * 3, "draft", "empty"]
    elsewhere.press("Enter")
    elsewhere.saved()
    assert corner(sweep[1]) == [110, 105]
    elsewhere.press(".")
    at_frame(elsewhere, sweep[2])
    elsewhere.press("Backspace")
    elsewhere.page.reload()
    at_frame(elsewhere, sweep[2])
    expect(elsewhere.page.locator("[data-piece=message]")).to_have_text(
        "Proposals are back: 1 frame."
    )
    assert states(elsewhere) == ["draft", "draft", "empty", "proposed", "draft", "empty"]


def test_a_full_disk_is_said_and_the_proposal_is_there_until_the_page_goes(
    window_of: WindowOf, sweep: list[Image], annotator: User
) -> None:
    outlines.save(sweep[0], annotator, [SQUARE], base=0)
    window = window_of(annotator)
    window.page.add_init_script(FULL_DISK)
    window.open(edit_address(sweep[0]))
    at_frame(window, sweep[0])
    window.press("p")
    at_frame(window, sweep[1])
    message = window.page.locator("[data-piece=message]")
    expect(message).to_contain_text("only in this window. Enter accepts")
    assert proposed(window) == 1


def room(window: EditorWindow) -> float:
    """The share of the window that the scan's stage has."""
    stage = window.page.locator("[data-piece=stage]").bounding_box()
    size = window.page.viewport_size
    assert stage
    assert size
    return stage["width"] * stage["height"] / (size["width"] * size["height"])


def test_the_scan_has_seven_tenths_of_the_window_with_the_strip_and_without(
    window_of: WindowOf, sweep: list[Image], annotator: User, make_scan: Callable[..., Image]
) -> None:
    window = window_of(annotator).open(edit_address(sweep[0]))
    at_frame(window, sweep[0])
    assert room(window) >= 0.7
    window.open(edit_address(make_scan("S-099")))
    assert room(window) >= 0.7


def test_playing_shows_other_frames_and_stops_on_any_key(
    window_of: WindowOf, sweep: list[Image], annotator: User
) -> None:
    outlines.save(sweep[0], annotator, [SQUARE], base=0)
    window = window_of(annotator).open(edit_address(sweep[0]))
    at_frame(window, sweep[0])
    window.press("/")
    expect(window.page.locator(".editor-stage > svg")).to_be_hidden()
    expect(window.page.locator("[data-piece=frame-number]")).to_have_text("4 of 6")
    window.press("d")
    expect(window.page.locator(".editor-stage > svg")).to_be_visible()
    expect(window.page).not_to_have_url(re.compile(edit_address(sweep[0])))
    assert window.ask("tool") != ""
    assert window.ask("regions") == []
    assert corner(sweep[0]) == [100, 100]


def test_submitting_a_frame_opens_the_next_frame(
    window_of: WindowOf, sweep: list[Image], annotator: User, make_scan: Callable[..., Image]
) -> None:
    other = make_scan("S-099")
    outlines.save(other, annotator, [SQUARE], base=0)
    outlines.save(sweep[0], annotator, [SQUARE], base=0)
    window = window_of(annotator).open(edit_address(sweep[0]))
    at_frame(window, sweep[0])
    window.seen().press("Control+Enter")
    at_frame(window, sweep[1])
    assert states(window)[0] == "done"


def submitted(image: Image, author: User) -> Annotation:
    annotation = outlines.save(image, author, [SQUARE], base=0).annotation
    workflow.submit(annotation, author)
    return annotation


def at_review(window: EditorWindow, work: Annotation) -> None:
    """Waits until a frame is open for review and drawn."""
    window.page.wait_for_url(f"**{review_address(work)}")
    number = window.page.locator("[data-piece=frames] [aria-current=true]")
    expect(number).to_have_text(str(work.image.frame + 1))


def test_a_whole_sweep_is_reviewed_by_keyboard_and_then_the_queue_goes_on(
    window_of: WindowOf,
    sweep: list[Image],
    annotator: User,
    expert: User,
    make_scan: Callable[..., Image],
) -> None:
    works = [submitted(sweep[index], annotator) for index in (0, 1, 3, 4)]
    other = submitted(make_scan("S-099"), annotator)
    window = window_of(expert).open(review_address(works[0]))
    at_review(window, works[0])
    assert states(window) == ["waiting", "waiting", "empty", "waiting", "waiting", "empty"]
    window.page.evaluate("window.isSamePage = true")
    expect(window.page.get_by_role("button", name="Propose")).to_have_count(0)
    window.press(".")
    at_review(window, works[1])
    window.press(".")
    at_review(window, works[2])
    window.press("p", "j", "Enter")
    assert window.page.locator("[data-piece=frames] button").nth(2).is_disabled()
    window.press(",")
    at_review(window, works[1])
    window.press(",")
    at_review(window, works[0])
    window.press("a")
    at_review(window, works[1])
    window.press("c", "v")
    window.drag((300, 300), (310, 310))
    window.press(".")
    expect(window.page.locator("[data-piece=message]")).to_contain_text("Approve, or undo")
    window.press("a")
    at_review(window, works[2])
    window.press("x")
    window.page.keyboard.type("too deep")
    window.press("Control+Enter")
    at_review(window, works[3])
    assert states(window) == ["done", "done", "empty", "returned", "waiting", "empty"]
    window.press("a")
    window.page.wait_for_url(f"**{review_address(other)}")
    assert window.page.evaluate("window.isSamePage")
    found = Annotation.objects.filter(author=annotator).order_by("image__frame")
    assert [found.get(pk=work.pk).state for work in works] == [
        Annotation.State.APPROVED,
        Annotation.State.APPROVED,
        Annotation.State.RETURNED,
        Annotation.State.APPROVED,
    ]


def test_an_approval_that_is_taken_back_waits_in_the_strip_again(
    window_of: WindowOf, sweep: list[Image], annotator: User, expert: User
) -> None:
    works = [submitted(sweep[index], annotator) for index in (0, 1)]
    window = window_of(expert).open(review_address(works[0]))
    at_review(window, works[0])
    window.seen().press("a")
    at_review(window, works[1])
    assert states(window)[:2] == ["done", "waiting"]
    window.press("Control+z")
    at_review(window, works[0])
    assert states(window)[:2] == ["waiting", "waiting"]


def test_a_sweep_of_a_hundred_frames_by_keyboard_alone(
    window_of: WindowOf, make_sweep: Callable[..., list[Image]], annotator: User
) -> None:
    frames = make_sweep(SWEEP, step=1)
    outlines.save(frames[0], annotator, [SQUARE], base=0)
    window = window_of(annotator)
    requests: list[str] = []
    window.page.on("request", lambda request: _note(requests, request))
    window.open(edit_address(frames[0]))
    at_frame(window, frames[0])
    window.press("p")
    for image in frames[1:-1]:
        at_frame(window, image)
        expect(window.page.locator(".layer-proposed path.proposed")).to_have_count(1)
        window.press("Shift+Enter")
    at_frame(window, frames[-1])
    window.press("Enter")
    window.saved()
    assert states(window) == ["draft"] * SWEEP
    assert Annotation.objects.filter(author=annotator, revision_count=1).count() == SWEEP
    assert abs(corner(frames[-1])[0] - (100 + SWEEP - 1)) < 3
    assert sum(address.endswith("/frames") for address in requests) == 1
    assert sum("/pixels" in address for address in requests) < 2 * SWEEP


def _note(requests: list[str], request: Request) -> None:
    requests.append(request.url)


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (820, 1180)])
def test_the_strip_fits_and_its_targets_are_large_enough(
    window_of: WindowOf,
    make_sweep: Callable[..., list[Image]],
    annotator: User,
    width: int,
    height: int,
    tmp_path: Any,
) -> None:
    frames = make_sweep(40)
    outlines.save(frames[0], annotator, [SQUARE], base=0)
    outlines.save(frames[20], annotator, [SQUARE], base=0)
    window = window_of(annotator, viewport={"width": width, "height": height})
    window.open(edit_address(frames[20]))
    at_frame(window, frames[20])
    window.press("j")
    window.press(",")
    at_frame(window, frames[19])
    size = window.page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    assert size == [width, height]
    strip = window.page.locator("[data-piece=frames]").bounding_box()
    current = window.page.locator("[data-piece=frames] [aria-current=true]").bounding_box()
    assert strip
    assert current
    assert strip["x"] <= current["x"] <= strip["x"] + strip["width"] - current["width"]
    for button in window.page.locator("[data-piece=sweep] button").all():
        place = button.bounding_box()
        assert place
        assert place["width"] >= 24
        assert place["height"] >= 24
    window.page.screenshot(path=f"/tmp/sweep-{width}.png")
