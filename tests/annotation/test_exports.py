"""Export: what leaves, what stays, and that it comes back the same."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from PIL import Image as Picture

from annotation.models import Annotation, Image, Revision, Study
from annotation.services import exports, lock, outlines, review, split
from annotation.services.exports import ExportRequest
from annotation.services.imports import running
from annotation.services.imports.request import ImportRequest
from core.models import AuditEvent, User
from tests.annotation.folders import folder, labelme, picture, shape
from tests.conftest import rectangle

ODD = labelme(
    "../images/a.png",
    shape("RF", score=0.5, points=[[10.50, 10], [30, 10.0], [30, 30]]),
    shape("a landmark", [[3, 4]], shape_type="point"),
    never_seen={"x": [1, 1.0, None]},
    flags=None,
)


@pytest.fixture
def imported(tmp_path: Path, site: object, study: Study, admin: User) -> Path:
    """Two references of two subjects."""
    source = folder(
        tmp_path / "set",
        {
            "images/a.png": picture(1),
            "labelme/a.json": ODD,
            "images/b.png": picture(2),
            "labelme/b.json": labelme("../images/b.png"),
        },
    )
    take_in(source, study, admin)
    return source


def take_in(source: Path, study: Study, admin: User, **settings: Any) -> None:
    request = ImportRequest(
        source=str(source),
        site="rectus-femoris",
        pattern="(?P<subject>[a-z]).png",
        state="reference",
        **settings,
    )
    running.import_files(request, study.name, actor=admin)


def exported(study: Study, admin: User, **wanted: Any) -> dict[str, bytes]:
    request = ExportRequest(**{"format": "labelme", **wanted})
    with zipfile.ZipFile(exports.to_zip(study, request, actor=admin)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_an_unchanged_file_keeps_every_key_and_spelling(
    imported: Path, study: Study, admin: User
) -> None:
    files = exported(study, admin)

    assert files["labelme/a.json"] == (imported / "labelme" / "a.json").read_bytes()
    assert sorted(files) == [
        "SHA256SUMS",
        "images/a.png",
        "images/b.png",
        "labelme/a.json",
        "labelme/b.json",
        "manifest.csv",
    ]


def test_as_received_gives_the_same_bytes(
    tmp_path: Path, study: Study, site: object, admin: User
) -> None:
    data = b"\xef\xbb\xbf" + labelme("a.png").replace(b"  ", b"\t") + b"\n\n"
    take_in(folder(tmp_path / "s", {"x/a.png": picture(1), "x/a.json": data}), study, admin)

    files = exported(study, admin, as_received=True)

    assert files["x/a.json"] == data
    assert sorted(files) == ["SHA256SUMS", "x/a.json", "x/a.png"]


def test_the_same_data_give_the_same_bytes(imported: Path, study: Study, admin: User) -> None:
    request = ExportRequest(format="labelme")

    first, second = (exports.to_zip(study, request, actor=admin).read() for _ in range(2))

    assert first == second


def test_the_sums_are_those_of_the_files(imported: Path, study: Study, admin: User) -> None:
    files = exported(study, admin)

    lines = files.pop("SHA256SUMS").decode().splitlines()
    assert lines == [
        f"{hashlib.sha256(data).hexdigest()}  {name}" for name, data in sorted(files.items())
    ]


def test_an_export_comes_back_the_same(
    tmp_path: Path, imported: Path, study: Study, admin: User
) -> None:
    folder(tmp_path / "out", exported(study, admin))
    request = ImportRequest(
        source=str(tmp_path / "out"),
        manifest=str(tmp_path / "out" / "manifest.csv"),
        state="reference",
    )

    report = running.import_files(request, "copy", actor=admin)

    assert report.count("refused") == 0
    for original in Image.objects.filter(study=study):
        copy = Image.objects.get(study__name="copy", subject__code=original.subject.code)
        assert copy.pixel_sha256 == original.pixel_sha256
        revisions = [
            Revision.objects.get(annotation__image=image).regions for image in (original, copy)
        ]
        assert revisions[0] == revisions[1]


def test_a_corrected_outline_goes_out_in_place_of_the_imported(
    tmp_path: Path, study: Study, site: object, admin: User, expert: User
) -> None:
    source = folder(tmp_path, {"a.png": picture(1), "a.json": ODD.replace(b"../images/", b"")})
    request = ImportRequest(source=str(source), site="rectus-femoris")
    running.import_files(request, study.name, actor=admin)
    hole = rectangle(5, 5, 40, 40, cut=("left",))
    hole["parts"][0].append([[10, 10], [20, 10], [20, 20], [10, 20]])
    review.correct_and_approve(Annotation.objects.get(), 1, expert, [hole], "too small")

    written = json.loads(exported(study, admin)["labelme/a.json"])

    assert written["never_seen"] == {"x": [1, 1.0, None]}
    assert [one["label"] for one in written["shapes"]] == ["RF", "a landmark"]
    assert written["shapes"][0]["score"] == 0.5
    assert written["shapes"][0]["myotrace"]["cut"] == ["left"]
    assert len(written["shapes"][0]["points"]) == 10
    assert written["imagePath"] == "../images/a.png"


def test_work_drawn_here_is_a_new_file_and_waits_for_approval(
    study: Study, image: Image, annotator: User, admin: User
) -> None:
    outlines.save(image, annotator, [rectangle(4, 4, 20, 20)], base=0)

    assert not [name for name in exported(study, admin) if name.endswith(".json")]
    written = exported(study, admin, state="all")

    (name,) = [name for name in written if name.endswith(".json")]
    assert json.loads(written[name])["shapes"][0]["points"] == [
        [4.0, 4.0],
        [20.0, 4.0],
        [20.0, 20.0],
        [4.0, 20.0],
    ]


def test_masks_hold_the_labels_by_number(imported: Path, study: Study, admin: User) -> None:
    files = exported(study, admin, format="masks")

    mask = np.asarray(Picture.open(io.BytesIO(files["masks/rectus-femoris/b.png"])))
    assert json.loads(files["labels.json"]) == {"rectus-femoris": {"RF": 1}}
    assert mask.shape == (48, 64)
    assert mask.sum() == 400
    assert (mask[10:30, 10:30] == 1).all()


@pytest.mark.parametrize("sealed", [False, True])
def test_test_subjects_stay(
    imported: Path, study: Study, site: Any, admin: User, sealed: bool
) -> None:
    split.honour(study, {"a": "test", "b": "train"}, actor=admin)
    if sealed:
        lock.seal(site, admin)

    for wanted in ({}, {"format": "masks"}, {"as_received": True}, {"state": "all"}):
        files = exported(study, admin, **wanted)
        assert not [name for name in files if name.endswith(("/a.json", "/a.png"))]
        assert [name for name in files if name.endswith("/b.png")]
    event = AuditEvent.objects.filter(verb="dataset exported").last()
    assert event.details["left_out"] == 1


def test_what_a_subject_shares_with_a_locked_one_stays_too(
    tmp_path: Path, study: Study, site: Any, admin: User
) -> None:
    same = {"a.png": picture(1), "a.json": labelme("a.png"), "b.png": picture(1)}
    take_in(folder(tmp_path, {**same, "b.json": labelme("b.png")}), study, admin)
    split.honour(study, {"a": "test", "b": "train"}, actor=admin)
    lock.seal(site, admin)

    assert sorted(exported(study, admin)) == ["SHA256SUMS", "manifest.csv"]


def test_two_files_of_one_name_are_told_apart(
    tmp_path: Path, study: Study, site: object, admin: User
) -> None:
    source = folder(
        tmp_path,
        {
            "s/x.png": picture(1),
            "s/x.json": labelme("x.png"),
            "t/x.png": picture(2),
            "t/x.json": labelme("x.png"),
        },
    )
    request = ImportRequest(source=str(source), site="rectus-femoris", state="reference")
    running.import_files(request, study.name, actor=admin)

    files = exported(study, admin)

    rows = list(csv.DictReader(io.StringIO(files["manifest.csv"].decode("utf-8-sig"))))
    assert [row["subject"] for row in rows] == ["s", "t"]
    assert len({row["image"] for row in rows}) == 2
    for row in rows:
        written = json.loads(files[row["labelme"]])
        assert f"labelme/{written['imagePath']}".replace("labelme/../", "") == row["image"]


def test_the_command_writes_into_a_new_folder(tmp_path: Path, imported: Path, study: Study) -> None:
    output = StringIO()
    out = tmp_path / "out"

    call_command(
        "export_dataset", str(out), "--format", "labelme", "--study", "lab", "--json", stdout=output
    )

    answer = json.loads(output.getvalue())
    assert (answer["images"], answer["files"]) == (2, 6)
    assert (out / "labelme" / "a.json").read_bytes() == ODD
    with pytest.raises(CommandError, match="not empty"):
        call_command("export_dataset", str(out), "--format", "masks", "--study", "lab")
    with pytest.raises(CommandError, match="as they were received"):
        call_command(
            "export_dataset",
            str(tmp_path / "o"),
            "--format",
            "masks",
            "--as-received",
            "--study",
            "lab",
        )


def test_the_api_gives_an_archive_to_experts_and_admins(
    imported: Path,
    client_of: Callable[[User], Client],
    expert: User,
    annotator: User,
    stranger: User,
) -> None:
    address = "/api/v1/exports/labelme/?study=lab&site=rectus-femoris"

    answer = client_of(expert).get(address)

    assert answer["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        assert "labelme/a.json" in archive.namelist()
    assert client_of(annotator).get(address).status_code in (403, 404)
    assert client_of(stranger).get(address).status_code == 404
    assert client_of(expert).get("/api/v1/exports/dicom/?study=lab").status_code == 400
