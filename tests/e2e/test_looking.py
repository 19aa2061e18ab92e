"""How the scan is looked at, in Chromium: grey levels, opacities, zoom, the cross, comparisons."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import expect

from annotation.models import Annotation, Assignment, Image
from annotation.services import outlines, suggestions, workflow
from core.models import User
from tests.conftest import rectangle
from tests.e2e.editor_window import EditorWindow, edit_address, review_address

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WindowOf = Callable[..., EditorWindow]


@pytest.fixture
def window(window_of: WindowOf, scan: Image, annotator: User) -> EditorWindow:
    outlines.save(scan, annotator, [rectangle(100, 100, 300, 300)], base=0)
    return window_of(annotator).open(edit_address(scan))


def submitted(image: Image, author: User, region: dict[str, Any]) -> Annotation:
    revision = outlines.save(image, author, [region], base=0)
    return workflow.submit(revision.annotation, author)


def grey_at(window: EditorWindow, x: int, y: int) -> int:
    return window.page.evaluate(
        "([x, y]) => document.querySelector('.editor-stage canvas')"
        ".getContext('2d').getImageData(x, y, 1, 1).data[0]",
        [x, y],
    )


def slide(window: EditorWindow, label: str, value: int) -> None:
    slider = window.page.get_by_label(label, exact=True)
    if not slider.is_visible():
        window.page.get_by_text("Look", exact=True).click()
    slider.fill(str(value))


def test_gamma_lifts_the_dark_and_a_key_shows_the_scan_as_acquired(window: EditorWindow) -> None:
    acquired = grey_at(window, 50, 100)
    slide(window, "Gamma", 60)
    assert grey_at(window, 50, 100) > acquired + 20
    window.page.evaluate("document.querySelector('contour-editor').focus()")
    window.press("n")
    assert grey_at(window, 50, 100) == acquired
    assert window.page.get_by_label("Gamma").input_value() == "0"


def test_fill_and_line_have_their_own_opacity_which_stays(window: EditorWindow) -> None:
    outline = window.page.locator("path.outline")
    assert outline.evaluate("(node) => getComputedStyle(node).fill") == "none"
    slide(window, "Fill", 30)
    slide(window, "Line", 40)
    window.open(window.page.url)
    style = outline.evaluate(
        "(node) => (({fill, fillOpacity, strokeOpacity}) => [fill, fillOpacity, strokeOpacity])"
        "(getComputedStyle(node))"
    )
    assert style[0].startswith("rgb")
    assert style[1:] == ["0.3", "0.4"]


def test_a_held_key_shows_the_bare_scan(window: EditorWindow) -> None:
    window.page.keyboard.down("t")
    expect(window.page.locator(".editor-stage svg")).to_be_hidden()
    window.page.keyboard.up("t")
    expect(window.page.locator(".editor-stage svg")).to_be_visible()


def test_zoom_to_the_outline_and_back(window: EditorWindow) -> None:
    before = window.client((100, 100))
    window.press("z")
    left, top = window.client((100, 100))
    right, bottom = window.client((300, 300))
    box = window.page.locator("[data-piece=stage]").bounding_box()
    assert box
    assert box["x"] < left
    assert right < box["x"] + box["width"]
    assert bottom - top > 0.75 * box["height"]
    window.press("0")
    assert window.client((100, 100)) == pytest.approx(before)


def test_the_edges_have_a_scale_in_mm_at_every_zoom(window: EditorWindow) -> None:
    figures = window.page.locator(".layer-rulers text")
    expect(figures).to_have_text(["mm", "10", "20", "30", "10", "20", "30", "40"])
    window.press("z")
    box = window.page.locator("[data-piece=stage]").bounding_box()
    assert box
    seen = [
        figure.text_content()
        for figure in figures.all()
        if (place := figure.bounding_box())
        and box["x"] <= place["x"] <= box["x"] + box["width"]
        and box["y"] <= place["y"] <= box["y"] + box["height"]
    ]
    assert {"15", "20", "25"} <= set(seen)


def test_the_cross_follows_the_pointer_with_a_scale_in_mm(window: EditorWindow) -> None:
    cross = window.page.locator(".layer-crosshair")
    window.press("k")
    x, y = window.client((150, 120))
    window.page.mouse.move(x, y)
    assert cross.get_attribute("visibility") == "visible"
    ticks = cross.locator("path").last.get_attribute("d") or ""
    ten_mm = window.client((250, 0))[0] - window.client((150, 0))[0]
    at = [float(found) for found in re.findall(r"M([\d.]+) -9V9", ticks)]
    assert min(abs(one - ten_mm) for one in at) < 0.01
    window.press("+")
    assert cross.locator("path").last.get_attribute("d") != ticks
    window.press("k")
    window.page.mouse.move(x + 20, y)
    assert cross.get_attribute("visibility") == "hidden"


def test_the_live_table_tells_area_thickness_grey_and_shape(window: EditorWindow) -> None:
    row = window.page.locator(".structure")
    expect(row.locator("[data-value=csa]")).to_have_text("4.00 cm²")
    expect(row.locator("[data-value=mt]")).to_have_text("20.0 mm")
    expect(row.locator("[data-value=ei]")).to_have_text("90")
    expect(row.locator("[data-value=parts]")).to_have_text("1 part")
    slide(window, "Brightness", 60)
    expect(row.locator("[data-value=ei]")).to_have_text("90")
    expect(window.page.locator("path.thickness")).to_have_count(1)


def test_the_table_follows_what_is_dragged(window: EditorWindow) -> None:
    window.press("v")
    csa = window.page.locator(".structure [data-value=csa]")
    window.page.mouse.move(*window.client((300, 300)))
    window.page.mouse.down()
    for x in (310, 320, 330, 340):
        window.page.mouse.move(*window.client((x, 300)))
    expect(csa).to_have_text("4.40 cm²")
    window.press("Escape")
    expect(csa).to_have_text("4.00 cm²")
    window.page.mouse.up()


def test_q_goes_round_the_outlines_to_compare_with(
    window_of: WindowOf,
    make_scan: Callable[..., Image],
    annotator: User,
    other_annotator: User,
    expert: User,
) -> None:
    before = make_scan("S-017", visit=date(2026, 1, 5))
    scan = make_scan("S-017", visit=date(2026, 3, 2))
    submitted(before, annotator, rectangle(110, 110, 290, 290))
    suggestions.offer(scan, [rectangle(90, 90, 300, 300)], source="model", version="RF-v3")
    for slot, person in enumerate([annotator, other_annotator]):
        Assignment.objects.create(image=scan, person=person, blind=True, slot=slot)
    submitted(scan, other_annotator, rectangle(95, 95, 305, 305))
    under_review = submitted(scan, annotator, rectangle(100, 100, 300, 300))
    window = window_of(expert).open(review_address(under_review))
    names = window.page.locator("[data-comparison]")
    expect(names).to_have_text(["Pre-label RF-v3", "Reading A", "Previous visit, 2026-01-05"])
    expect(window.page.locator("path.other")).to_have_attribute("d", re.compile("M95 95"))
    window.press("q")
    expect(window.page.locator("path.other")).to_have_attribute("d", re.compile("M110 110"))
    expect(names.nth(2)).to_have_attribute("aria-pressed", "true")
    window.press("q")
    expect(window.page.locator("path.other:not([d=''])")).to_have_count(0)
    window.press("q")
    expect(window.page.locator("path.other")).to_have_attribute("d", re.compile("M90 90"))


def test_a_blind_reader_has_nothing_to_compare_with(
    window_of: WindowOf, make_scan: Callable[..., Image], annotator: User
) -> None:
    before = make_scan("S-017", visit=date(2026, 1, 5))
    scan = make_scan("S-017", visit=date(2026, 3, 2))
    submitted(before, annotator, rectangle(110, 110, 290, 290))
    window = window_of(annotator).open(edit_address(scan))
    expect(window.page.locator("[data-comparison]")).to_have_count(1)
    Assignment.objects.create(image=scan, person=annotator, blind=True)
    window.open(edit_address(scan))
    expect(window.page.locator("[data-piece=comparisons]")).to_be_hidden()
