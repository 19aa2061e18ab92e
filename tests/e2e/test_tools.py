"""The editor's tools in Chromium: each by pointer and keys, on structures that share a border."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.test import override_settings
from playwright.sync_api import Route, expect
from shapely import Polygon, union_all
from shapely.geometry.base import BaseGeometry

from annotation.models import Image, Study
from annotation.services import outlines, sites
from core.models import User
from tests.conftest import rectangle
from tests.e2e.editor_window import EditorWindow, edit_address

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LEFT = {"label": "PL", "cut": [], "parts": [[[[100, 100], [200, 100], [200, 300], [100, 300]]]]}
RIGHT = {"label": "PB", "cut": [], "parts": [[[[200, 100], [300, 100], [300, 300], [200, 300]]]]}


def shape_of(region: dict[str, Any]) -> BaseGeometry:
    return union_all([Polygon(rings[0], rings[1:]) for rings in region["parts"]])


def area(window: EditorWindow, label: str) -> float:
    return sum(shape_of(one).area for one in window.regions if one["label"] == label)


@pytest.fixture
def window(
    window_of: Callable[..., EditorWindow],
    study: Study,
    make_scan: Callable[..., Image],
    annotator: User,
) -> EditorWindow:
    """PL and PB side by side, 100 x 200 px each; 0.1 mm a px."""
    legs = sites.create(study, "peroneus", ["PL", "PB"], actor=None)
    scan = make_scan("S-018", site=legs)
    outlines.save(scan, annotator, [LEFT, RIGHT], base=0)
    return window_of(annotator).open(edit_address(scan))


@pytest.fixture
def single(
    window_of: Callable[..., EditorWindow], make_scan: Callable[..., Image], annotator: User
) -> EditorWindow:
    """One square of 200 px."""
    scan = make_scan("S-019")
    outlines.save(scan, annotator, [rectangle(100, 100, 300, 300)], base=0)
    return window_of(annotator).open(edit_address(scan))


def test_a_redrawn_border_is_one_border_and_unlinked_it_leaves_a_gap(window: EditorWindow) -> None:
    window.drag((200, 150), (170, 160), (170, 240), (200, 250))
    assert area(window, "PL") + area(window, "PB") == pytest.approx(40_000, abs=0.05)
    assert area(window, "PB") > 22_000
    window.press("Control+z", "l")
    window.drag((200, 150), (170, 160), (170, 240), (200, 250))
    assert area(window, "PL") < 18_000
    assert area(window, "PB") == pytest.approx(20_000, abs=0.05)
    window.saved()


def test_brushes_add_erase_and_hold_alt_for_the_opposite(window: EditorWindow) -> None:
    window.press("b")
    window.drag((195, 200), (215, 200))
    added = area(window, "PL") - 20_000
    assert added > 200
    assert area(window, "PB") == pytest.approx(20_000 - added, abs=0.05)
    window.press("Control+z", "e")
    window.drag((105, 200), (115, 200))
    erased = 20_000 - area(window, "PL")
    assert erased > 200
    window.page.keyboard.down("Alt")
    window.drag((100, 200), (115, 200))
    window.page.keyboard.up("Alt")
    assert area(window, "PL") > 20_000
    window.saved()


def test_a_stroke_leaves_untouched_points_as_they_were(window: EditorWindow) -> None:
    before = {tuple(point) for point in window.outline}
    window.press("e")
    window.drag((105, 200), (110, 200))
    assert before <= {tuple(point) for point in window.outline}


def test_the_brush_changes_its_size_by_keys_and_wheel(window: EditorWindow) -> None:
    window.press("b", "]")
    assert window.message == "Brush: 2.3 mm wide."
    window.press("[", "[")
    assert window.message == "Brush: 1.7 mm wide."
    window.page.mouse.move(*window.client((150, 150)))
    scale = window.client((1, 0))[0] - window.client((0, 0))[0]
    window.page.keyboard.down("Shift")
    window.page.mouse.wheel(0, -100)
    window.page.keyboard.up("Shift")
    expect(window.page.locator("[data-piece=message]")).to_have_text("Brush: 2.0 mm wide.")
    assert window.client((1, 0))[0] - window.client((0, 0))[0] == pytest.approx(scale)


def test_a_brush_apart_from_the_outline_asks_for_shift(single: EditorWindow) -> None:
    single.press("b")
    single.drag((350, 350), (360, 360))
    assert "Hold Shift" in single.message
    assert len(single.regions) == 1
    single.page.keyboard.down("Shift")
    single.drag((350, 350), (360, 360))
    single.page.keyboard.up("Shift")
    assert len(single.regions) == 2


def test_push_goes_out_from_inside_and_in_from_outside(single: EditorWindow) -> None:
    single.press("g")
    single.drag((280, 200), (320, 200))
    assert shape_of(single.regions[0]).bounds[2] > 325
    single.press("Control+z")
    single.drag((330, 200), (290, 200))
    assert shape_of(single.regions[0]).area < 40_000


def test_shift_takes_a_point_off_the_neighbours_border(window: EditorWindow) -> None:
    window.press("v")
    window.page.keyboard.down("Shift")
    window.drag((200, 100), (180, 120))
    window.page.keyboard.up("Shift")
    assert area(window, "PB") == pytest.approx(20_000, abs=0.05)
    assert area(window, "PL") < 20_000
    window.press("Control+z")
    window.drag((200, 100), (180, 120))
    assert area(window, "PB") > 20_000


def test_a_wipe_with_alt_deletes_the_points_it_passes(single: EditorWindow) -> None:
    single.press("b")
    single.drag((200, 100), (200, 90))
    count = len(single.outline)
    assert count > 8
    single.press("v")
    single.page.keyboard.down("Alt")
    single.drag((185, 100), (186, 90), (192, 82), (200, 79), (208, 82), (214, 90), (215, 100))
    single.page.keyboard.up("Alt")
    assert len(single.outline) < count - 4
    assert "points" in single.message


def test_points_are_edited_by_keys_alone(single: EditorWindow) -> None:
    single.press("v", "n", "ArrowLeft", "Shift+ArrowUp", "Alt+ArrowRight")
    assert [99.1, 95] in single.outline
    single.press("i")
    assert len(single.outline) == 5
    single.press("Delete")
    assert len(single.outline) == 4
    single.press("n", "p", "Delete")
    assert len(single.outline) == 3
    single.press("Control+z", "Control+z", "Control+z")
    single.saved()


def test_a_split_gives_the_smaller_piece_away_by_number(window: EditorWindow) -> None:
    window.press("c")
    window.drag((95, 250), (150, 255), (201, 250))
    assert [one["label"] for one in window.regions] == ["PL", "PL", "PB"]
    assert area(window, "PL") == pytest.approx(20_000, abs=0.05)
    window.press("2")
    assert [one["label"] for one in window.regions].count("PB") == 2
    assert 4_000 < 20_000 - area(window, "PL") < 5_500
    window.saved()


def test_a_hole_is_cut_and_a_region_is_joined(window: EditorWindow) -> None:
    window.press("h")
    window.drag((130, 150), (160, 150), (160, 180), (130, 180), (130, 152))
    assert len(window.regions[0]["parts"][0]) == 2
    assert area(window, "PL") == pytest.approx(20_000 - 900, abs=60)
    window.press("u")
    window.click((250, 200))
    assert [one["label"] for one in window.regions] == ["PL"]
    assert area(window, "PL") == pytest.approx(40_000 - 900, abs=60)


def test_a_stretch_is_smoothed_where_the_stroke_runs(single: EditorWindow) -> None:
    single.press("r")
    jagged = [(110 + 10 * step, 100 + 8 * (step % 2)) for step in range(18)]
    single.drag((105, 100), *jagged, (295, 100))
    rough = shape_of(single.regions[0]).length
    assert rough > 830
    single.press("s")
    single.drag((112, 104), (200, 104), (286, 104))
    assert re.search(r"Smoothed: \d+ points before, \d+ now\.", single.message)
    assert shape_of(single.regions[0]).length < rough - 20
    corners = {tuple(np.round(point, 3)) for point in single.outline}
    assert {(300.0, 300.0), (100.0, 300.0)} <= corners


def test_a_stretch_is_simplified_and_what_is_left_of_it_stays(single: EditorWindow) -> None:
    single.press("r")
    jagged = [(110 + 10 * step, 100 + math.sin(2.1 * step)) for step in range(18)]
    single.drag((105, 100), *jagged, (295, 100))
    before = points_of(single)
    single.press("Shift+S")
    single.drag((112, 101), (200, 101), (286, 101))
    assert single.message == "There is nothing to take away; the outline stays as it was."
    assert points_of(single) == before
    single.press("]", "]", "]", "]", "]", "]")
    assert single.message == "Points closer to the line than 2 px go."
    single.drag((112, 101), (200, 101), (286, 101))
    after = points_of(single)
    assert after < before
    assert len(after) <= len(before) - 10
    said = f"Simplified: {len(before)} points before, {len(after)} now."
    assert single.message == said


def points_of(window: EditorWindow) -> set[tuple[float, ...]]:
    return {tuple(point) for point in window.outline}


def test_the_ruler_measures_in_mm_and_changes_nothing(single: EditorWindow) -> None:
    before = single.regions
    single.press("m")
    single.drag((100, 100), (200, 100))
    assert single.message == "Distance: 10.0 mm."
    expect(single.page.locator(".layer-lengths text")).to_have_text("10.0 mm")
    assert single.regions == before


def line_follows_the_edge(window: EditorWindow, to: tuple[float, float]) -> None:
    """Waits for the worker's answer: until then the line to the pointer is straight."""
    line = window.page.locator(".editor-stage path.draft")
    for _ in range(120):
        for x, y in (to, (to[0] - 1, to[1])):
            window.page.mouse.move(*window.client((x, y)))
        window.page.wait_for_timeout(250)
        if line.count() and (line.last.get_attribute("d") or "").count(" ") > 8:
            return
    pytest.fail("the line never followed the edge")


