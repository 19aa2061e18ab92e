"""Structures are told apart wherever they are named; what is said goes when it is over."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from annotation.models import Image, Study
from annotation.services import outlines, sites
from core.models import User
from tests.conftest import rectangle
from tests.e2e.editor_window import EditorWindow, edit_address

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WindowOf = Callable[..., EditorWindow]
DEAD_WORKER = """
  window.Worker = class {
    postMessage() {}
    terminate() {}
    addEventListener(kind, run) { if (kind === "error") setTimeout(run); }
  };
"""


@pytest.fixture
def pair(study: Study, make_scan: Callable[..., Image], annotator: User) -> Image:
    site = sites.create(study, "leg", ["peroneus longus", "peroneus brevis"], actor=None)
    image = make_scan("S-021", site=site)
    regions = [
        rectangle(60, 60, 160, 160) | {"label": "peroneus longus"},
        rectangle(160, 60, 260, 160) | {"label": "peroneus brevis"},
    ]
    outlines.save(image, annotator, regions, base=0)
    return image


@pytest.mark.parametrize("size", [(1280, 720), (768, 1024)])
def test_no_name_of_a_structure_is_cut(
    window_of: WindowOf, pair: Image, annotator: User, size: tuple[int, int]
) -> None:
    window = window_of(annotator, viewport={"width": size[0], "height": size[1]})
    window.open(edit_address(pair))
    expect(window.page.locator(".layer-numbers text")).to_have_text(["1 PL", "2 PB"])
    names = window.page.locator(".structure .title")
    expect(names).to_have_text(["PL peroneus longus", "PB peroneus brevis"])
    expect(names.first).to_have_attribute("title", "peroneus longus")
    for name in names.all():
        assert name.evaluate("node => node.scrollWidth <= node.clientWidth")


def test_a_message_goes_with_what_it_speaks_of(
    window_of: WindowOf, pair: Image, annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(pair))
    message = window.page.locator("[data-piece=message]")
    window.drag((80, 60), (110, 50), (140, 60))
    expect(message).to_contain_text("X takes the other side")
    window.press("Control+z")
    expect(message).to_have_text("")
    window.press("d")
    window.click((200, 250))
    expect(message).to_contain_text("Click on")
    window.press("Escape")
    expect(message).not_to_contain_text("Click on")
    window.press("r")
    window.drag((340, 20), (360, 30), (375, 25))
    expect(message).to_contain_text("Too far")
    window.press("v")
    expect(message).to_have_text("")


def test_a_wire_whose_worker_dies_goes_on_straight_and_says_so(
    window_of: WindowOf, scan: Image, annotator: User
) -> None:
    window = window_of(annotator)
    window.page.add_init_script(DEAD_WORKER)
    window.open(edit_address(scan))
    window.press("w")
    window.click((100, 100), (250, 120), (200, 260))
    expect(window.page.locator("[data-piece=message]")).to_contain_text("this leg is straight")
    window.press("Enter")
    assert len(window.outline) == 3
    window.saved()
