"""Nothing is lost: full disks, ended sessions, two windows, conflicts, history, the next scan."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, Route, expect

from annotation.models import Annotation, Image, Revision, Study
from annotation.selectors import editor
from annotation.services import outlines, sites, suggestions
from core.models import User
from tests.conftest import rectangle
from tests.e2e.editor_window import FULL_DISK, EditorWindow, edit_address

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Point = tuple[float, float]
SQUARE: list[Point] = [(100, 100), (300, 100), (300, 300), (100, 300)]
TRIANGLE: list[Point] = [(50, 50), (150, 50), (150, 150)]


def numbers(image: Image) -> list[int]:
    revisions = Revision.objects.filter(annotation__image=image).order_by("number")
    return list(revisions.values_list("number", flat=True))


def head(image: Image) -> Revision:
    return Revision.objects.filter(annotation__image=image).latest("number")


def state_of(window: EditorWindow, words: str) -> None:
    expect(window.page.locator("[data-piece=save-state]")).to_have_text(re.compile(words))


def cut_the_network(page: Page) -> None:
    page.route("**/annotation", _no_saves)


def _no_saves(route: Route) -> None:
    if route.request.method == "PUT":
        route.abort()
    else:
        route.continue_()


def test_undo_and_redo_survive_a_reload(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    outlines.save(scan, annotator, [rectangle(100, 100, 300, 300)], base=0)
    window = window_of(annotator).open(edit_address(scan))
    states = [window.regions]
    window.press("v")
    for target in [(80.0, 90.0), (70.0, 70.0)]:
        corner = min(window.outline, key=lambda point: point[0] + point[1])
        window.drag((corner[0], corner[1]), target)
        states.append(window.regions)
    window.press("Control+z")
    window.saved()
    window.open(edit_address(scan))
    assert window.regions == states[1]
    undo = window.page.locator("[data-action=undo]")
    expect(undo).to_have_attribute("aria-disabled", "false")
    window.press("Control+Shift+z")
    assert window.regions == states[2]
    window.press("Control+z", "Control+z")
    assert window.regions == states[0]
    window.saved()
    assert head(scan).regions == states[0]


def test_a_reload_during_a_save_shows_the_newest(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    """The server writes the page before the save comes, the browser shows it after."""
    outlines.save(scan, annotator, [rectangle(100, 100, 300, 300)], base=0)
    window = window_of(annotator).open(edit_address(scan))
    window.press("v")
    window.drag((100, 100), (80, 90))
    window.saved()
    assert numbers(scan) == [1, 2]

    def late(route: Route) -> None:
        written = route.fetch()
        for _ in range(100):
            if len(numbers(scan)) > 2:
                break
            window.page.wait_for_timeout(50)
        route.fulfill(response=written)

    window.page.route(f"**{edit_address(scan)}", late, times=1)
    window.press("Control+z")
    window.open(edit_address(scan))
    window.saved()
    expect(window.page.locator(".editor-stage canvas")).to_be_visible()
    window.saved()
    assert numbers(scan) == [1, 2, 3]
    assert window.regions == [rectangle(100, 100, 300, 300)]
    window.press("Control+Shift+z")
    window.saved()
    assert numbers(scan) == [1, 2, 3, 4]
    state_of(window, "^saved")


def test_a_page_that_is_left_hands_over_what_its_journal_had_no_time_for(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    outlines.save(scan, annotator, [rectangle(100, 100, 300, 300)], base=0)
    window = window_of(annotator).open(edit_address(scan))
    cut_the_network(window.page)
    window.page.evaluate("() => { IDBObjectStore.prototype.put = () => {}; }")
    window.press("v")
    window.drag((100, 100), (80, 90))
    window.press("Control+z", "Control+Shift+z")
    drawn = window.regions
    window.open(edit_address(scan))
    assert window.regions == drawn
    window.page.unroute("**/annotation")
    window.page.evaluate("window.dispatchEvent(new Event('online'))")
    window.saved()
    assert head(scan).regions == drawn
    state_of(window, "^saved")


def test_a_full_disk_is_said_and_the_server_still_gets_the_work(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    window = window_of(annotator)
    window.page.add_init_script(FULL_DISK)
    window.open(edit_address(scan))
    cut_the_network(window.page)
    window.draw(SQUARE)
    state_of(window, "offline, 1 change only in this window")
    expect(window.page.get_by_text("This browser has no room")).to_be_visible()
    window.page.unroute("**/annotation")
    window.saved()
    assert numbers(scan) == [1]
    expect(window.page.get_by_text("This browser has no room")).to_be_hidden()


def test_a_disk_that_fills_up_in_the_middle_of_a_stroke_loses_nothing(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    outlines.save(scan, annotator, [rectangle(100, 100, 300, 300)], base=0)
    window = window_of(annotator).open(edit_address(scan))
    cut_the_network(window.page)
    window.press("b")
    begin_a_stroke(window)
    window.page.evaluate(f"() => {{ {FULL_DISK} }}")
    window.page.mouse.up()
    state_of(window, "offline, 1 change only in this window")
    expect(window.page.get_by_text("This browser has no room")).to_be_visible()
    drawn = window.regions
    assert drawn != [rectangle(100, 100, 300, 300)]
    window.page.unroute("**/annotation")
    window.saved()
    assert head(scan).regions == drawn == window.regions


def test_a_session_that_ends_in_the_middle_of_a_stroke_loses_nothing(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    outlines.save(scan, annotator, [rectangle(100, 100, 300, 300)], base=0)
    window = window_of(annotator).open(edit_address(scan))
    window.press("b")
    begin_a_stroke(window)
    Session.objects.all().delete()
    window.page.mouse.up()
    state_of(window, "signed out, 1 change kept here")
    with window.page.context.expect_page() as opened:
        window.page.get_by_text("Sign in in another window").click()
    expect(opened.value.get_by_label("Password").first).to_be_visible()
    drawn = window.regions
    again = window_of(annotator).page.context.cookies()
    window.page.context.add_cookies(again)  # type: ignore[arg-type]
    window.saved()
    assert head(scan).regions == drawn == window.regions


def begin_a_stroke(window: EditorWindow) -> None:
    """From inside the outline out over its right border, the button still down."""
    window.page.mouse.move(*window.client((280, 200)))
    window.page.mouse.down()
    window.page.mouse.move(*window.client((320, 200)), steps=5)


def test_work_goes_to_nobody_else_who_signed_in_meanwhile(
    window_of: Callable[..., EditorWindow],
    scan: Image,
    annotator: User,
    expert: User,
) -> None:
    window = window_of(annotator).open(edit_address(scan))
    mine = window.page.context.cookies()
    theirs = window_of(expert).page.context.cookies()
    window.page.context.add_cookies(theirs)  # type: ignore[arg-type]
    window.draw(SQUARE)
    state_of(window, "not allowed, 1 change kept here")
    expect(window.page.get_by_text("Somebody else is signed in here now.")).to_be_visible()
    assert numbers(scan) == []
    window.page.context.add_cookies(mine)  # type: ignore[arg-type]
    window.saved()
    assert Annotation.objects.get(image=scan).author == annotator


def test_what_a_newer_version_left_is_kept_and_not_touched(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(scan))
    cut_the_network(window.page)
    window.draw(SQUARE)
    state_of(window, "offline")
    window.page.evaluate("() => { window.fetch = () => new Promise(() => {}) }")
    context = window.page.context
    window.page.close(run_before_unload=False)
    window = EditorWindow(context.new_page())
    window.page.goto("/profile/")
    window.page.evaluate(
        """async () => {
          localStorage.clear();
          const open = indexedDB.open("myotrace-journal");
          await new Promise((done) => (open.onsuccess = done));
          const store = open.result.transaction("entries", "readwrite").objectStore("entries");
          const all = store.getAll();
          await new Promise((done) => (all.onsuccess = done));
          for (const entry of all.result) store.put({ ...entry, schema: 99 });
          await new Promise((done) => (store.transaction.oncomplete = done));
          open.result.close();
        }"""
    )
    window.open(edit_address(scan))
    expect(window.page.get_by_text("Made with a newer version")).to_be_visible()
    window.press("d")
    assert window.ask("tool") == ""
    assert numbers(scan) == []


def test_work_left_offline_goes_up_from_another_scan(
    window_of: Callable[..., EditorWindow],
    scan: Image,
    make_scan: Callable[..., Image],
    annotator: User,
) -> None:
    other = make_scan("S-021")
    window = window_of(annotator).open(edit_address(scan))
    cut_the_network(window.page)
    window.draw(SQUARE)
    state_of(window, "offline")
    window.page.evaluate("() => { window.fetch = () => new Promise(() => {}); }")
    window.open(edit_address(other))
    assert numbers(scan) == []
    window.page.unroute("**/annotation")
    window.page.evaluate("window.dispatchEvent(new Event('online'))")
    for _ in range(50):
        if numbers(scan):
            break
        window.page.wait_for_timeout(100)
    assert numbers(scan) == [1]
    assert numbers(other) == []


def test_other_scans_with_unsaved_changes_are_listed_until_they_are_saved(
    window_of: Callable[..., EditorWindow],
    scan: Image,
    make_scan: Callable[..., Image],
    annotator: User,
) -> None:
    other = make_scan("S-021")
    window = window_of(annotator).open(edit_address(scan))
    cut_the_network(window.page)
    window.draw(SQUARE)
    state_of(window, "offline")
    window.page.evaluate("() => { window.fetch = () => new Promise(() => {}); }")
    theirs = outlines.save(scan, annotator, [rectangle(50, 50, 80, 80)], base=0)
    window.page.unroute("**/annotation")
    window.open(edit_address(other))
    leftovers = window.page.locator("[data-piece=leftovers]")
    expect(leftovers).to_contain_text("Other scans with unsaved changes")
    assert head(scan) == theirs
    leftovers.get_by_role("link", name="S-017").click()
    state_of(window, "^conflict")
    window.page.get_by_role("button", name="Save my choice").click()
    window.saved()
    assert numbers(scan) == [1, 2]
    window.open(edit_address(other))
    expect(window.page.locator("[data-piece=message]")).to_be_attached()
    expect(leftovers).to_be_hidden()


def test_work_of_a_newer_version_is_shown_and_not_touched(
    window_of: Callable[..., EditorWindow],
    scan: Image,
    annotator: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outlines.save(scan, annotator, [rectangle(100, 100, 300, 300)], base=0)
    monkeypatch.setattr(editor, "SCHEMA", editor.SCHEMA + 1)
    window = window_of(annotator).open(edit_address(scan))
    expect(window.page.get_by_text("Made with a newer version")).to_be_visible()
    assert len(window.outline) == 4
    window.press("v")
    window.drag((100, 100), (50, 50))
    window.press("Delete", "Control+Enter")
    assert window.ask("tool") == ""
    assert len(window.outline) == 4
    assert numbers(scan) == [1]


def test_a_region_off_the_image_can_be_seen_and_corrected(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    suggestions.offer(scan, [rectangle(-60, 100, 200, 460)], source="model", version="RF-v1")
    window = window_of(annotator).open(edit_address(scan))
    window.press("a")
    window.saved()
    window.press("v")
    window.drag((200, 100), (220, 120))
    window.saved()
    points = np.array(head(scan).regions[0]["parts"][0][0])
    assert points.min() >= 0
    assert (points.max(axis=0) <= (384, 400)).all()
    assert np.allclose(np.array(window.outline), points)


def test_two_structures_that_were_swapped_are_put_right_and_saved(
    window_of: Callable[..., EditorWindow],
    study: Study,
    make_scan: Callable[..., Image],
    annotator: User,
) -> None:
    legs = sites.create(study, "peroneus", ["PL", "PB"], actor=None)
    scan = make_scan("S-018", site=legs)
    pl, pb = rectangle(50, 100, 150, 200, "PB"), rectangle(200, 100, 300, 200, "PL")
    outlines.save(scan, annotator, [pl, pb], base=0)
    window = window_of(annotator).open(edit_address(scan))
    for number, points in [
        ("1", [(50, 100), (150, 100), (150, 200), (50, 200)]),
        ("2", [(200, 100), (300, 100), (300, 200), (200, 200)]),
    ]:
        window.press("r")
        window.click((points[0][0] + 50, 150))
        window.press("Delete", number)
        window.draw(points)
    window.saved()
    found = {region["label"]: region for region in head(scan).regions}
    assert set(found) == {"PL", "PB"}
    assert np.array(found["PL"]["parts"][0][0])[:, 0].max() <= 151
    assert np.array(found["PB"]["parts"][0][0])[:, 0].min() >= 199


def test_an_outline_of_twenty_thousand_points_is_corrected_and_saved(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    angles = np.linspace(0, 2 * np.pi, 20_000, endpoint=False)
    ring = np.round(np.stack([190 + 140 * np.cos(angles), 200 + 140 * np.sin(angles)], 1), 3)
    many = {"label": "RF", "cut": [], "parts": [[ring.tolist()]]}
    before = outlines.save(scan, annotator, [many], base=0)
    window = window_of(annotator).open(edit_address(scan))
    assert len(window.outline) == len(before.regions[0]["parts"][0][0])
    window.press("b")
    window.drag((320, 200), (340, 200))
    window.saved()
    assert numbers(scan) == [1, 2]
    assert np.array(head(scan).regions[0]["parts"][0][0])[:, 0].max() > 340


def test_a_second_tab_looks_on_until_it_takes_over(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    suggestions.offer(scan, [rectangle(90, 90, 310, 310)], source="model", version="RF-v1")
    first = window_of(annotator).open(edit_address(scan))
    first.draw(SQUARE)
    first.saved()
    second = EditorWindow(first.page.context.new_page()).open(edit_address(scan))
    expect(second.page.get_by_text("Open in another window")).to_be_visible()
    for name in ["Submit", "Take over", "left"]:
        expect(first.page.get_by_role("button", name=name)).to_be_visible()
        expect(second.page.get_by_role("button", name=name)).to_be_hidden()
    second.press("v")
    assert second.ask("tool") == ""
    first.press("v")
    first.drag((100, 100), (80, 90))
    second.page.get_by_role("button", name="Work here instead").click()
    expect(second.page.get_by_text("Open in another window")).to_be_hidden()
    expect(first.page.get_by_text("Open in another window")).to_be_visible()
    assert any(np.allclose(point, (80, 90), atol=0.7) for point in second.outline)
    second.press("v")
    second.drag((300, 300), (320, 310))
    second.saved()
    assert numbers(scan) == [1, 2, 3]
    assert first.ask("tool") == ""


def test_a_conflict_is_settled_structure_by_structure(
    window_of: Callable[..., EditorWindow],
    study: Study,
    make_scan: Callable[..., Image],
    annotator: User,
) -> None:
    legs = sites.create(study, "peroneus", ["PL", "PB"], actor=None)
    scan = make_scan("S-018", site=legs)
    pl, pb = rectangle(50, 100, 150, 200, "PL"), rectangle(200, 100, 300, 200, "PB")
    outlines.save(scan, annotator, [pl, pb], base=0)
    window = window_of(annotator).open(edit_address(scan))
    their_pl, their_pb = rectangle(40, 90, 150, 200, "PL"), rectangle(200, 100, 330, 240, "PB")
    outlines.save(scan, annotator, [their_pl, their_pb], base=1)
    window.press("v")
    window.drag((50, 100), (60, 120))
    window.drag((300, 200), (310, 220))
    state_of(window, "^conflict")
    mine = window.regions
    choices = window.page.locator("[data-piece=choices]")
    expect(choices.locator(".row")).to_have_count(2)
    choices.locator(".row").nth(1).get_by_role("button", name="Theirs").click()
    assert window.regions == [mine[0], their_pb]
    window.press("Control+z")
    assert window.regions == mine
    choices.locator(".row").nth(1).get_by_role("button", name="Theirs").click()
    expect(window.page.locator(".layer-other .other")).to_have_attribute("d", re.compile("M40 90"))
    window.page.get_by_role("button", name="Save my choice").click()
    window.saved()
    assert numbers(scan) == [1, 2, 3]
    assert head(scan).regions == [mine[0], their_pb]
    assert Revision.objects.get(annotation__image=scan, number=2).regions == [their_pl, their_pb]


def test_nothing_is_taken_over_or_submitted_during_a_conflict(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    suggestions.offer(scan, [rectangle(90, 90, 310, 310)], source="model", version="RF-v1")
    outlines.save(scan, annotator, [rectangle(100, 100, 300, 300)], base=0)
    window = window_of(annotator).open(edit_address(scan))
    outlines.save(scan, annotator, [rectangle(80, 80, 300, 300)], base=1)
    window.press("v")
    window.drag((300, 300), (320, 310))
    state_of(window, "^conflict")
    mine = window.regions
    for name, key in [("take-over", "a"), ("submit", "Control+Enter"), ("submit", "Enter")]:
        button = window.page.locator(f"button[data-action={name}]")
        expect(button).to_have_attribute("aria-disabled", "true")
        window.press(key)
        assert "Choose in the panel first" in window.message
    assert window.regions == mine
    assert Annotation.objects.get().state == Annotation.State.DRAFT
    window.page.get_by_role("button", name="Save my choice").click()
    window.saved()
    for name in ("take-over", "submit"):
        button = window.page.locator(f"button[data-action={name}]")
        expect(button).to_have_attribute("aria-disabled", "false")


def test_a_revision_is_compared_and_comes_back_as_a_new_one(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    first = outlines.save(scan, annotator, [rectangle(100, 100, 300, 300)], base=0)
    outlines.save(scan, annotator, [rectangle(100, 100, 340, 300)], base=1)
    window = window_of(annotator).open(edit_address(scan))
    window.page.get_by_text("History").click()
    window.page.get_by_title("Compare revision 1").click()
    expect(window.page.get_by_text("moved by up to 4.0 mm")).to_be_visible()
    expect(window.page.locator(".layer-marks .moved")).to_have_attribute("d", re.compile("M"))
    window.page.get_by_role("button", name="Bring it back").click()
    window.saved()
    assert numbers(scan) == [1, 2, 3]
    assert head(scan).regions == first.regions
    assert head(scan).based_on == first
    window.press("Control+z")
    window.saved()
    assert head(scan).regions == [rectangle(100, 100, 340, 300)]


def test_enter_submits_and_the_next_scan_is_there_in_the_same_page(
    window_of: Callable[..., EditorWindow],
    scan: Image,
    make_scan: Callable[..., Image],
    annotator: User,
) -> None:
    following, last = make_scan("S-021"), make_scan("S-022")
    window = window_of(annotator).open(edit_address(scan))
    window.page.evaluate("window.isSamePage = true")
    for done, coming in [(scan, following), (following, last)]:
        window.draw(SQUARE)
        window.saved()
        window.page.wait_for_load_state("networkidle")
        window.press("Enter")
        window.page.wait_for_url(f"**{edit_address(coming)}")
        assert Annotation.objects.get(image=done).state == Annotation.State.SUBMITTED
        assert window.regions == []
        assert window.page.locator("contour-editor").count() == 1
        assert window.page.evaluate("document.activeElement.localName") == "contour-editor"
    assert window.page.evaluate("window.isSamePage")
    assert "S-022" in window.page.title()
    window.page.go_back()
    expect(window.page.get_by_text("Submitted: it waits for an expert.")).to_be_visible()
    assert window.page.url.endswith(edit_address(following))
    assert window.page.evaluate("window.isSamePage")
    window.page.go_forward()
    expect(window.page.get_by_role("button", name="Submit")).to_be_visible()
    window.draw(SQUARE)
    window.saved()
    assert numbers(last) == [1]
