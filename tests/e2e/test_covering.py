"""Names on the pictures of an import are covered by drawing over them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from annotation.models import Image, Site, Study
from annotation.selectors.images import pixels
from core.models import Job, User
from core.services import jobs
from tests.annotation.folders import archive, labelme, picture
from tests.e2e.editor_window import EditorWindow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def run_newest() -> None:
    job = Job.objects.filter(kind="import").order_by("-created_at")[0]
    jobs.run(str(job.pk))


def test_a_rectangle_drawn_on_the_picture_is_never_stored(
    window_of: Callable[..., EditorWindow],
    live_server: object,
    study: Study,
    site: Site,
    admin: User,
    tmp_path: Path,
) -> None:
    packed = archive(tmp_path / "a.zip", {"S1/a.png": picture(1), "S1/a.json": labelme("a.png")})
    page = window_of(admin).page
    page.goto(f"{live_server}/studies/lab/imports/")
    page.set_input_files("input[type=file]", str(packed))
    page.select_option("select[name=site]", site.slug)
    page.get_by_role("button", name="Preview", exact=True).click()
    run_newest()
    page.reload()
    whole = page.locator(".masking-picture svg")
    whole.scroll_into_view_if_needed()
    box = whole.bounding_box()
    assert box is not None
    scale = box["width"] / 64
    page.mouse.move(box["x"] + 4 * scale, box["y"] + 4 * scale)
    page.mouse.down()
    page.mouse.move(box["x"] + 24 * scale, box["y"] + 14 * scale, steps=4)
    page.mouse.up()
    expect(page.locator("input[name=mask]")).to_have_value("4,4,20,10")
    expect(page.get_by_role("button", name="Import these files")).to_be_disabled()
    expect(page.get_by_text("Preview again first")).to_be_visible()
    page.locator(".masking-tools").get_by_role("button", name="Preview again").click()
    run_newest()
    page.reload()
    page.get_by_role("button", name="Import these files").click()
    run_newest()

    kept = pixels(Image.objects.get())
    assert kept[4:14, 4:24].max() == 0
    assert kept[20:, :].max() > 0