@pytest.mark.parametrize("in_one_file", [True, False])
def test_the_livewire_follows_an_edge_from_click_to_click(
    window_of: Callable[..., EditorWindow],
    make_scan: Callable[..., Image],
    annotator: User,
    in_one_file: bool,
) -> None:
    rows, columns = np.mgrid[0:400, 0:384]
    inside = (columns - 200) ** 2 + (rows - 200) ** 2 < 80**2
    scan = make_scan("S-021", pixels=np.where(inside, 40, 180).astype(np.uint8))
    outlines.save(scan, annotator, [rectangle(140, 140, 260, 260)], base=0)
    with override_settings(EDITOR_IN_ONE_FILE=in_one_file):
        window = window_of(annotator).open(edit_address(scan))
    loaded = window.page.locator("script[type=module]").get_attribute("src") or ""
    assert loaded.endswith("libraries/editor.js") == in_one_file
    window.press("w")
    window.click((143, 143))
    line_follows_the_edge(window, (257, 143))
    window.click((257, 143))
    window.press("Enter")
    window.saved()
    drawn = shape_of(window.regions[0])
    assert drawn.bounds[1] == pytest.approx(120, abs=2)
    assert drawn.bounds[3] == 260
    window.saved()
    put_in = window.regions
    window.press("x")
    assert shape_of(window.regions[0]).area < drawn.area / 2
    window.press("x")
    assert window.regions == put_in
    window.saved()


