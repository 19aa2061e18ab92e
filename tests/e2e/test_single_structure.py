"""Single-structure mode in Chromium: one label, one shape, Enter submits and opens the next."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from annotation.models import Annotation, Image, Study
from annotation.services import outlines, sites
from core.models import User
from tests.conftest import rectangle
from tests.e2e.editor_window import EditorWindow, edit_address

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SQUARE = [(200.0, 100.0), (300.0, 100.0), (300.0, 200.0), (200.0, 200.0)]


@pytest.fixture
def scans(study: Study, make_scan: Callable[..., Image], annotator: User) -> list[Image]:
    """Two scans of a site with two structures; PL is outlined on the first."""
    legs = sites.create(study, "peroneus", ["PL", "PB"], actor=None)
    first, second = (make_scan(code, site=legs) for code in ("S-018", "S-019"))
    outlines.save(first, annotator, [rectangle(50, 100, 150, 200, "PL")], base=0)
    return [first, second]


def test_one_structure_is_outlined_and_enter_opens_the_next(
    window_of: Callable[..., EditorWindow], scans: list[Image], annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(scans[0]))
    shown = window.page.locator("[data-piece=single]")
    expect(shown).to_be_hidden()
    window.press("Enter")
    assert Annotation.objects.get().state == Annotation.State.DRAFT
    window.press("Shift+O")
    expect(shown).to_be_visible()
    assert "only PL" in window.message
    window.press("Enter")
    assert "Without an outline: PB" in window.message
    window.press("Enter")
    window.page.wait_for_url(f"**{edit_address(scans[1])}")
    assert Annotation.objects.get(image=scans[0]).state == Annotation.State.SUBMITTED
    expect(shown).to_be_visible()


def test_more_than_one_shape_is_not_submitted_by_enter(
    window_of: Callable[..., EditorWindow], scans: list[Image], annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(scans[0]))
    window.press("Shift+O")
    window.draw(SQUARE)
    window.press("Enter")
    assert "There are 2 outlines of PL" in window.message
    assert Annotation.objects.get().state == Annotation.State.DRAFT


def test_mode_and_structure_are_remembered_for_each_person(
    window_of: Callable[..., EditorWindow], scans: list[Image], annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(scans[0]))
    window.press("Shift+O", "2")
    window.open(edit_address(scans[1]))
    switch = window.page.locator("button[data-action=single]")
    expect(switch).to_have_attribute("aria-pressed", "true")
    expect(window.page.locator("[data-label=PB]")).to_have_attribute("aria-pressed", "true")
    switch.click()
    window.open(edit_address(scans[0]))
    expect(switch).to_have_attribute("aria-pressed", "false")
    expect(window.page.locator("[data-label=PL]")).to_have_attribute("aria-pressed", "true")


def test_a_press_on_another_structure_does_not_choose_it(
    window_of: Callable[..., EditorWindow], scans: list[Image], annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(scans[0]))
    window.press("Shift+O", "2", "r")
    window.click((100, 150))
    expect(window.page.locator("[data-label=PB]")).to_have_attribute("aria-pressed", "true")
    window.press("Enter")
    assert "PB has no outline yet" in window.message
