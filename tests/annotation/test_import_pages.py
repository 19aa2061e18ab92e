"""Imports in the browser and through the API: upload, preview, mend, take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from annotation.models import Image, ImportProfile, LabelAlias, Reference, Site, Study
from core.data import uploads_directory
from core.models import Job, User
from core.services import jobs
from tests.annotation.folders import archive, labelme, picture, shape

PAGE = "/studies/lab/imports/"


@pytest.fixture
def packed(tmp_path: Path) -> bytes:
    """An archive with one good pair and one whose label the site does not know."""
    return archive(
        tmp_path / "a.zip",
        {
            "S07_L/a.png": picture(1),
            "S07_L/a.json": labelme("a.png"),
            "S08_R/b.png": picture(2),
            "S08_R/b.json": labelme("b.png", shape("rectus femoris")),
        },
    ).read_bytes()


def form(packed: bytes, **fields: Any) -> dict[str, Any]:
    plain = {"site": "rectus-femoris", "state": "submitted", "step": "10"}
    return {**plain, "files": SimpleUploadedFile("a.zip", packed), **fields}


def run_newest() -> Job:
    job = Job.objects.filter(kind="import").order_by("-created_at")[0]
    done = jobs.run(str(job.pk))
    assert done is not None
    assert done.state == Job.State.DONE, done.error
    return done


def test_upload_preview_alias_and_take(
    client_of: Callable[[User], Client], study: Study, site: Site, admin: User, packed: bytes
) -> None:
    browser = client_of(admin)
    assert browser.get(PAGE).status_code == 200

    answer = browser.post(PAGE, form(packed, remember="our scanner"))
    assert answer.status_code == 302
    preview = answer["Location"]
    assert b"hx-get" in browser.get(preview).content
    run_newest()
    page = browser.get(preview).content.decode()

    assert "Nothing is stored yet" in page
    assert "has no label or alias &#x27;rectus femoris&#x27;" in page
    assert '<option value="RF" selected>' in page
    assert not Image.objects.exists()
    assert ImportProfile.objects.get().settings["site"] == "rectus-femoris"

    answer = browser.post(f"{preview}aliases/", {"alias-0": "RF"})
    assert LabelAlias.objects.get().alias == "rectus femoris"
    run_newest()
    answer = browser.post(f"{answer['Location']}take/", {"looked": "yes"})
    done = run_newest()

    assert [file["status"] for file in done.result["files"]] == ["imported"] * 4
    assert Image.objects.count() == 2
    assert "This became of the files" in browser.get(answer["Location"]).content.decode()
    assert not (uploads_directory() / done.params["upload"]).exists()


def test_a_pattern_is_tried_on_the_names(
    client_of: Callable[[User], Client], study: Study, site: Site, expert: User, packed: bytes
) -> None:
    browser = client_of(expert)
    preview = browser.post(PAGE, form(packed))["Location"]
    run_newest()

    pattern = r"(?P<subject>S\d+)_(?P<side>[LR])"
    part = browser.get(f"{preview}names/", {"pattern": pattern}).content.decode()
    whole = browser.get(preview, {"pattern": pattern}).content.decode()
    broken = browser.get(f"{preview}names/", {"pattern": "("}).content.decode()

    for page in (part, whole):
        assert "<td>S07</td>" in page
        assert "fits 2 of the first 2" in page
    assert "Mend the pattern" in broken
    browser.post(f"{preview}again/", {**form(packed), "pattern": pattern})
    run_newest()
    assert Job.objects.filter(kind="import", params__pattern=pattern).exists()


def test_only_an_admin_takes_references_and_makes_sites(
    client_of: Callable[[User], Client],
    study: Study,
    site: Site,
    expert: User,
    admin: User,
    packed: bytes,
) -> None:
    refused = client_of(expert).post(PAGE, form(packed, state="reference"))
    assert refused.status_code == 200
    assert "not one of the available choices" in refused.content.decode()

    browser = client_of(admin)
    preview = browser.post(PAGE, form(packed, state="reference", site="", new_site="biceps"))
    run_newest()
    browser.post(f"{preview['Location']}take/", {"looked": "yes"})
    run_newest()

    assert Reference.objects.filter(image__site__slug="biceps").count() == 2


@pytest.mark.parametrize("name", ["annotator", "stranger"])
def test_others_see_no_imports(
    request: pytest.FixtureRequest,
    client_of: Callable[[User], Client],
    study: Study,
    name: str,
    packed: bytes,
) -> None:
    browser = client_of(request.getfixturevalue(name))

    assert browser.get(PAGE).status_code == 404
    assert browser.post(PAGE, form(packed)).status_code == 404
    assert browser.post("/api/v1/imports/?study=lab", form(packed)).status_code in (403, 404)
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"mask": "1,2,3"}, "no rectangle"),
        ({"crop": "a"}, "no rectangle"),
        ({"step": "0"}, "greater than or equal to 1"),
        ({"files": SimpleUploadedFile("a.zip", b"")}, "empty"),
    ],
)
def test_what_was_typed_stays_when_something_is_wrong(
    client_of: Callable[[User], Client],
    study: Study,
    site: Site,
    admin: User,
    packed: bytes,
    fields: dict[str, Any],
    message: str,
) -> None:
    answer = client_of(admin).post(PAGE, form(packed, remember="kept words", **fields))

    assert answer.status_code == 200
    assert message in answer.content.decode()
    assert "kept words" in answer.content.decode()
    assert not Job.objects.exists()


def test_the_api_takes_several_files_and_answers_a_job(
    client_of: Callable[[User], Client], study: Study, site: Site, expert: User
) -> None:
    files = [
        SimpleUploadedFile("a.png", picture(1)),
        SimpleUploadedFile("a.json", labelme("a.png")),
    ]

    answer = client_of(expert).post(
        "/api/v1/imports/?study=lab", {"site": "rectus-femoris", "files": files}
    )

    assert answer.status_code == 202, answer.content
    done = run_newest()
    assert str(done.pk) == answer.json()["id"]
    shown = client_of(expert).get(f"/api/v1/jobs/{done.pk}/").json()
    assert shown["result"]["counts"]["imported"] == 2
    assert Image.objects.get().subject.code == "a"


@pytest.mark.parametrize("names", [["..png", "b.png"], ["a.png", "a.png"], [".hidden", "b.png"]])
def test_odd_upload_names_are_refused(
    client_of: Callable[[User], Client], study: Study, site: Site, expert: User, names: list[str]
) -> None:
    files = [SimpleUploadedFile(name, picture(1)) for name in names]

    answer = client_of(expert).post(
        "/api/v1/imports/?study=lab", {"site": "rectus-femoris", "files": files}
    )

    assert answer.status_code == 400
    assert not Job.objects.exists()
    assert client_of(expert).post("/api/v1/imports/?study=lab", {}).status_code == 400
