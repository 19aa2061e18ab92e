"""The contour editor in Chromium, against the live server: drawing, saving, submitting, review."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from annotation.models import Annotation, Image, Issue, Reference, Revision, Site, Study
from annotation.services import outlines, review, sites, suggestions, workflow
from core.models import User
from tests.conftest import rectangle
from tests.e2e.editor_window import (
    EditorWindow,
    HeldRequest,
    Point,
    edit_address,
    review_address,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SQUARE: list[Point] = [(100, 100), (300, 100), (300, 300), (100, 300)]


def numbers(image: Image) -> list[int]:
    revisions = Revision.objects.filter(annotation__image=image).order_by("number")
    return list(revisions.values_list("number", flat=True))


def head(image: Image) -> Revision:
    return Revision.objects.filter(annotation__image=image).latest("number")


def submitted(image: Image, author: User) -> Annotation:
    revision = outlines.save(image, author, [rectangle(100, 100, 300, 300)], base=0)
    return workflow.submit(revision.annotation, author)


def test_it_takes_the_focus_and_gives_the_scan_most_of_the_window(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    window = window_of(annotator).open("/next")
    assert window.page.url.endswith(edit_address(scan))
    assert window.page.evaluate("document.activeElement.localName") == "contour-editor"
    box = window.page.locator("[data-piece=stage]").bounding_box()
    assert box
    assert box["width"] * box["height"] >= 0.7 * 1280 * 720


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1024, 768), (768, 1024)])
def test_nothing_overflows_and_the_scan_is_shown_whole(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User, width: int, height: int
) -> None:
    window = window_of(annotator, viewport={"width": width, "height": height})
    window.open(edit_address(scan))
    size = window.page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    assert size == [width, height]
    box = window.page.locator("[data-piece=stage]").bounding_box()
    assert box
    for corner in [(0.0, 0.0), (384.0, 400.0)]:
        x, y = window.client(corner)
        assert box["x"] <= x <= box["x"] + box["width"]
        assert box["y"] <= y <= box["y"] + box["height"]
    for button in window.page.locator(".decide button, .editor-foot button").all():
        place = button.bounding_box()
        if place:
            assert place["x"] + place["width"] <= width
            assert place["height"] >= 24


def test_image_and_window_convert_both_ways_at_any_zoom(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(scan))
    window.page.mouse.move(*window.client((50, 60)))
    window.page.mouse.wheel(0, -400)
    window.page.keyboard.down("Space")
    window.drag((100, 100), (140, 90))
    window.page.keyboard.up("Space")
    x, y = window.client((123.5, 45.25))
    assert window.ask(f"toImage({x}, {y})") == pytest.approx([123.5, 45.25])
    assert window.regions == []
    window.press("0")
    assert window.client((0, 0))[1] > 0


def test_clicks_draw_an_outline_that_is_measured_and_saved(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(scan))
    assert window.ask("tool") == "draw"
    window.draw(SQUARE)
    window.saved()
    assert np.allclose(window.outline, SQUARE, atol=0.7)
    expect(window.page.locator("[data-value=csa]")).to_have_text(re.compile(r"[34]\.\d\d cm²"))
    expect(window.page.locator("[data-value=mt]")).to_have_text(re.compile(r"(19|20)\.\d mm"))
    expect(window.page.locator("[data-piece=save-state]")).to_have_text(
        re.compile(r"saved \d\d:\d\d:\d\d")
    )
    revision = head(scan)
    assert numbers(scan) == [1]
    assert revision.regions == window.regions
    assert revision.origin == "drawn"
    assert revision.seconds > 0
    assert revision.tools["draw"] == 1


def test_a_free_hand_stroke_draws_an_outline(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(scan))
    window.press("d")
    window.drag(*SQUARE, (100, 110))
    window.saved()
    assert len(head(scan).regions) == 1
    assert len(window.outline) < 12


def test_enter_closes_and_backspace_takes_a_point_back(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(scan))
    window.press("d")
    window.click(*SQUARE, (50, 200))
    window.press("Backspace", "Enter")
    assert np.allclose(window.outline, SQUARE, atol=0.7)


def test_vertices_move_are_inserted_and_deleted_and_all_can_be_undone(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    outlines.save(scan, annotator, [rectangle(100, 100, 300, 300)], base=0)
    window = window_of(annotator).open(edit_address(scan))
    drawn = window.regions
    window.press("v")
    window.drag((100, 100), (80, 90))
    assert any(np.allclose(point, (80, 90), atol=0.7) for point in window.outline)
    window.drag((300, 200), (330, 200))
    assert len(window.outline) == 5
    window.page.keyboard.down("Alt")
    window.click((330, 200))
    window.page.keyboard.up("Alt")
    assert len(window.outline) == 4
    corrected = window.regions
    for _ in range(3):
        window.press("Control+z")
    assert window.regions == drawn
    for _ in range(3):
        window.press("Control+Shift+z")
    assert window.regions == corrected
    window.saved()
    assert head(scan).regions == corrected


def test_a_point_that_would_make_the_outline_cross_itself_goes_back(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    outlines.save(scan, annotator, [rectangle(100, 100, 300, 300)], base=0)
    window = window_of(annotator).open(edit_address(scan))
    drawn = window.regions
    window.press("v")
    window.drag((100, 100), (350, 200))
    assert window.regions == drawn
    assert "cross itself" in window.message


def test_one_stroke_redraws_a_part_and_x_takes_the_other_side(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    outlines.save(scan, annotator, [rectangle(100, 100, 300, 300)], base=0)
    window = window_of(annotator).open(edit_address(scan))
    assert window.ask("tool") == "redraw"
    window.drag((100, 150), (200, 160), (300, 150))
    lower = np.array(window.outline)
    assert lower[:, 1].min() > 140
    window.press("x")
    assert np.array(window.outline)[:, 1].max() < 170
    window.saved()
    assert numbers(scan) == list(range(1, len(numbers(scan)) + 1))
    assert head(scan).regions == window.regions


def test_structures_are_chosen_by_number_and_never_overlap(
    window_of: Callable[..., EditorWindow],
    study: Study,
    make_scan: Callable[..., Image],
    annotator: User,
) -> None:
    legs = sites.create(study, "peroneus", ["PL", "PB"], actor=None)
    scan = make_scan("S-018", site=legs)
    window = window_of(annotator).open(edit_address(scan))
    window.draw(SQUARE)
    window.press("2")
    window.draw([(200, 150), (350, 150), (350, 250), (200, 250)])
    assert [region["label"] for region in window.regions] == ["PL", "PB"]
    assert max(x for x, _ in window.regions[1]["parts"][0][0]) > 340
    assert any(x < 210 and 140 < y < 260 for x, y in window.outline)
    window.press("Delete")
    assert [region["label"] for region in window.regions] == ["PL"]


def test_the_pre_label_is_taken_over_with_one_key_and_corrected(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    suggestions.offer(
        scan, [rectangle(90, 90, 300, 300)], source="model", version="RF-v3", probability=0.91
    )
    window = window_of(annotator).open(edit_address(scan))
    expect(window.page.get_by_text("RF-v3", exact=True)).to_be_visible()
    expect(window.page.get_by_text("0.91")).to_be_visible()
    window.press("a")
    window.saved()
    assert window.regions == [rectangle(90, 90, 300, 300)]
    taken = head(scan)
    assert (taken.origin, taken.suggestion_version) == ("pre-label", "RF-v3")
    window.drag((90, 120), (110, 200), (90, 280))
    window.saved()
    corrected = head(scan)
    assert (corrected.origin, corrected.suggestion_version) == ("correction", "RF-v3")
    assert corrected.number == 2


def test_the_pre_label_that_the_page_showed_is_kept_not_one_that_came_meanwhile(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    shown = suggestions.offer(scan, [rectangle(90, 90, 300, 300)], source="model", version="v3")
    window = window_of(annotator).open(edit_address(scan))
    suggestions.offer(scan, [rectangle(90, 90, 200, 300)], source="model", version="v4")
    window.draw(SQUARE)
    window.saved()
    assert Annotation.objects.get(image=scan).offered == shown


def test_cut_by_the_view_makes_it_visible_csa(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    outlines.save(scan, annotator, [rectangle(100, 100, 300, 300)], base=0)
    window = window_of(annotator).open(edit_address(scan))
    window.page.get_by_role("button", name="left", exact=True).click()
    expect(window.page.locator("[data-value=csa-name]")).to_have_text("visible CSA")
    window.saved()
    assert head(scan).regions[0]["cut"] == ["left"]


@pytest.mark.parametrize(
    ("take", "reason"),
    [
        ({}, "No mm: not calibrated."),
        ({"depth_mm": 40.0}, "No mm: the depth is known, the image area is not."),
    ],
)
def test_without_mm_the_figures_are_in_px_and_the_panel_says_why(
    window_of: Callable[..., EditorWindow],
    make_scan: Callable[..., Image],
    annotator: User,
    take: dict[str, float],
    reason: str,
) -> None:
    scan = make_scan("S-019", spacing=None, take_fields=take)
    window = window_of(annotator).open(edit_address(scan))
    expect(window.page.locator(".why-no-mm")).to_have_text(reason)
    window.draw(SQUARE)
    expect(window.page.locator("[data-value=csa]")).to_have_text(re.compile(r"^\d+ px²$"))
    expect(window.page.locator("[data-value=mt]")).to_have_text(re.compile(r"^\d+\.\d px$"))
    assert " mm" not in window.page.locator(".structure").inner_text()
    window.press("m")
    window.drag((50, 50), (50, 150))
    said = f"Distance: 100 px. {reason}"
    expect(window.page.locator("[data-piece=message]")).to_have_text(said)


def test_a_calibrated_scan_is_in_mm_and_explains_nothing(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(scan))
    window.draw(SQUARE)
    expect(window.page.locator("[data-value=mt]")).to_have_text(re.compile(r" mm$"))
    expect(window.page.locator(".why-no-mm")).to_have_count(0)


def test_a_longitudinal_site_gives_thickness_and_no_csa(
    window_of: Callable[..., EditorWindow],
    study: Study,
    make_scan: Callable[..., Image],
    annotator: User,
) -> None:
    site = sites.create(study, "vastus", ["VL"], plane=Site.Plane.LONGITUDINAL, actor=None)
    scan = make_scan("S-020", site=site)
    window = window_of(annotator).open(edit_address(scan))
    window.draw(SQUARE)
    expect(window.page.locator("[data-value=mt]")).to_have_text(re.compile(r"(19|20)\.\d mm"))
    assert window.page.locator("[data-value=csa]").count() == 0


def test_a_reload_brings_the_saved_work_back(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(scan))
    window.draw(SQUARE)
    window.saved()
    drawn = window.regions
    window.open(edit_address(scan))
    assert window.regions == drawn
    window.press("v")
    window.drag((100, 100), (80, 90))
    window.saved()
    assert numbers(scan) == [1, 2]


def test_work_done_offline_survives_a_reload_and_is_saved_later(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(scan))
    window.page.route("**/annotation", lambda route: _unless_put(route))
    window.draw(SQUARE)
    state = window.page.locator("[data-piece=save-state]")
    expect(state).to_have_text("offline, 1 change kept here")
    drawn = window.regions
    _leave_without_farewell(window.page)
    window.open(edit_address(scan))
    expect(state).to_have_text("offline, 1 change kept here")
    assert window.regions == drawn
    assert numbers(scan) == []
    window.page.unroute("**/annotation")
    window.saved()
    assert numbers(scan) == [1]
    assert head(scan).regions == drawn


def _leave_without_farewell(page: Page) -> None:
    """As a crash does it: the page gets no chance to save once more."""
    page.evaluate("() => { window.fetch = () => new Promise(() => {}); }")


def _unless_put(route: Route) -> None:
    if route.request.method == "PUT":
        route.abort()
    else:
        route.continue_()


def test_signing_out_keeps_the_work(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(scan))
    context = window.page.context
    cookies = context.cookies()
    context.clear_cookies()
    window.draw(SQUARE)
    state = window.page.locator("[data-piece=save-state]")
    expect(state).to_have_text("signed out, 1 change kept here")
    expect(window.page.get_by_text("Sign in in another window")).to_be_visible()
    context.add_cookies(cookies)  # type: ignore[arg-type]
    window.saved()
    assert numbers(scan) == [1]


def test_a_stale_window_gets_a_conflict_and_overwrites_nothing(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    first = window_of(annotator).open(edit_address(scan))
    second = window_of(annotator).open(edit_address(scan))
    second.page.evaluate(
        "document.querySelector('contour-editor')"
        ".addEventListener('conflict', () => (window.conflicts = (window.conflicts ?? 0) + 1))"
    )
    first.draw(SQUARE)
    first.saved()
    second.draw([(50, 50), (150, 50), (150, 150)])
    expect(second.page.locator("[data-piece=save-state]")).to_have_text(re.compile("^conflict"))
    expect(second.page.get_by_text("Saved elsewhere meanwhile")).to_be_visible()
    assert second.page.evaluate("window.conflicts") == 1
    assert numbers(scan) == [1]
    assert head(scan).regions == first.regions
    second.open(edit_address(scan))
    expect(second.page.locator("[data-piece=save-state]")).to_have_text(re.compile("^conflict"))
    mine = second.regions
    second.page.get_by_role("button", name="Save my choice").click()
    second.saved()
    assert numbers(scan) == [1, 2]
    assert head(scan).regions == mine


def test_a_conflict_can_end_with_the_other_window_s_work(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    first = window_of(annotator).open(edit_address(scan))
    second = window_of(annotator).open(edit_address(scan))
    first.draw(SQUARE)
    first.saved()
    second.draw([(50, 50), (150, 50), (150, 150)])
    second.page.get_by_role("button", name="Take the other").click()
    second.saved()
    assert second.regions == first.regions
    assert numbers(scan) == [1]


def test_submitting_opens_the_next_scan(
    window_of: Callable[..., EditorWindow],
    scan: Image,
    make_scan: Callable[..., Image],
    annotator: User,
) -> None:
    following = make_scan("S-021")
    window = window_of(annotator).open(edit_address(scan)).seen()
    window.press("Control+Enter")
    assert "Nothing to submit" in window.message
    window.draw(SQUARE)
    window.press("Control+Enter")
    window.page.wait_for_url(f"**{edit_address(following)}")
    annotation = Annotation.objects.get(image=scan)
    assert annotation.state == Annotation.State.SUBMITTED
    assert numbers(scan) == [1]


def test_submitted_work_is_closed_until_it_is_taken_back(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    submitted(scan, annotator)
    window = window_of(annotator).open(edit_address(scan))
    expect(window.page.get_by_text("Submitted: it waits for an expert.")).to_be_visible()
    assert window.ask("tool") == ""
    window.press("d")
    assert window.ask("tool") == ""
    window.page.get_by_role("button", name="Take it back").click()
    expect(window.page.get_by_role("button", name="Submit")).to_be_visible()
    assert Annotation.objects.get(image=scan).state == Annotation.State.DRAFT


def test_a_decision_without_an_outline_needs_a_reason_and_is_submitted(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(scan))
    window.page.get_by_text("No outline possible").click()
    window.page.get_by_label("Image unusable").check()
    window.page.get_by_label("Reason").fill("no contact with the skin")
    window.page.get_by_role("button", name="Record and submit").click()
    window.page.wait_for_url(lambda url: "/edit/" not in url)
    revision = head(scan)
    assert (revision.decision, revision.reason) == ("unusable", "no contact with the skin")
    assert revision.regions == []
    assert Annotation.objects.get(image=scan).state == Annotation.State.SUBMITTED


def test_a_decision_is_submitted_once_however_often_the_key_is_pressed(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(scan)).seen()
    save = HeldRequest(window.page, "**/annotation")
    posts: list[str] = []
    window.page.on("request", lambda request: posts.append(f"{request.method} {request.url}"))
    window.page.get_by_text("No outline possible").click()
    window.page.get_by_label("Image unusable").check()
    window.page.get_by_label("Reason").fill("no contact with the skin")
    window.press("Control+Enter")
    save.wait()
    window.press("Control+Enter")
    save.route.continue_()
    window.page.wait_for_url(lambda url: "/edit/" not in url)
    submits = [one for one in posts if one.startswith("POST") and one.endswith("/submit")]
    assert len(submits) == 1
    assert Annotation.objects.get(image=scan).state == Annotation.State.SUBMITTED


def test_a_reason_that_is_typed_stays_when_another_has_opened_the_scan(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    window = window_of(annotator)
    reservation = HeldRequest(window.page, "**/reservation")
    window.open(edit_address(scan))
    reservation.wait()
    window.page.get_by_text("No outline possible").click()
    reason = window.page.get_by_label("Reason")
    reason.fill("no contact with the skin")
    reservation.route.fulfill(status=409, json={"detail": "Anna has opened it."})
    expect(window.page.locator("[data-piece=message]")).to_contain_text("Anna has opened it.")
    expect(reason).to_have_value("no contact with the skin")


def test_fingers_draw_without_a_mouse(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    window = window_of(annotator, viewport={"width": 1024, "height": 768}, has_touch=True)
    window.open(edit_address(scan))
    for point in [*SQUARE, SQUARE[0]]:
        window.page.touchscreen.tap(*window.client(point))
    window.saved()
    assert np.allclose(window.outline, SQUARE, atol=0.7)


def test_saving_moves_nothing_on_the_page(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(scan))
    window.page.evaluate(
        "window.shift = 0; new PerformanceObserver((list) => list.getEntries()"
        ".forEach(({value}) => (window.shift += value)))"
        ".observe({type: 'layout-shift', buffered: false})"
    )
    window.draw(SQUARE)
    window.saved()
    window.page.wait_for_timeout(100)
    assert window.page.evaluate("window.shift") == 0


def test_an_expert_approves_with_one_key(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User, expert: User
) -> None:
    annotation = submitted(scan, annotator)
    window = window_of(expert).open("/next")
    assert window.page.url.endswith(review_address(annotation))
    assert window.ask("tool") == ""
    assert window.regions == [rectangle(100, 100, 300, 300)]
    window.press("a")
    window.page.wait_for_url(lambda url: "/review/" not in url)
    reference = Reference.objects.get(image=scan)
    assert (reference.how, reference.accepted_by) == ("single_expert", expert)


def test_an_expert_corrects_and_approves_as_recorded(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User, expert: User
) -> None:
    annotation = submitted(scan, annotator)
    window = window_of(expert).open(review_address(annotation))
    window.press("c")
    assert window.ask("tool") == "redraw"
    window.drag((100, 150), (120, 200), (100, 250))
    corrected = window.regions
    assert corrected != [rectangle(100, 100, 300, 300)]
    assert numbers(scan) == [1]
    window.press("a")
    window.page.wait_for_url(lambda url: "/review/" not in url)
    reference = Reference.objects.get(image=scan)
    assert reference.how == "corrected"
    assert reference.revision.author == expert
    assert reference.revision.regions == corrected
    assert reference.revision.based_on == annotation.revisions.get()


def test_an_expert_returns_with_a_reason_and_a_pinned_remark(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User, expert: User
) -> None:
    annotation = submitted(scan, annotator)
    window = window_of(expert).open(review_address(annotation))
    window.press("x")
    window.page.get_by_label("Reason").fill("The deep fascia is left out.")
    window.click((200, 300))
    window.page.keyboard.type("goes on here")
    window.press("Control+Enter")
    window.page.wait_for_url(lambda url: "/review/" not in url)
    issue = Issue.objects.get()
    assert (issue.x, issue.y) == pytest.approx((200, 300), abs=0.7)
    assert issue.text == "goes on here"
    back = window_of(annotator).open("/next")
    assert back.page.url.endswith(edit_address(scan))
    expect(back.page.get_by_text("The deep fascia is left out.")).to_be_visible()
    expect(back.page.locator(".pin")).to_have_count(1)
    back.press("v")
    back.drag((200, 300), (200, 320))
    back.press("Control+Enter")
    back.page.wait_for_url(lambda url: "/edit/" not in url)
    annotation.refresh_from_db()
    assert annotation.state == Annotation.State.SUBMITTED


def test_a_return_without_a_reason_is_not_sent(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User, expert: User
) -> None:
    annotation = submitted(scan, annotator)
    window = window_of(expert).open(review_address(annotation))
    window.press("x", "Control+Enter")
    assert "Say why" in window.message
    annotation.refresh_from_db()
    assert annotation.state == Annotation.State.SUBMITTED


def test_own_work_has_no_approve_button_but_the_reason(
    window_of: Callable[..., EditorWindow], scan: Image, expert: User
) -> None:
    annotation = submitted(scan, expert)
    window = window_of(expert).open(review_address(annotation))
    expect(window.page.get_by_text("another expert has to review it")).to_be_visible()
    assert window.page.get_by_role("button", name="Approve").count() == 0
    window.press("a")
    annotation.refresh_from_db()
    assert annotation.state == Annotation.State.SUBMITTED


def test_work_that_changed_meanwhile_is_not_approved(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User, expert: User
) -> None:
    annotation = submitted(scan, annotator)
    window = window_of(expert).open(review_address(annotation))
    review.return_(annotation, 1, expert, "not yet")
    outlines.save(scan, annotator, [rectangle(90, 90, 200, 200)], base=1)
    workflow.submit(annotation, annotator)
    window.press("a")
    expect(window.page.locator("[data-piece=message]")).to_have_text(re.compile("Open it again"))
    assert not Reference.objects.exists()


def test_every_button_of_an_action_has_one(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User, expert: User
) -> None:
    outlining = window_of(annotator).open(edit_address(scan))
    reviewing = window_of(expert).open(review_address(submitted(scan, annotator)))
    for window in (outlining, reviewing):
        buttons = window.page.locator("[data-action]:visible")
        assert buttons.count() > 5
        for button in buttons.all():
            assert button.get_attribute("aria-disabled"), button.get_attribute("data-action")


def test_a_held_key_borrows_its_tool(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    outlines.save(scan, annotator, [rectangle(100, 100, 300, 300)], base=0)
    window = window_of(annotator).open(edit_address(scan))
    keyboard = window.page.keyboard
    keyboard.down("v")
    assert window.ask("tool") == "vertices"
    window.drag((100, 100), (80, 90))
    keyboard.up("v")
    assert window.ask("tool") == "redraw"
    assert any(np.allclose(point, (80, 90), atol=0.7) for point in window.outline)
    window.press("v")
    assert window.ask("tool") == "vertices"
    pressed = window.page.get_by_role("toolbar").locator("[aria-pressed=true]")
    expect(pressed).to_have_attribute("data-action", "vertices")


def test_space_drags_the_scan_as_long_as_it_is_held(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(scan))
    before = window.client((0, 0))
    window.page.keyboard.down("Space")
    window.drag((100, 100), (150, 130))
    window.page.keyboard.up("Space")
    assert window.client((0, 0)) != before
    window.draw(SQUARE)
    assert len(window.regions) == 1


def test_letters_typed_into_a_field_are_no_commands(
    window_of: Callable[..., EditorWindow], scan: Image, annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(scan))
    window.page.get_by_text("No outline possible").click()
    window.page.get_by_label("Reason").fill("")
    window.page.keyboard.type("vr")
    assert window.ask("tool") == "draw"
    assert window.page.get_by_label("Reason").input_value() == "vr"


def test_another_study_s_scans_do_not_exist(
    window_of: Callable[..., EditorWindow], scan: Image, stranger: User
) -> None:
    window = window_of(stranger)
    response = window.page.goto(edit_address(scan))
    assert response
    assert response.status == 404
