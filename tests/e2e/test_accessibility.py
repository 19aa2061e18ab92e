"""The contour editor for people without a mouse or with other eyes: axe, names, focus, targets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from annotation.models import Image, Study
from annotation.services import outlines, sites, suggestions, workflow
from core.models import User
from tests.conftest import rectangle
from tests.e2e.editor_window import EditorWindow, edit_address, review_address

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WindowOf = Callable[..., EditorWindow]
AXE = Path(settings.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js"
SIZES = [{"width": 1280, "height": 720}, {"width": 820, "height": 1180}]


@pytest.fixture(params=SIZES, ids=["desk", "tablet"])
def window(
    request: pytest.FixtureRequest, window_of: WindowOf, scan: Image, annotator: User
) -> EditorWindow:
    suggestions.offer(scan, [rectangle(90, 90, 300, 300)], source="model", version="RF-v3")
    outlines.save(scan, annotator, [rectangle(100, 100, 300, 300)], base=0)
    return window_of(annotator, viewport=request.param).open(edit_address(scan))


def violations(page: Page) -> list[str]:
    """What axe finds serious or critical, with the elements."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(
        "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
    )
    return [
        f"{one['id']}: {one['help']}: {[node['html'][:120] for node in one['nodes']]}"
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]


def open_all(page: Page) -> None:
    for summary in page.locator("summary").all():
        summary.click()


def test_axe_finds_nothing_serious_while_outlining(window: EditorWindow) -> None:
    assert violations(window.page) == []
    open_all(window.page)
    assert violations(window.page) == []


def test_axe_finds_nothing_serious_in_the_help(window: EditorWindow) -> None:
    window.press("F1")
    window.page.get_by_role("button", name="Draw a new outline: D").click()
    window.press("r")
    assert violations(window.page) == []


def test_axe_finds_nothing_serious_in_a_review(
    window_of: WindowOf, scan: Image, annotator: User, expert: User
) -> None:
    revision = outlines.save(scan, annotator, [rectangle(100, 100, 300, 300)], base=0)
    annotation = workflow.submit(revision.annotation, annotator)
    window = window_of(expert).open(review_address(annotation))
    window.press("x")
    window.click((200, 200))
    assert violations(window.page) == []
    looking = window_of(annotator).open(edit_address(scan))
    assert violations(looking.page) == []


def test_axe_would_find_a_button_without_a_name(window: EditorWindow) -> None:
    window.page.evaluate("document.querySelector('#editor-tools small').textContent = ''")
    window.page.evaluate("document.querySelector('#editor-tools button').title = ''")
    assert any(one.startswith("button-name") for one in violations(window.page))


def test_tools_have_names_keys_and_states(window: EditorWindow) -> None:
    toolbar = window.page.get_by_role("toolbar", name="Tools")
    redraw = toolbar.get_by_role("button", name="Redraw", exact=True)
    points = toolbar.get_by_role("button", name="Points", exact=True)
    expect(redraw).to_have_attribute("aria-pressed", "true")
    expect(redraw).to_have_attribute("aria-keyshortcuts", "R")
    points.click()
    expect(points).to_have_attribute("aria-pressed", "true")
    expect(redraw).to_have_attribute("aria-pressed", "false")
    undo = toolbar.get_by_role("button", name="Undo", exact=True)
    expect(undo).to_have_attribute("aria-disabled", "true")
    expect(undo).to_have_attribute("aria-keyshortcuts", "Control+Z")
    expect(window.page.get_by_role("status").first).to_be_attached()


def test_the_toolbar_is_one_stop_and_arrows_walk_in_it(window: EditorWindow) -> None:
    toolbar = window.page.get_by_role("toolbar", name="Tools")
    assert toolbar.locator("button[tabindex='0']").count() == 1
    toolbar.locator("button[tabindex='0']").focus()
    first = focused(window.page)
    window.press("ArrowDown")
    assert focused(window.page) != first
    window.press("End", "ArrowDown")
    assert focused(window.page) == first
    window.press("ArrowDown", "Enter")
    assert window.ask("tool") == "vertices"
    window.press("Tab")
    inside = "document.activeElement.closest('[role=toolbar]') !== null"
    assert not window.page.evaluate(inside)
    window.press("Shift+Tab")
    assert focused(window.page) == "vertices"


def focused(page: Page) -> str | None:
    found: str | None = page.evaluate("document.activeElement.dataset.action ?? null")
    return found


def test_tab_goes_from_head_to_tools_to_panel_to_foot(window: EditorWindow) -> None:
    where = (
        "['editor-head', 'editor-tools', 'editor-panel', 'editor-foot']"
        ".find((id) => document.getElementById(id).contains(document.activeElement)) ?? ''"
    )
    order: list[str] = []
    for _ in range(40):
        window.press("Tab")
        place: str = window.page.evaluate(where)
        if place and (not order or order[-1] != place):
            order.append(place)
    assert order[:4] == ["editor-head", "editor-tools", "editor-panel", "editor-foot"]


def test_a_button_that_can_do_no_more_keeps_the_focus(window: EditorWindow) -> None:
    window.press("Delete")
    undo = window.page.get_by_role("toolbar").get_by_role("button", name="Undo", exact=True)
    undo.focus()
    window.press("Enter")
    expect(undo).to_have_attribute("aria-disabled", "true")
    expect(undo).to_be_focused()
    window.press("Enter")
    assert window.message == "There is nothing to undo."


def test_every_target_is_at_least_24_px(window: EditorWindow) -> None:
    open_all(window.page)
    small = window.page.evaluate(
        "[...document.querySelectorAll('button, summary, input, [href], textarea')]"
        ".map((node) => [node.outerHTML.slice(0, 80),"
        " (node.closest('label') ?? node).getBoundingClientRect()])"
        ".filter(([, box]) => box.width && (box.width < 24 || box.height < 24))"
        ".map(([html, box]) => `${html} ${box.width} x ${box.height}`)"
    )
    assert small == []


def test_nothing_moves_by_itself_for_whoever_asks_for_rest(
    window_of: WindowOf, scan: Image, annotator: User
) -> None:
    window = window_of(annotator, reduced_motion="reduce").open(edit_address(scan))
    window.press("F1", "Escape")
    moving = (
        "[...document.querySelectorAll('*')].filter((node) => ['transitionDuration',"
        " 'animationDuration'].some((name) => getComputedStyle(node)[name].split(', ')"
        ".some((time) => parseFloat(time) > 0.01))).map((node) => node.className)"
    )
    assert window.page.evaluate(moving) == []


def test_structures_differ_without_colour(
    window_of: WindowOf, make_scan: Callable[..., Image], annotator: User, study: Study
) -> None:
    legs = sites.create(study, "peroneus", ["PL", "PB"], actor=None)
    scan = make_scan("S-018", site=legs)
    regions = [rectangle(50, 50, 150, 150, "PL"), rectangle(200, 50, 300, 150, "PB")]
    outlines.save(scan, annotator, regions, base=0)
    window = window_of(annotator).open(edit_address(scan))
    dashes = window.page.locator("path.outline").evaluate_all(
        "(lines) => lines.map((line) => line.getAttribute('stroke-dasharray'))"
    )
    assert len(set(dashes)) == 2
    expect(window.page.locator(".layer-numbers text")).to_have_text(["1 PL", "2 PB"])
    halos = window.page.locator(".layer-regions .halo")
    expect(halos).to_have_count(2)
