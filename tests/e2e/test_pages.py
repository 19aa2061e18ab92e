"""The pages in Chromium: keys, live progress, no JavaScript, and whether everything can be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image as PillowImage
from playwright.sync_api import Browser, BrowserContext, Page, expect

from annotation.models import Assignment, Image, Site, Study
from annotation.services import outlines, review, suggestions, workflow
from core import plots
from core.models import Job, User
from tests.conftest import PASSWORD, rectangle

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[..., Page]

PAGES = {
    "annotator": ["queue/", "images/", "images/?view=table", "help/"],
    "expert": ["board/", "sites/", "sites/rectus-femoris/"],
    "admin": [
        "",
        "members/",
        "settings/",
        "lock/",
        "jobs/",
        "audit/",
        "new-site/",
        "imports/",
        "subjects/",
        "subjects/S-004/",
        "models/",
        "runs/",
        "report/",
        "agreement/",
        "measurements/",
        "sites/rectus-femoris/retraining/",
        "sites/rectus-femoris/evidence/",
        "sites/rectus-femoris/drift/",
    ],
}

CONTRASTS = """() => {
  const channel = (value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parse = (text) => {
    const numbers = text.match(/[\\d.]+/g).map(Number);
    const scale = text.startsWith("color(") ? 255 : 1;
    return [...numbers.slice(0, 3).map((n) => n * scale), numbers[3] ?? 1];
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour[3] === 1) return colour;
    }
    return [255, 255, 255, 1];
  };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || element.closest("svg, script, option")) continue;
    if (!element.checkVisibility()) continue;
    const [a, b] = [parse(getComputedStyle(element).color), behind(element)].map(luminance);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${walker.currentNode.textContent.trim()}: ${ratio.toFixed(2)}`);
  }
  return poor;
}"""

SMALL_TARGETS = """() => [
    ...document.querySelectorAll("button, .button, summary, nav a, .tabs a, select, input"),
  ]
  .filter((one) => one.checkVisibility() && one.type !== "hidden")
  .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.height < 24 || box.width < 24))
  .map(([html, box]) => `${html} ${box.width}x${box.height}`)"""

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def people(annotator: User, expert: User, admin: User) -> dict[str, User]:
    return {"annotator": annotator, "expert": expert, "admin": admin}


@pytest.fixture
def work(make_image: Callable[..., Image], annotator: User, expert: User) -> list[Image]:
    """Four scans: to draw, submitted, returned, approved."""
    images = [make_image(f"S-{number:03d}", side="right") for number in range(1, 5)]
    for image in images:
        suggestions.offer(image, [rectangle(5, 5, 30, 30)], source="model", version="v1")
    for number, image in enumerate(images[1:], start=1):
        outlines.save(image, annotator, [rectangle(5, 5, 30 + number, 30)], base=0)
        annotation = workflow.submit(image.annotations.get(), annotator)
        if number == 2:
            review.return_(annotation, 1, expert, "The fascia is missed.")
        if number == 3:
            review.approve(annotation, 1, expert)
    return images


@pytest.fixture
def open_page(
    live_server: Any, browser: Browser, client_of: Callable[[User], Client]
) -> Iterator[Open]:
    """`open_page(path, user=None, **context options)`: a page; errors in it fail the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def make(path: str, user: User | None = None, **options: Any) -> Page:
        options = {"viewport": {"width": 1280, "height": 720}, **options}
        context = browser.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        if user is not None:
            session = client_of(user).cookies["myotrace_session"].value
            context.add_cookies(
                [{"name": "myotrace_session", "value": session, "url": live_server.url}]
            )
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda message: errors.append(message.text) if message.type == "error" else None,
        )
        page.goto(path)
        return page

    yield make
    for context in contexts:
        context.close()
    assert not errors


def test_enter_opens_the_next_scan_and_the_next_review(
    open_page: Open, people: dict[str, User], work: list[Image]
) -> None:
    page = open_page("/", people["annotator"])
    page.wait_for_load_state()
    page.keyboard.press("Enter")
    page.wait_for_url("**/edit/")
    page = open_page("/", people["expert"])
    page.wait_for_load_state()
    page.keyboard.press("Enter")
    page.wait_for_url("**/review/?list=review")


def test_a_key_typed_into_a_field_opens_nothing(
    open_page: Open, people: dict[str, User], work: list[Image]
) -> None:
    page = open_page("/studies/lab/board/", people["expert"])
    page.locator("select").first.focus()
    page.keyboard.press("Enter")
    assert page.url.endswith("/board/")


@pytest.mark.parametrize("role", PAGES)
def test_every_page_can_be_read_and_hit_and_fits(
    role: str, open_page: Open, people: dict[str, User], work: list[Image]
) -> None:
    """Contrast 4.5:1 in light and dark, targets of 24 px, no sideways scrolling on a tablet, nor
    there with text at 200 %."""
    page = open_page("/studies/lab/help/", people[role])
    faults = {path: faults_of(page, f"/studies/lab/{path}") for path in PAGES[role]}
    assert {path: found for path, found in faults.items() if found} == {}


def faults_of(page: Page, path: str) -> list[str]:
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(path)
    faults = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        faults += [f"contrast in {scheme}: {one}" for one in page.evaluate(CONTRASTS)]
    faults += [f"small target: {one}" for one in page.evaluate(SMALL_TARGETS)]
    page.set_viewport_size({"width": 768, "height": 1024})
    if page.evaluate(OVERFLOW) > 0:
        faults.append("too wide for a tablet")
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    if page.evaluate(OVERFLOW) > 0:
        faults.append("too wide with text at 200 %")
    return faults


def test_without_javascript_one_logs_in_filters_and_invites(
    open_page: Open, people: dict[str, User], work: list[Image], study: Study
) -> None:
    page = open_page("/studies/lab/images/", java_script_enabled=False)
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("State").select_option("approved")
    page.get_by_role("button", name="Show").click()
    assert "state=approved" in page.url
    expect(page.locator(".card")).to_have_count(1)
    page.goto("/studies/lab/members/")
    page.get_by_label("User name").fill("newcomer")
    page.get_by_role("button", name="Invite").click()
    link = page.get_by_label("Log-in link").input_value()
    assert "/login-link/" in link
    page.locator(".account summary").click()
    page.get_by_role("button", name="Log out").click()
    page.goto("/login-link/" + link.split("/login-link/")[1])
    page.get_by_role("button", name="Log in").click()
    assert page.url.endswith("/studies/lab/queue/")


def test_progress_moves_by_itself_and_nothing_else_does(
    open_page: Open, people: dict[str, User], study: Study
) -> None:
    job = Job.objects.create(
        kind="import_dataset",
        scope=study.name,
        state=Job.State.RUNNING,
        progress=0.1,
        message="file 1 of 10",
        started_at=timezone.now(),
        lease_until=timezone.now() + timedelta(hours=1),
        requested_by=people["admin"],
        fence=1,
    )
    page = open_page("/studies/lab/jobs/", people["admin"])
    expect(page.locator("progress")).to_have_attribute("value", "10")
    before = page.locator("progress").bounding_box()
    Job.objects.filter(pk=job.pk).update(progress=0.6, message="file 6 of 10")
    expect(page.locator("progress")).to_have_attribute("value", "60")
    assert page.locator("progress").bounding_box() == before
    Job.objects.filter(pk=job.pk).update(state=Job.State.DONE, finished_at=timezone.now())
    expect(page.locator("table")).to_contain_text("done")
    expect(page.locator("[hx-trigger]")).to_have_count(0)


def test_a_point_of_a_plot_shows_its_scan_and_the_plot_is_taken_along(
    open_page: Open,
    people: dict[str, User],
    other_annotator: User,
    make_image: Callable[..., Image],
    tmp_path: Path,
) -> None:
    readers = (people["annotator"], other_annotator)
    for number in range(3):
        image = make_image(f"S-{number:03d}", side="right")
        for slot, reader in enumerate(readers):
            Assignment.objects.create(image=image, slot=slot, person=reader, blind=True)
            outlines.save(image, reader, [rectangle(5, 5, 30 + number + slot, 30)], base=0)
            workflow.submit(image.annotations.get(author=reader), reader)
    page = open_page("/studies/lab/agreement/", people["admin"])
    page.locator("a[data-picture]").first.hover()
    expect(page.locator(".peek")).to_contain_text("S-00")
    expect(page.locator(".peek img")).to_have_js_property("complete", True)
    assert page.locator(".peek img").evaluate("(picture) => picture.naturalWidth") == 64
    page.mouse.move(0, 0)
    expect(page.locator(".peek")).to_be_hidden()
    with page.expect_download() as download:
        page.get_by_role("button", name="PNG").first.click()
    download.value.save_as(tmp_path / "plot.png")
    with PillowImage.open(tmp_path / "plot.png") as picture:
        assert picture.width == 2 * plots.WIDTH
        assert len(np.unique(np.asarray(picture.convert("L")))) > 10


def test_menus_close_on_escape_and_on_a_click_elsewhere(
    open_page: Open, people: dict[str, User], site: Site
) -> None:
    page = open_page("/studies/lab/images/", people["admin"])
    menu = page.locator(".account")
    menu.locator("summary").click()
    expect(menu.locator("ul")).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu.locator("ul")).to_be_hidden()
    menu.locator("summary").click()
    page.locator("h1").click()
    expect(menu.locator("ul")).to_be_hidden()


def test_the_keyboard_reaches_the_content_first(
    open_page: Open, people: dict[str, User], site: Site
) -> None:
    page = open_page("/studies/lab/images/", people["annotator"])
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_the_stylesheet_has_no_colour_outside_its_properties() -> None:
    sheet = Path("core/static/core/myotrace.css").read_text()
    rules = sheet.split("*,\n*::before", 1)[1].split("@media print")[0]
    assert [line for line in rules.splitlines() if "#" in line and ": #" in line] == [
        "  stroke: #000000;"
    ]
