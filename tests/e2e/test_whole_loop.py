"""Once around the loop in Chromium, with the real processes: import, seal, train, promote,
pre-label, correct, approve, train again; as admin, annotator and expert."""

from __future__ import annotations

import io
import json
import re
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from domain import phantom
from domain.labelme_export import new_document
from tests.faults.installation import Installation

pytestmark = pytest.mark.browser
SITE = "rectus-femoris"
LEARNT, FRESH = 14, 3
PATIENCE_MS = 240_000
STUDY = "/studies/loop/"


def archive(subjects: Sequence[phantom.PhantomSubject], *, outlined: bool) -> bytes:
    """A zip of phantom scans with a manifest, and with LabelMe files if `outlined`."""
    packed = io.BytesIO()
    rows = ["image,labelme,subject,site,side,depth_mm,image_area"]
    with zipfile.ZipFile(packed, "w") as file:
        for subject in subjects:
            name = f"S{subject.number:03d}"
            picture = phantom.scan(subject, SITE)
            image = io.BytesIO()
            Image.fromarray(picture.pixels).save(image, format="PNG")
            file.writestr(f"{name}.png", image.getvalue())
            if outlined:
                height, width = picture.pixels.shape
                document = new_document(
                    picture.regions, image_path=f"{name}.png", width=width, height=height
                )
                file.writestr(f"{name}.json", json.dumps(document))
            labelme = f"{name}.json" if outlined else ""
            rows.append(f"{name}.png,{labelme},{name},{SITE},right,40,full")
        file.writestr("manifest.csv", "\n".join(rows))
    return packed.getvalue()


