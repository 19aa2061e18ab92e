"""Keys and the help overlay in Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from annotation.models import Image
from annotation.services import outlines
from core.models import User
from tests.conftest import rectangle
from tests.e2e.editor_window import EditorWindow, edit_address

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WindowOf = Callable[..., EditorWindow]


@pytest.fixture
def window(window_of: WindowOf, scan: Image, annotator: User) -> EditorWindow:
    outlines.save(scan, annotator, [rectangle(100, 100, 300, 300)], base=0)
    return window_of(annotator).open(edit_address(scan))


def change_key(window: EditorWindow, label: str, key: str) -> None:
    window.page.get_by_role("button", name=re.compile(f"^{label}:")).click()
    window.press(key)


@pytest.mark.parametrize("key", ["?", "F1"])
def test_help_opens_with_either_key_and_lists_the_registry(window: EditorWindow, key: str) -> None:
    window.press(key)
    dialog = window.page.get_by_role("dialog", name="Keys")
    expect(dialog).to_contain_text("Redraw part of an outline")
    expect(dialog).to_contain_text("Hold to drag the scan")
    window.press("Escape")
    expect(dialog).to_be_hidden()


def test_a_changed_key_works_at_once_and_after_a_reload(window: EditorWindow) -> None:
    window.press("F1")
    change_key(window, "Move, insert and delete points", "k")
    expect(window.page.locator("[data-piece=key-message]")).to_contain_text("K is now")
    window.press("Escape")
    window.press("v")
    assert window.ask("tool") == "redraw"
    window.press("k")
    assert window.ask("tool") == "vertices"
    window.open(window.page.url)
    button = window.page.get_by_role("toolbar").locator("[data-action=vertices]")
    expect(button).to_have_attribute("aria-keyshortcuts", "K")
    expect(button.locator("kbd")).to_have_text("K")
    window.press("k")
    assert window.ask("tool") == "vertices"


def test_a_conflict_is_shown_and_one_button_restores_all(window: EditorWindow) -> None:
    window.press("F1")
    change_key(window, "Draw a new outline", "r")
    conflicts = window.page.locator("[data-conflict]")
    expect(conflicts).to_have_count(2)
    expect(conflicts.first).to_contain_text("R is also")
    window.page.get_by_role("button", name="Restore all keys").click()
    expect(conflicts).to_have_count(0)
    window.press("Escape")
    window.press("d")
    assert window.ask("tool") == "draw"


def test_escape_leaves_a_key_as_it_is_and_the_overlay_open(window: EditorWindow) -> None:
    window.press("F1")
    change_key(window, "Draw a new outline", "Escape")
    expect(window.page.get_by_role("dialog")).to_be_visible()
    button = window.page.get_by_role("button", name=re.compile("^Draw a new outline: D"))
    expect(button).to_be_focused()
    change_key(window, "Draw a new outline", "F5")
    expect(window.page.locator("[data-piece=key-message]")).to_contain_text("browser keeps F5")


def test_single_characters_can_be_switched_off(window: EditorWindow) -> None:
    window.press("F1")
    window.page.get_by_label("Letters, digits and signs alone are keys").uncheck()
    window.press("Escape")
    window.press("v", "d", "?")
    assert window.ask("tool") == "redraw"
    expect(window.page.get_by_role("dialog")).to_be_hidden()
    window.page.get_by_role("toolbar").locator("[data-action=vertices]").click()
    window.drag((100, 100), (80, 90))
    assert window.regions != [rectangle(100, 100, 300, 300)]
    window.press("Control+z")
    assert window.regions == [rectangle(100, 100, 300, 300)]
