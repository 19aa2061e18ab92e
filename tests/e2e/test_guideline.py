"""The guideline in the editor's panel, in Chromium."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from annotation.models import Image
from annotation.services import guideline, outlines, workflow
from core.models import User
from tests.conftest import rectangle
from tests.e2e.editor_window import EditorWindow, edit_address
from tests.e2e.test_accessibility import violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WHY = "It follows the inner edge of the fascia."


@pytest.fixture
def window(
    scan: Image,
    make_image: Callable[..., Image],
    annotator: User,
    other_annotator: User,
    expert: User,
    window_of: Callable[..., EditorWindow],
) -> EditorWindow:
    shown = outlines.save(make_image("S9"), other_annotator, [rectangle(4, 5, 40, 30)], base=0)
    workflow.submit(shown.annotation, other_annotator)
    guideline.show_example(shown, "good", WHY, actor=expert)
    return window_of(annotator).open(edit_address(scan))


def test_the_guideline_opens_by_key_and_its_example_is_enlarged(window: EditorWindow) -> None:
    page = window.page
    example = page.locator(".guideline figure")
    expect(example).to_be_hidden()
    window.press("f", "Shift+G")
    expect(example).to_be_visible()
    expect(example).to_contain_text(f"Good {WHY}")
    small = example.locator("img")
    expect(small).to_have_js_property("complete", True)

    page.get_by_role("button", name=f"Enlarge the example: {WHY}").click()
    dialog = page.get_by_role("dialog", name="Example")
    expect(dialog).to_contain_text(WHY)
    assert dialog.locator("img").bounding_box()["width"] > 2 * small.bounding_box()["width"]  # type: ignore[index]
    assert violations(page) == []
    before = window.ask("tool")
    window.press("d")
    assert window.ask("tool") == before
    window.press("Escape")
    expect(dialog).to_be_hidden()

    page.reload()
    expect(example).to_be_visible()
    window.press("Shift+G")
    expect(example).to_be_hidden()