class Person:
    """Somebody in a browser of their own."""

    def __init__(self, browser: Browser, here: Installation, link: str) -> None:
        self.here = here
        self.page: Page = browser.new_context(
            viewport={"width": 1280, "height": 720}, base_url=f"http://127.0.0.1:{here.port}"
        ).new_page()
        self.page.set_default_timeout(60_000)
        self.page.on("dialog", lambda dialog: dialog.accept())
        self.page.goto(link)
        self.page.get_by_role("button", name=re.compile("log in", re.IGNORECASE)).click()
        self.page.wait_for_url(re.compile(r"^(?!.*login-link)"))

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).first.click()

    def look(self) -> None:
        """The scan is there and was looked at: from now on it may be decided on."""
        expect(self.page.locator(".editor-stage canvas")).to_be_visible()
        self.page.keyboard.press("0")

    def reload_until(self, text: str | re.Pattern[str]) -> None:
        """Look again until the page says it."""
        for _ in range(PATIENCE_MS // 2000):
            if self.page.get_by_text(text).first.is_visible():
                return
            self.page.wait_for_timeout(2000)
            self.page.reload()
        pytest.fail(f"{self.page.url} never said {text!r}: {self.page.inner_text('main')}")


def bring_in(admin: Person, packed: bytes, state: str) -> None:
    """Upload an archive, look at the preview, take it."""
    page = admin.page
    page.goto(STUDY + "imports/")
    page.set_input_files(
        "input[type=file]", {"name": "scans.zip", "mimeType": "application/zip", "buffer": packed}
    )
    page.select_option("select[name=state]", state)
    admin.press("Preview")
    page.get_by_label("I looked at the pictures").check(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Import these files").click(timeout=PATIENCE_MS)
    expect(page.get_by_text("This became of the files:")).to_be_visible(timeout=PATIENCE_MS)


def split(admin: Person) -> None:
    admin.page.goto(STUDY + "settings/")
    admin.page.get_by_role("button", name=re.compile(r"^Split \d+")).click()


def invite(admin: Person, name: str, role: str) -> str:
    """Make a member; the link that logs them in."""
    admin.page.goto(STUDY + "members/")
    admin.page.fill("input[name=name]", name)
    admin.page.check(f"input[name=role][value={role}]")
    admin.press("Invite")
    return admin.page.input_value("input[data-select]")


def wait_for_job(admin: Person) -> None:
    expect(admin.page.locator("main")).to_contain_text(
        re.compile(r"\b(done|failed|cancelled)\b"), timeout=PATIENCE_MS
    )
    expect(admin.page.locator("main")).to_contain_text("done")


def test_once_around_the_loop(browser: Browser, tmp_path: Path) -> None:
    people = list(phantom.cohort(LEARNT + FRESH, 7))
    here = Installation(tmp_path)
    assert here.manage("migrate").returncode == 0
    link = here.manage("create_user", "ada", "--role", "admin").stdout.strip()
    with here.process([sys.executable, "manage.py", "serve", "--no-demo"]):
        here.wait_until_it_answers(180)
        admin = Person(browser, here, link)
        page = admin.page

        page.goto("/new-study/")
        page.fill("input[name=title]", "Loop")
        page.locator("main form button[type=submit]").click()
        bring_in(admin, archive(people[:LEARNT], outlined=True), "reference")
        split(admin)
        page.goto(STUDY + "lock/")
        page.get_by_text("Seal the test set", exact=True).click()
        page.fill("input[name=confirmation]", SITE)
        page.get_by_role("button", name=re.compile("^Seal ")).click()
        expect(page.locator("body")).to_contain_text("Sealed: version 1")

        page.goto(STUDY + "runs/start/")
        page.get_by_text("Settings of the U-Net").click()
        for name, value in (
            ("max_epochs", "12"),
            ("image_size", "64"),
            ("learning_rate", "0.003"),
            ("batch_size", "4"),
        ):
            page.fill(f"input[name={name}]", value)
        admin.press("Start")
        wait_for_job(admin)
        run = page.url
        page.goto(STUDY + "models/")
        page.get_by_role("link", name=f"{SITE}-v1").first.click()
        admin.reload_until("floor reached")
        page.get_by_role("link", name="Promote").click()
        expect(page.locator("main")).to_contain_text("Where it does worst")
        page.check("input[name=confirmed]")
        admin.press("Promote")
        expect(page.locator("main")).to_contain_text("Confirmed on pictures by ada")
        page.goto(STUDY)
        expect(page.locator("main")).to_contain_text(f"{SITE}-v1")

        bring_in(admin, archive(people[LEARNT:], outlined=False), "submitted")
        annotator = Person(browser, here, invite(admin, "bo", "annotator"))
        expert = Person(browser, here, invite(admin, "eve", "expert"))

        annotator.reload_until("Correct the pre-label")
        annotator.page.goto("/next")
        editor = annotator.page.locator("contour-editor")
        expect(annotator.page.locator("body")).to_contain_text(f"{SITE}-v1")
        annotator.look()
        annotator.page.keyboard.press("a")
        annotator.page.wait_for_function(
            "document.querySelector('contour-editor').regions.length > 0"
        )
        editor.evaluate("element => element.saved")
        first = annotator.page.url
        annotator.page.keyboard.press("Control+Enter")
        annotator.page.wait_for_url(lambda address: address != first)

        expert.page.goto(STUDY + "board/")
        expert.page.locator("main a[href*='/review/']").first.click()
        expert.look()
        expert.page.keyboard.press("a")
        expert.page.wait_for_url(lambda address: "/review/" not in address)
        expert.page.goto(STUDY + "board/")
        expect(expert.page.locator("main")).to_contain_text("approved by an expert")

        split(admin)
        page.goto(run)
        admin.press("Train again with these settings")
        wait_for_job(admin)
        models = here.run_python(
            "import json\n"
            "from training.models import Run\n"
            "runs = Run.objects.order_by('pk')\n"
            "print(json.dumps([[run.model.name, len(run.snapshot.manifest['items'])]"
            " for run in runs]))"
        )
        (one, before), (two, after) = json.loads(models)
        assert (one, two) == (f"{SITE}-v1", f"{SITE}-v2")
        assert after >= before
        verified = here.manage("verify", "--json")
        assert verified.returncode == 0, verified.stderr
