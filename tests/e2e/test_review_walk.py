"""An expert walks through all that waits by keyboard alone: nothing changes unasked."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from annotation.models import Annotation, Image, Reference, Study
from annotation.selectors.queue import ready_for_review
from annotation.services import double_reading, outlines, review, workflow
from core.models import User
from tests.conftest import rectangle
from tests.e2e.editor_window import EditorWindow, edit_address, review_address

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WindowOf = Callable[..., EditorWindow]
SUBJECTS = 8
DONE = "This list is done"
TRIES = 4
PATIENCE = 5000
"""Longer than a press is taken for an echo (`appearance.js`). ms"""


def references() -> dict[int, tuple[int, bool]]:
    """Each reference with its revision, and whether it stands."""
    rows = Reference.objects.values_list("pk", "revision", "superseded_at")
    return {pk: (revision, superseded is None) for pk, revision, superseded in rows}


def submitted(image: Image, person: User, x1: float = 300) -> Annotation:
    revision = outlines.save(image, person, [rectangle(100, 100, x1, 300)], base=0)
    return workflow.submit(revision.annotation, person)


def approve(page: Page) -> None:
    """Presses A, and again where that was taken for an echo: the scan had only just appeared."""
    expect(page.locator(".editor-stage canvas")).to_be_visible()
    shown = page.url
    for _ in range(TRIES):
        page.keyboard.press("a")
        try:
            page.wait_for_url(lambda url: url != shown, timeout=PATIENCE)
        except PlaywrightTimeoutError:
            continue
        return
    raise AssertionError(f"A leads on from {shown} no more: {message_of(page)}")


def message_of(page: Page) -> str:
    return page.locator("[data-piece=message]").inner_text()


def approve_to_the_end(page: Page) -> int:
    """Presses A on every scan of a list until it is done; answers how many there were."""
    for count in range(200):
        done = page.get_by_role("heading", name=DONE)
        expect(done.or_(page.locator(".editor-stage canvas")).first).to_be_visible()
        if done.count():
            return count
        approve(page)
    raise AssertionError("the list has no end")


def test_walking_the_whole_demo_changes_no_reference_that_was_there_before(
    window_of: WindowOf, tmp_path: Path, settings: object
) -> None:
    call_command("demo", "--subjects", str(SUBJECTS))
    study = Study.objects.get(name="demo")
    expert = User.objects.get(memberships__study=study, memberships__role="expert")
    waiting = {one.image_id for one in ready_for_review(expert, study)}
    decided = set(Reference.objects.values_list("image", flat=True))
    before = references()
    assert waiting
    assert not waiting & decided
    page = window_of(expert).page
    seen = 0
    for name in ("review", "pairs"):
        page.goto(f"/studies/demo/board/?list={name}")
        if page.locator("[data-key=Enter]").count():
            page.keyboard.press("Enter")
            page.wait_for_url(re.compile("/review/"))
            seen += approve_to_the_end(page)
    assert seen == len(waiting)
    after = references()
    assert {pk: after[pk] for pk in before} == before
    assert set(Reference.objects.values_list("image", flat=True)) == decided | waiting
    assert not ready_for_review(expert, study).exists()


def test_one_key_takes_the_approval_of_just_now_back(
    window_of: WindowOf, make_scan: Callable[..., Image], annotator: User, expert: User
) -> None:
    first, _ = (submitted(make_scan(f"S-{n}"), annotator) for n in range(2))
    window = window_of(expert).open(f"{review_address(first)}?list=review")
    approve(window.page)
    expect(window.page.locator("[data-piece=message]")).to_have_text(re.compile("Ctrl.Z"))
    window.press("Control+z")
    window.page.wait_for_url(lambda url: f"/{first.pk}/review/" in url)
    first.refresh_from_db()
    assert first.state == Annotation.State.SUBMITTED
    assert Reference.objects.get().superseded_at is not None


def test_the_other_reading_of_a_pair_is_one_key_away_and_can_be_chosen(
    window_of: WindowOf,
    study: Study,
    make_scan: Callable[..., Image],
    annotator: User,
    other_annotator: User,
    admin: User,
    expert: User,
) -> None:
    double_reading.set_share(study, 1.0, actor=admin)
    scan = make_scan("S-2")
    first, second = submitted(scan, annotator), submitted(scan, other_annotator, 320)
    window = window_of(expert).open(f"{review_address(first)}?list=pairs")
    expect(window.page.get_by_text("Reading A of a blind pair")).to_be_visible()
    expect(window.page.get_by_text("edges differ by 2.0 mm at most")).to_be_visible()
    window.press("b")
    expect(window.page.get_by_text("Reading B of a blind pair")).to_be_visible()
    approve(window.page)
    expect(window.page.get_by_role("heading", name=DONE)).to_be_visible()
    reference = Reference.objects.get()
    assert reference.revision.annotation == second
    assert reference.sources.count() == 2


def test_a_second_round_shows_the_pins_and_the_author_answers_them(
    window_of: WindowOf, scan: Image, annotator: User, expert: User
) -> None:
    work = submitted(scan, annotator)
    review.return_(work, 1, expert, "look", [{"x": 100, "y": 200, "text": "the fascia"}])
    window = window_of(annotator).open(edit_address(scan))
    window.page.get_by_role("button", name="Done").click()
    expect(window.page.locator("[data-remark]")).to_have_attribute("aria-pressed", "true")
    work.refresh_from_db()
    workflow.submit(work, annotator)
    window = window_of(expert).open(review_address(work))
    expect(window.page.locator(".deciding h2").first).to_have_text("by annotator · round 2")
    expect(window.page.locator(".pin")).to_have_count(1)
    expect(window.page.get_by_text("marked as done")).to_be_visible()
