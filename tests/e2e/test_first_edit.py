"""The first edit takes over what is offered; accepting it and going on is one key."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from annotation.models import Annotation, Image
from annotation.services import suggestions
from core.models import User
from tests.conftest import rectangle
from tests.e2e.editor_window import EditorWindow, edit_address

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OFFERED = rectangle(100, 100, 300, 300)


@pytest.fixture
def window(
    window_of: Callable[..., EditorWindow],
    scan: Image,
    make_scan: Callable[..., Image],
    annotator: User,
) -> EditorWindow:
    """The first of two scans, with a pre-label that nobody has taken over."""
    make_scan("S-021")
    suggestions.offer(scan, [OFFERED], source="model", version="RF-v3")
    return window_of(annotator).open(edit_address(scan)).seen()


def work() -> list[tuple[str, str]]:
    revisions = Annotation.objects.get().revisions.order_by("number")
    return list(revisions.values_list("origin", "suggestion_version"))


def test_a_first_stroke_takes_the_pre_label_over_and_a_key_goes_on(window: EditorWindow) -> None:
    window.page.mouse.move(*window.client((100, 120)))
    window.page.mouse.down()
    window.page.mouse.move(*window.client((120, 200)), steps=4)
    window.press("Escape")
    window.page.mouse.up()
    window.click((200, 200))
    assert window.regions == []
    window.drag((100, 120), (120, 200), (100, 280))
    assert "Pre-label RF-v3 taken over. Redrawn." in window.message
    assert len(window.outline) > 4
    window.press("Control+z")
    assert window.regions == [OFFERED]
    first = window.page.url
    window.press("Control+Shift+z", "Control+Enter")
    window.page.wait_for_url(lambda address: "edit" in address and address != first)
    assert work()[0] == ("pre-label", "RF-v3")
    assert work()[-1] == ("correction", "RF-v3")
    assert Annotation.objects.get().state == Annotation.State.SUBMITTED


@pytest.mark.parametrize(
    "keys", [("v",), ("g",), ("b",), ("e",), ("o",)], ids=["points", "push", "add", "erase", "move"]
)
def test_so_does_every_tool_that_changes_an_outline(
    window: EditorWindow, keys: tuple[str, ...]
) -> None:
    window.press(*keys)
    start = (100, 100) if keys == ("v",) else (105, 200)
    window.drag(start, (95, 90) if keys == ("v",) else (90, 200))
    assert window.regions
    assert window.regions != [OFFERED]
    window.saved()
    assert work() == [("pre-label", "RF-v3"), ("correction", "RF-v3")]


def test_an_outline_of_ones_own_does_not(window: EditorWindow) -> None:
    window.draw([(150, 150), (250, 150), (250, 250), (150, 250)])
    window.saved()
    assert work() == [("drawn", "")]
    assert len(window.regions) == 1


def test_the_pre_label_as_it_is_and_the_next_scan_are_one_key(window: EditorWindow) -> None:
    first = window.page.url
    window.press("Enter")
    window.page.wait_for_url(lambda address: "edit" in address and address != first)
    assert work() == [("pre-label", "RF-v3")]
    assert Annotation.objects.get().state == Annotation.State.SUBMITTED


def test_what_is_not_shown_is_not_taken_over(window: EditorWindow) -> None:
    window.press("q", "Control+Enter")
    assert "Nothing to submit" in window.message
    assert not Annotation.objects.exists()
