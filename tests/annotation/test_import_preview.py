"""The preview is the import: a row a scan with its picture, its questions and every warning."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image as Picture

from annotation.models import Image, Site, Study, Subject
from core.models import Job, User
from core.services import jobs
from tests.annotation.folders import archive, labelme, picture, shape

PAGE = "/studies/lab/imports/"


def run_newest() -> dict[str, Any]:
    job = Job.objects.filter(kind="import").order_by("-created_at")[0]
    done = jobs.run(str(job.pk))
    assert done is not None
    assert done.state == Job.State.DONE, done.error
    result = done.result
    assert result is not None
    return result


@pytest.fixture
def previewed(
    client_of: Callable[[User], Client], study: Study, site: Site, admin: User, tmp_path: Path
) -> Callable[..., tuple[Client, str]]:
    """`previewed(files)`: the browser, and the page of a preview that has run."""

    def preview(files: dict[str, bytes], **fields: str) -> tuple[Client, str]:
        browser = client_of(admin)
        data = archive(tmp_path / "a.zip", files).read_bytes()
        plain = {"site": site.slug, "state": "submitted", "step": "10"}
        upload = SimpleUploadedFile("a.zip", data)
        answer = browser.post(PAGE, {**plain, "files": upload, **fields})
        run_newest()
        return browser, answer["Location"]

    return preview


def manifest(*lines: str) -> bytes:
    return "\r\n".join(("image,labelme,subject,site,depth_mm,reader", *lines)).encode()


def test_each_scan_has_a_row_with_its_picture(
    previewed: Callable[..., tuple[Client, str]],
) -> None:
    browser, page = previewed({"S1/a.png": picture(1), "S1/a.json": labelme("a.png")})

    shown = browser.get(page).content.decode()

    assert "S1, rectus-femoris" in shown
    assert "<p>RF</p>" in shown
    small = re.findall(r'<img class="preview-picture" src="([^"]+)"', shown)
    assert len(small) == 1
    answer = browser.get(small[0])
    assert answer["Content-Type"] == "image/jpeg"
    with Picture.open(BytesIO(answer.content)) as drawn:
        red, _, blue = drawn.convert("RGB").getpixel((20, 10))  # type: ignore[misc]
        assert red > blue + 60
    assert browser.get(small[0].replace(".jpg", "0.jpg")).status_code == 404
    assert not Image.objects.exists()


def test_every_warning_of_the_import_stands_in_the_preview(
    previewed: Callable[..., tuple[Client, str]],
) -> None:
    files = {
        "manifest.csv": manifest(
            "a.png,a.json,P01,rectus-femoris,40,Anna",
            "b.png,b.json,p01,rectus-femoris,,anna",
            "c.png,,007,rectus-femoris,,",
            "d.png,,7,rectus-femoris,,",
        ),
        **{f"{name}.png": picture(number) for number, name in enumerate("abcd")},
        "a.json": labelme("a.png", shape("rf")),
        "b.json": labelme("gone.png"),
    }
    browser, page = previewed(files, site="")
    seen = browser.get(page).content.decode()
    told = Job.objects.order_by("-created_at")[0].result

    browser.post(f"{page}take/", {"looked": "yes"})
    taken = run_newest()

    assert told is not None
    assert [(f["path"], f["reasons"]) for f in told["files"]] == [
        (f["path"], f["reasons"]) for f in taken["files"]
    ]
    assert "letter case only" in seen
    assert "--" not in re.sub(r"<!--.*?-->|<[^>]+>", "", seen)


def test_names_that_are_near_are_asked_and_the_answer_is_imported(
    previewed: Callable[..., tuple[Client, str]],
) -> None:
    browser, page = previewed({"007/a.png": picture(1), "7/a.png": picture(2)})
    assert "is spelled almost like" in browser.get(page).content.decode()

    again = browser.post(f"{page}answers/", {"near-0": "same"})["Location"]
    run_newest()
    assert "is spelled almost like" not in browser.get(again).content.decode()
    browser.post(f"{again}take/", {"looked": "yes"})
    run_newest()

    assert Subject.objects.count() == 1


def test_visits_are_asked_and_the_pattern_is_one_click(
    previewed: Callable[..., tuple[Client, str]],
) -> None:
    browser, page = previewed({f"P0{n}/v1/a.png": picture(n) for n in (1, 2)})
    shown = browser.get(page).content.decode()
    assert "Whose scans are these?" in shown
    assert "P01/v1/a.png is of &#x27;P01&#x27;" in shown
    assert "P01/v1/a.png is of &#x27;v1&#x27;" in shown
    job = Job.objects.order_by("-created_at")[0]
    assert job.result is not None

    pattern = job.result["patterns"][0]["pattern"]
    again = browser.post(f"{page}answers/", {"pattern": pattern})["Location"]
    run_newest()

    assert "P01, rectus-femoris" in browser.get(again).content.decode()


def test_nothing_is_imported_before_somebody_looked_or_covered(
    previewed: Callable[..., tuple[Client, str]],
) -> None:
    browser, page = previewed({"S1/a.png": picture(1)})
    assert "no name and no date of birth" in browser.get(page).content.decode()

    refused = browser.post(f"{page}take/", follow=True)
    assert "Look at the pictures first" in refused.content.decode()
    assert not Job.objects.filter(params__dry_run=False).exists()

    fields = {"site": "rectus-femoris", "state": "submitted", "step": "10", "mask": "0,0,20,10"}
    covered = browser.post(f"{page}again/", fields)["Location"]
    run_newest()
    assert "no name and no date of birth" not in browser.get(covered).content.decode()
    browser.post(f"{covered}take/")
    run_newest()

    assert Image.objects.count() == 1


def test_a_whole_picture_of_each_size_can_be_covered(
    previewed: Callable[..., tuple[Client, str]],
) -> None:
    browser, page = previewed({"S1/a.png": picture(1), "S2/a.png": picture(2)}, mask="0,0,64,20")

    shown = browser.get(page).content.decode()

    assert shown.count("data-masking ") == 1
    whole = re.search(r'<img src="([^"]+)" width="64" height="48"', shown)
    assert whole is not None
    with Picture.open(BytesIO(browser.get(whole[1]).content)) as kept:
        assert max(kept.convert("L").crop((0, 0, 64, 16)).tobytes()) > 100
    small = re.search(r'<img class="preview-picture" src="([^"]+)"', shown)
    assert small is not None
    with Picture.open(BytesIO(browser.get(small[1]).content)) as kept:
        assert max(kept.convert("L").crop((0, 0, 64, 8)).tobytes()) < 60


def test_a_long_preview_has_pages(previewed: Callable[..., tuple[Client, str]]) -> None:
    browser, page = previewed({f"S{n:03d}/a.png": picture(n) for n in range(60)})

    first = browser.get(page).content.decode()
    second = browser.get(page, {"page": "2"}).content.decode()

    assert "S000, rectus-femoris" in first
    assert "S059" not in first
    assert "S059, rectus-femoris" in second
    assert "Page 2 of 2" in second