def test_a_livewire_begun_before_the_scan_is_there_follows_its_edges_once_it_is(
    window_of: Callable[..., EditorWindow], make_scan: Callable[..., Image], annotator: User
) -> None:
    pixels = np.where(np.mgrid[0:400, 0:384][0] < 120, 40, 180).astype(np.uint8)
    window = window_of(annotator)
    held: list[Route] = []
    window.page.route("**/images/*/pixels*", lambda route: held.append(route))
    window.page.goto(edit_address(make_scan("S-021", pixels=pixels)), wait_until="commit")
    expect(window.page.locator(".editor-stage svg")).to_be_visible()
    window.press("w")
    window.click((100, 124))
    expect(window.page.locator("[data-piece=message]")).to_contain_text("Click on along the border")
    assert held
    for request in held:
        request.continue_()
    line_follows_the_edge(window, (300, 124))


def test_the_livewire_takes_the_other_rim_of_a_fascia(
    window_of: Callable[..., EditorWindow], make_scan: Callable[..., Image], annotator: User
) -> None:
    pixels = np.full((400, 384), 50, dtype=np.uint8)
    pixels[100:120] = 200
    window = window_of(annotator).open(edit_address(make_scan("S-021", pixels=pixels)))
    window.press("w")
    window.click((100, 109))
    line = window.page.locator(".editor-stage path.draft").last
    rows = []
    line_follows_the_edge(window, (300, 109))
    for _ in range(2):
        numbers = re.findall(r"[\d.]+", line.get_attribute("d") or "")
        rows.append(np.median([float(number) for number in numbers[1::2]]))
        window.press("x")
    assert sorted(rows) == [pytest.approx(100, abs=1.5), pytest.approx(120, abs=1.5)]


def test_a_locked_structure_is_changed_by_no_tool(window: EditorWindow) -> None:
    lock = window.page.locator("[data-lock=PB]")
    lock.click()
    expect(lock).to_have_attribute("aria-pressed", "true")
    window.press("b")
    window.drag((180, 200), (230, 200), (150, 200), (150, 90))
    assert window.regions[1] == RIGHT
    assert area(window, "PL") > 20_000
    window.press("e")
    window.drag((195, 150), (190, 250))
    assert window.regions[1] == RIGHT
    before = window.regions
    window.press("v")
    window.drag((300, 300), (320, 320))
    assert "PB is locked" in window.message
    window.press("2", "e")
    window.drag((250, 150), (260, 250))
    assert "PB is locked" in window.message
    window.press("Delete", "o", "ArrowLeft")
    assert "PB is locked" in window.message
    assert window.regions == before
    window.press("Shift+L")
    expect(lock).to_have_attribute("aria-pressed", "false")
    window.press("v")
    window.drag((300, 300), (320, 320))
    assert window.regions[1] != RIGHT
    window.saved()
