"""A key does what the hand meant: no echo, no slip during a stroke, and a submit comes back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from annotation.models import Annotation, Image
from annotation.services import outlines, workflow
from core.models import User
from tests.conftest import rectangle
from tests.e2e.editor_window import EditorWindow, edit_address

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WindowOf = Callable[..., EditorWindow]


def states() -> list[str]:
    return list(Annotation.objects.order_by("image").values_list("state", flat=True))


@pytest.fixture
def window(
    window_of: WindowOf, scan: Image, make_scan: Callable[..., Image], annotator: User
) -> EditorWindow:
    """The first of two scans, each with a draft."""
    for one in (scan, make_scan("S-021")):
        outlines.save(one, annotator, [rectangle(100, 100, 300, 300)], base=0)
    return window_of(annotator).open(edit_address(scan)).seen()


ECHO_WHEN_SHOWN = """way => {
  const echo = () => {
    const button = document.querySelector("[data-action=submit]");
    const [key, ctrlKey] = [way.split("+").at(-1), way.startsWith("Control")];
    const pressed = { key, code: key, ctrlKey, bubbles: true, cancelable: true };
    if (way === "double click") button.click();
    else document.activeElement.dispatchEvent(new KeyboardEvent("keydown", pressed));
  };
  const watch = (_, observer) => (observer.disconnect(), echo());
  const shown = { attributeFilter: ["data-shown"], subtree: true };
  new MutationObserver(watch).observe(document.body, shown);
}"""
"""Does the same once more in the very moment in which the next scan is painted."""


@pytest.mark.parametrize("way", ["Enter", "Control+Enter", "double click"])
def test_the_echo_of_a_submit_does_not_submit_the_next_scan(window: EditorWindow, way: str) -> None:
    window.page.wait_for_load_state("networkidle")
    window.page.evaluate(ECHO_WHEN_SHOWN, way)
    if way == "double click":
        window.page.locator("[data-action=submit]").click()
    else:
        window.press(way)
    expect(window.page.get_by_role("heading", level=1)).to_contain_text("S-021")
    expect(window.page.locator("[data-piece=message]")).to_contain_text("only just appeared")
    assert states() == [Annotation.State.SUBMITTED, Annotation.State.DRAFT]
    window.seen().press("Control+Enter")
    window.page.wait_for_url("**/queue/")
    assert states() == [Annotation.State.SUBMITTED, Annotation.State.SUBMITTED]


def test_a_submit_is_taken_back_with_one_key_on_the_next_scan(
    window: EditorWindow, scan: Image
) -> None:
    window.press("Control+Enter")
    expect(window.page.get_by_role("heading", level=1)).to_contain_text("S-021")
    expect(window.page.get_by_role("button", name="Take back")).to_be_visible()
    window.press("Control+Backspace")
    window.page.wait_for_url(f"**{edit_address(scan)}")
    expect(window.page.get_by_role("button", name="Submit")).to_be_visible()
    expect(window.page.get_by_role("button", name="Take back")).to_be_hidden()
    assert states() == [Annotation.State.DRAFT, Annotation.State.DRAFT]


def test_a_submit_is_taken_back_once_the_server_is_reached_again(
    window: EditorWindow, scan: Image
) -> None:
    window.press("Control+Enter")
    expect(window.page.get_by_role("heading", level=1)).to_contain_text("S-021")
    window.page.route("**/take-back", lambda route: route.abort(), times=1)
    window.press("Control+Backspace")
    expect(window.page.locator("[data-piece=message]")).to_contain_text("Try again")
    window.press("Control+Backspace")
    window.page.wait_for_url(f"**{edit_address(scan)}")
    assert states() == [Annotation.State.DRAFT, Annotation.State.DRAFT]


def test_on_a_submitted_scan_only_that_one_is_taken_back(
    window: EditorWindow, scan: Image, make_scan: Callable[..., Image], annotator: User
) -> None:
    older = outlines.save(make_scan("S-030"), annotator, [rectangle(0, 0, 9, 9)], base=0)
    workflow.submit(older.annotation, annotator)
    window.press("Control+Enter")
    expect(window.page.get_by_role("heading", level=1)).to_contain_text("S-021")
    address = edit_address(older.annotation.image)
    window.page.evaluate(
        """async (address) => {
          const { openScan } = await import("#editor/navigation.js");
          await openScan(address);
        }""",
        address,
    )
    window.page.wait_for_url(f"**{address}")
    expect(window.page.get_by_text("Submitted: it waits for an expert.")).to_be_visible()
    assert "S-017" not in window.message
    expect(window.page.get_by_role("button", name="Take back")).to_be_hidden()
    window.press("Control+Backspace")
    expect(window.page.get_by_role("button", name="Submit")).to_be_visible()
    assert states() == [Annotation.State.SUBMITTED, Annotation.State.DRAFT, Annotation.State.DRAFT]


def test_during_a_stroke_only_its_own_keys_act(window: EditorWindow, scan: Image) -> None:
    window.press("b")
    window.drag((280, 150), (310, 150))
    before = window.regions
    width = window.page.locator(".editor-stage .rim").last
    window.page.mouse.move(*window.client((280, 200)))
    window.page.mouse.down()
    window.page.mouse.move(*window.client((320, 200)), steps=5)
    size = width.get_attribute("d")
    window.press("Enter", "Control+Enter", "Control+z", "Delete", "v", "a")
    assert window.ask("tool") == "add"
    assert window.regions == before
    assert "pointer is down" in window.message
    window.press("]")
    assert width.get_attribute("d") != size
    window.press("Escape", "Delete")
    assert window.regions == before
    window.page.mouse.up()
    window.press("Control+z")
    assert window.regions == [rectangle(100, 100, 300, 300)]
    window.saved()
    assert Annotation.objects.get(image=scan).state == Annotation.State.DRAFT


def test_the_points_tool_never_deletes_a_region(window: EditorWindow) -> None:
    window.press("v", "n", "Delete")
    assert len(window.outline) == 3
    window.press("Delete")
    assert "Choose a point first" in window.message
    window.press("n", "Delete", "n", "Backspace")
    assert len(window.outline) == 3
    window.page.locator("[data-action=remove]").click(force=True)
    assert len(window.outline) == 3
    window.press("r", "Delete")
    assert window.regions == []
    window.saved()
