"""Import: what is taken, what is refused and how it is said, and that nothing is half done."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import date
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from PIL import Image as Picture

from annotation.models import (
    Annotation,
    Image,
    Reference,
    Revision,
    Scan,
    Site,
    SourceFile,
    Study,
    Subject,
    SubjectPartition,
    Take,
)
from annotation.selectors.images import pixels
from annotation.services import lock, review, sites, split
from annotation.services.imports import naming, running
from annotation.services.imports.report import ImportReport
from annotation.services.imports.request import ImportRequest
from core import files
from core.models import AuditEvent, Job, User
from core.sandbox import Sandbox
from core.services import audit
from domain import phantom
from domain.errors import InvalidInput, NotAllowed, NotFound
from tests.annotation.folders import SQUARE, archive, folder, grey, labelme, picture, shape
from tests.domain.test_lookalike import COPIES
from tests.shared import SHARED, needs_shared

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def take_in(study: Study, site: Site, admin: User) -> Callable[..., ImportReport]:
    """`take_in(folder, **settings)`: an import into the study, by default into its one site."""

    def run(source: Path, *, actor: User | None = admin, **settings: Any) -> ImportReport:
        if "manifest" not in settings and "pattern" not in settings:
            settings.setdefault("site", site.slug)
        return running.import_files(
            ImportRequest(source=str(source), **settings), study.name, actor=actor
        )

    return run


def status(report: ImportReport, path: str) -> str:
    return report.files[path].status


def reasons(report: ImportReport, path: str) -> str:
    return "\n".join(report.files[path].reasons)


# The plain case


def test_a_folder_of_scans_goes_to_review(
    tmp_path: Path, take_in: Callable[..., ImportReport], admin: User
) -> None:
    source = folder(
        tmp_path,
        {"S1/a.png": picture(1), "S1/a.json": labelme("a.png"), "b.jpg": picture(2, "JPEG")},
    )

    report = take_in(source)

    assert {path: entry.status for path, entry in report.files.items()} == {
        "S1/a.png": "imported",
        "S1/a.json": "imported",
        "b.jpg": "imported",
    }
    image = Image.objects.get(subject__code="S1")
    assert (pixels(image) == grey(1)).all()
    assert image.state == Image.State.SUBMITTED
    assert image.original_name == "S1/a.png"
    annotation = image.annotations.get()
    assert (annotation.author, annotation.state) == (admin, Annotation.State.SUBMITTED)
    revision = annotation.revisions.get()
    assert revision.origin == Revision.Origin.IMPORTED
    assert [region["label"] for region in revision.regions] == ["RF"]
    source_file = revision.source_files.get()
    assert files.read(source_file.sha256) == labelme("a.png")
    assert Image.objects.get(subject__code="b").state == Image.State.NEW


def test_an_archive_is_imported_like_a_folder(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    packed = archive(tmp_path / "a.zip", {"S1/a.png": picture(1), "S1/a.json": labelme("a.png")})

    report = take_in(packed)

    assert report.count("imported") == 2
    assert Image.objects.get().subject.code == "S1"


def test_an_expert_approves_what_was_imported(
    tmp_path: Path, take_in: Callable[..., ImportReport], expert: User
) -> None:
    take_in(folder(tmp_path, {"a.png": picture(1), "a.json": labelme("a.png")}))

    review.approve(Annotation.objects.get(), 1, expert)

    assert Image.objects.get().state == Image.State.APPROVED


def test_an_admin_takes_outlines_as_approved_outside(
    tmp_path: Path, take_in: Callable[..., ImportReport], admin: User
) -> None:
    take_in(folder(tmp_path, {"a.png": picture(1), "a.json": labelme("a.png")}), state="reference")

    reference = Reference.objects.get()
    assert (reference.how, reference.accepted_by) == (Reference.How.OUTSIDE, admin)
    assert reference.image.state == Image.State.APPROVED
    assert AuditEvent.objects.filter(verb="dataset imported", details__references=1).exists()
    assert audit.broken_links() == []


@pytest.mark.parametrize("name", ["expert", "annotator"])
def test_only_an_admin_takes_references(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    take_in: Callable[..., ImportReport],
    name: str,
) -> None:
    source = folder(tmp_path, {"a.png": picture(1), "a.json": labelme("a.png")})

    with pytest.raises(NotAllowed):
        take_in(source, state="reference", actor=request.getfixturevalue(name))
    with pytest.raises(NotAllowed, match="Name the admin"):
        take_in(source, state="reference", actor=None)
    with pytest.raises(NotFound):
        take_in(source, actor=request.getfixturevalue("stranger"))
    assert not Image.objects.exists()


# Again, and changed


def test_importing_again_changes_nothing(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    source = folder(
        tmp_path, {"S1/a.png": picture(1), "S1/a.json": labelme("a.png"), "S1/b.png": picture(2)}
    )
    take_in(source)
    before = [list(model.objects.values()) for model in (Image, Take, Annotation, Revision)]

    report = take_in(source)

    assert report.count("unchanged") == 3
    assert before == [list(model.objects.values()) for model in (Image, Take, Annotation, Revision)]


@pytest.mark.parametrize("state", ["submitted", "reference"])
def test_a_changed_file_is_a_new_revision(
    tmp_path: Path, take_in: Callable[..., ImportReport], state: str, admin: User
) -> None:
    source = folder(tmp_path, {"a.png": picture(1), "a.json": labelme("a.png")})
    take_in(source, state=state)
    folder(source, {"a.json": labelme("a.png", shape(points=SQUARE[:3]))})

    report = take_in(source, state=state)

    assert status(report, "a.png") == "unchanged"
    assert "new revision" in reasons(report, "a.json")
    annotation = Annotation.objects.get()
    assert annotation.revision_count == 2
    assert set(annotation.revisions.values_list("author", flat=True)) == {admin.pk}
    if state == "reference":
        current = Reference.objects.get(superseded_at=None)
        assert current.revision.number == 2
        assert Reference.objects.count() == 2
    assert take_in(source, state=state).count("unchanged") == 2


def test_a_renamed_image_is_known_by_its_pixels(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    take_in(folder(tmp_path / "one", {"S1/a.png": picture(1)}))

    report = take_in(folder(tmp_path / "two", {"S1/b.bmp": picture(1, "BMP")}))

    assert report.count("unchanged") == 1
    assert Image.objects.count() == 1


def test_another_picture_under_a_known_name_is_refused(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    take_in(folder(tmp_path / "one", {"S1/a.png": picture(1)}))

    report = take_in(folder(tmp_path / "two", {"S1/a.png": picture(2)}))

    assert "imported before with other pixels" in reasons(report, "S1/a.png")
    assert Image.objects.count() == 1


def test_pictures_of_one_scan_are_takes_of_it(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    take_in(folder(tmp_path, {"S1/a10.png": picture(1), "S1/a9.png": picture(2)}))

    scan = Scan.objects.get()
    assert [(take.number, take.images.get().original_name) for take in scan.takes.all()] == [
        (1, "S1/a9.png"),
        (2, "S1/a10.png"),
    ]
    assert scan.selected_take.number == 1


def test_a_locked_image_keeps_its_outlines(
    tmp_path: Path, take_in: Callable[..., ImportReport], study: Study, site: Site, admin: User
) -> None:
    source = folder(tmp_path, {"a.png": picture(1), "a.json": labelme("a.png")})
    take_in(source, state="reference")
    split.honour(study, {"a": "test"}, actor=admin)
    lock.seal(site, admin)
    folder(source, {"a.json": labelme("a.png", shape(points=SQUARE[:3]))})

    report = take_in(source, state="reference")

    assert "locked test set" in reasons(report, "a.json")
    assert Annotation.objects.get().revision_count == 1


# Dry run


def test_a_dry_run_reports_and_changes_nothing(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    source = folder(
        tmp_path,
        {
            "S1/a.png": picture(71),
            "S1/a.json": labelme("a.png", never="imported before"),
            "S1/b.png": picture(72),
            "S1/b.json": labelme("b.png", shape("rectus_femoris")),
        },
    )
    before = AuditEvent.objects.count()

    report = take_in(source, dry_run=True)

    assert status(report, "S1/a.json") == "imported"
    assert status(report, "S1/b.json") == "warning"
    assert report.unknown_labels == {"rectus-femoris": {"rectus_femoris": "RF"}}
    assert not Image.objects.exists()
    assert not Subject.objects.exists()
    assert AuditEvent.objects.count() == before
    assert not files.exists(hashlib.sha256(source.joinpath("S1/a.json").read_bytes()).hexdigest())
    assert status(take_in(source), "S1/b.json") == "refused"


def test_an_alias_makes_a_label_known(
    tmp_path: Path, take_in: Callable[..., ImportReport], site: Site, admin: User
) -> None:
    source = folder(tmp_path, {"a.png": picture(1), "a.json": labelme("a.png", shape("rectus"))})
    assert "has no label or alias 'rectus'" in reasons(take_in(source), "a.json")

    sites.add_alias(site, "rectus", "RF", actor=admin)
    report = take_in(source)

    assert status(report, "a.json") == "imported"
    assert Revision.objects.get().regions[0]["label"] == "RF"


# Manifest


def manifest(tmp_path: Path, *rows: dict[str, Any], name: str = "manifest.csv") -> str:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with (tmp_path / name).open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return str(tmp_path / name)


def test_every_column_of_a_manifest_is_honoured(
    tmp_path: Path, take_in: Callable[..., ImportReport], study: Study
) -> None:
    place = {
        "subject": "P1",
        "site": "peroneus",
        "side": "R",
        "visit": "2026-03-02",
        "operator": "kim",
        "device": "TE7",
        "preset": "MSK",
        "depth_mm": "40",
        "image_area": "full",
        "centre": "North",
        "cohort": "sarcopenia",
        "sex": "f",
        "age": "71.5",
        "partition": "validation",
        "reader": "dr.lee",
    }
    rows = [
        {"image": "i/a.png", "labelme": "l/x.json", **place, "take": 1, "selected": "no"},
        {
            "image": "i/b.png",
            "labelme": "",
            **place,
            "take": 2,
            "selected": "yes",
            "depth_mm": "",
            "spacing_x_mm": "0.1",
            "spacing_y_mm": "0.2",
        },
    ]
    source = folder(
        tmp_path / "set",
        {
            "i/a.png": picture(1),
            "i/b.png": picture(2),
            "l/x.json": labelme(
                "../i/a.png", shape("PL"), shape("PB", [[40, 5], [60, 5], [60, 30]])
            ),
        },
    )

    report = take_in(source, manifest=manifest(tmp_path, *rows))

    assert report.count("imported") == 3
    created = Site.objects.get(slug="peroneus")
    assert [label.name for label in created.labels.all()] == ["PL", "PB"]
    subject = Subject.objects.get(code="P1")
    assert (subject.centre.name, subject.cohort, subject.sex, subject.age) == (
        "North",
        "sarcopenia",
        "female",
        71.5,
    )
    assert subject.partition.partition == "validation"
    scan = Scan.objects.get(site=created)
    assert (scan.side, scan.visit.date) == ("right", date(2026, 3, 2))
    assert (scan.selected_take.number, scan.selected_reason) == (2, "selected in the manifest")
    first = scan.takes.get(number=1)
    assert (first.operator, first.device, first.preset, first.depth_mm) == ("kim", "TE7", "MSK", 40)
    image = first.images.get()
    assert (image.calibration.x_mm, image.calibration.method) == (40 / 48, "depth")
    second = scan.takes.get(number=2).images.get()
    assert (second.calibration.x_mm, second.calibration.y_mm) == (0.1, 0.2)
    author = Annotation.objects.get().author
    assert (author.username, author.is_active) == ("dr.lee", False)


def test_two_readers_of_one_image_are_two_annotations(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    row = {"image": "a.png", "subject": "P1", "site": "rectus-femoris"}
    rows = [{**row, "labelme": f"{name}.json", "reader": name} for name in ("ann", "bob")]
    source = folder(
        tmp_path / "set",
        {"a.png": picture(1), "ann.json": labelme("a.png"), "bob.json": labelme("a.png")},
    )

    report = take_in(source, manifest=manifest(tmp_path, *rows))

    assert report.count("imported") == 3
    assert Image.objects.count() == 1
    assert {row.author.username for row in Annotation.objects.all()} == {"ann", "bob"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,subject\na.png,P1\n", "lacks the column site"),
        ("a.png;P1;rectus\n", "lacks the columns image, subject, site"),
        ("image,subject,site,site\na.png,P1,a,b\n", "'site' twice|column site twice"),
        ("image,subject,site\n", "no lines below its header"),
        ("", "lacks the columns"),
        (b"image,subject,site\na.png,P\xe41,a\n", "not UTF-8 at byte"),
    ],
)
def test_a_manifest_that_is_none_is_refused_whole(
    tmp_path: Path, take_in: Callable[..., ImportReport], text: str | bytes, message: str
) -> None:
    source = folder(tmp_path / "set", {"a.png": picture(1)})
    path = tmp_path / "manifest.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())

    with pytest.raises(InvalidInput, match=message):
        take_in(source, manifest=str(path))
    assert not Image.objects.exists()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"subject": ""}, "manifest line 2: subject is missing"),
        ({"site": ""}, "site is missing"),
        ({"site": "a b/c"}, "no site name"),
        ({"side": "middle"}, "side is 'middle'"),
        ({"visit": "2.3.2026"}, "visit is '2.3.2026'"),
        ({"take": "0"}, "take is '0'"),
        ({"frame": "x"}, "frame is 'x'"),
        ({"spacing_x_mm": "0.1"}, "come together"),
        ({"spacing_x_mm": "0.1", "spacing_y_mm": "nan"}, "spacing_y_mm is 'nan'"),
        ({"depth_mm": "-4"}, "depth_mm is '-4'"),
        ({"age": "900"}, "age is '900'"),
        ({"selected": "perhaps"}, "selected is 'perhaps'"),
        ({"partition": "dev"}, "partition is 'dev'"),
        ({"subject": "x" * 65}, "subject has 65 characters"),
        ({"image": "../secret.png"}, "leads out of the import"),
        ({"image": "/etc/passwd"}, "leads out of the import"),
        ({"image": "missing.png"}, "not in the import"),
        ({"image": "a.json"}, "names it as an image, but it is none"),
    ],
)
def test_a_bad_line_of_a_manifest_is_named(
    tmp_path: Path, take_in: Callable[..., ImportReport], fields: dict[str, str], message: str
) -> None:
    good = {"image": "b.png", "subject": "P2", "site": "rectus-femoris"}
    bad = {"image": "a.png", "subject": "P1", "site": "rectus-femoris", **fields}
    source = folder(
        tmp_path / "set", {"a.png": picture(1), "b.png": picture(2), "a.json": labelme("a.png")}
    )

    report = take_in(source, manifest=manifest(tmp_path, bad, good))

    refused = [path for path, entry in report.files.items() if entry.refused]
    assert refused
    assert message in "\n".join(reasons(report, path) for path in refused)
    assert [image.subject.code for image in Image.objects.all()] == ["P2"]


def test_a_subject_stays_in_its_partition(
    tmp_path: Path, take_in: Callable[..., ImportReport], study: Study, admin: User
) -> None:
    row = {"image": "a.png", "subject": "P1", "site": "rectus-femoris", "partition": "train"}
    source = folder(tmp_path / "set", {"a.png": picture(1), "b.png": picture(2)})
    take_in(source, manifest=manifest(tmp_path, row))

    report = take_in(
        source, manifest=manifest(tmp_path, {**row, "image": "b.png", "partition": "test"})
    )

    assert "stays there" in reasons(report, "b.png")
    assert SubjectPartition.objects.get().partition == "train"
    both = [
        {**row, "subject": "P9"},
        {**row, "image": "b.png", "subject": "P9", "partition": "test"},
    ]
    report = take_in(source, manifest=manifest(tmp_path, *both))
    assert report.count("refused") == 2


def test_an_expert_may_not_give_partitions(
    tmp_path: Path, take_in: Callable[..., ImportReport], expert: User
) -> None:
    row = {"image": "a.png", "subject": "P1", "site": "rectus-femoris", "partition": "test"}
    source = folder(tmp_path / "set", {"a.png": picture(1)})

    with pytest.raises(NotAllowed, match="partition"):
        take_in(source, manifest=manifest(tmp_path, row), actor=expert)


# By name


def test_a_pattern_says_whose_images_they_are(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    source = folder(tmp_path, {"RF_S07_L_20260302_2.png": picture(1), "holiday.png": picture(2)})
    pattern = r"RF_(?P<subject>S\d+)_(?P<side>[LR])_(?P<visit>\d{8})_(?P<take>\d)"

    report = take_in(source, pattern=pattern, site="rectus-femoris")

    take = Take.objects.get()
    assert (take.number, take.scan.side, take.scan.visit.date) == (2, "left", date(2026, 3, 2))
    assert take.scan.visit.subject.code == "S07"
    assert "pattern does not fit" in reasons(report, "holiday.png")


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", "Mend the pattern"),
        (r"(?P<person>\d+)", "names person"),
        (r"S\d+", "no group"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_refused(
    tmp_path: Path, take_in: Callable[..., ImportReport], pattern: str, message: str
) -> None:
    source = folder(tmp_path, {"a" * 60 + "!.png": picture(1)})

    with pytest.raises(InvalidInput, match=message):
        take_in(source, pattern=pattern, site="rectus-femoris")


def test_a_pattern_that_takes_for_ever_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naming, "Sandbox", Sandbox)
    monkeypatch.setattr(naming, "PATTERN_SECONDS", 1)

    with pytest.raises(InvalidInput, match="too long on these names"):
        naming.names_caught(r"(?P<subject>(a+)+)$", ["a" * 60 + "!.png"])


def test_an_unknown_site_is_named_or_made(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    source = folder(tmp_path, {"a.png": picture(1), "a.json": labelme("a.png", shape("BB"))})

    with pytest.raises(InvalidInput, match="has no site 'biceps'"):
        take_in(source, site="biceps")
    report = take_in(source, site="biceps", create_site=True)

    assert report.count("imported") == 2
    assert [label.name for label in Site.objects.get(slug="biceps").labels.all()] == ["BB"]


# Pairing and images


@pytest.mark.parametrize(
    ("image_path", "word"),
    [
        ("..\\img\\a.png", "backslashes"),
        ("C:\\data\\study\\a.png", "not in the import; paired with img/a.png"),
        ("/home/kim/a.png", "not in the import; paired with img/a.png"),
        ("../old/A.PNG", "paired with img/a.png"),
    ],
)
def test_a_stale_image_path_is_paired_by_name_with_a_warning(
    tmp_path: Path, take_in: Callable[..., ImportReport], image_path: str, word: str
) -> None:
    source = folder(tmp_path, {"img/a.png": picture(1), "json/a.json": labelme(image_path)})

    report = take_in(source)

    assert status(report, "json/a.json") == "warning"
    assert word in reasons(report, "json/a.json")
    assert Annotation.objects.count() == 1


def test_a_path_outside_the_import_is_never_opened(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    folder(tmp_path, {"secret.png": picture(1)})
    source = folder(tmp_path / "set", {"b.json": labelme("../secret.png"), "c.png": picture(2)})
    (source / "linked.png").symlink_to(tmp_path / "secret.png")

    report = take_in(source)

    assert "no image found for it" in reasons(report, "b.json")
    assert [image.original_name for image in Image.objects.all()] == ["c.png"]


def test_two_images_of_one_stem_and_two_files_of_one_image(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    source = folder(
        tmp_path,
        {
            "S1/a.png": picture(1),
            "S1/a.bmp": picture(2, "BMP"),
            "S1/a.json": labelme("a.png"),
            "S1/old.json": labelme("a.png", shape(points=SQUARE[:3])),
        },
    )

    report = take_in(source)

    assert "as does S1/old.json" in reasons(report, "S1/a.json")
    assert "differs from its image's" in reasons(report, "S1/old.json")
    annotation = Annotation.objects.get()
    assert annotation.image.original_name == "S1/a.png"
    assert annotation.revision_count == 2
    newest = annotation.revisions.get(number=2).source_files.get()
    assert newest.name == "S1/a.json"
    assert take_in(source).count("unchanged") == 4


def test_an_embedded_image_is_used_where_the_file_is_missing(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    embedded = base64.b64encode(picture(1)).decode()
    source = folder(
        tmp_path,
        {
            "a.json": labelme("gone.png", imageData=embedded),
            "b.json": labelme("gone-too.png", imageData="AAAA"),
            "c.json": labelme("and-this.png"),
        },
    )

    report = take_in(source)

    assert "embedded copy is taken" in reasons(report, "a.json")
    assert (pixels(Image.objects.get()) == grey(1)).all()
    assert Annotation.objects.count() == 1
    assert "imageData" in reasons(report, "b.json")
    assert status(report, "b.json") == status(report, "c.json") == "refused"


def test_the_file_wins_over_the_embedded_image(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    other = base64.b64encode(picture(9)).decode()
    same = base64.b64encode(picture(2)).decode()
    small = base64.b64encode(picture(1)[:33]).decode()
    source = folder(
        tmp_path,
        {
            "a.png": picture(1),
            "a.json": labelme("a.png", imageData=other),
            "b.png": picture(2),
            "b.json": labelme("b.png", imageData=same),
            "c.png": picture(3),
            "c.json": labelme("c.png", imageData=small),
        },
    )

    report = take_in(source)

    assert "embeds another picture" in reasons(report, "a.json")
    assert status(report, "b.json") == "imported"
    assert "c.png is taken" in reasons(report, "c.json")
    assert (pixels(Image.objects.get(subject__code="a")) == grey(1)).all()


@pytest.mark.parametrize(
    ("stored", "declared", "fits"),
    [
        ((64, 48), {"imageWidth": 48, "imageHeight": 64}, "upright"),
        ((64, 48), {"imageWidth": 64, "imageHeight": 48}, "as stored"),
        ((64, 48), {"imageWidth": 63, "imageHeight": 48}, "refused"),
    ],
)
def test_exif_orientation_follows_the_declared_size(
    tmp_path: Path,
    take_in: Callable[..., ImportReport],
    stored: tuple[int, int],
    declared: dict[str, int],
    fits: str,
) -> None:
    exif = Picture.Exif()
    exif[0x0112] = 6
    source = folder(
        tmp_path,
        {"a.png": picture(1, exif=exif), "a.json": labelme("a.png", **declared)},
    )

    report = take_in(source)

    image = Image.objects.get()
    assert "EXIF orientation 6" in reasons(report, "a.png")
    if fits == "refused":
        assert "declares an image of 63x48 px" in reasons(report, "a.json")
    else:
        assert status(report, "a.json") == "imported"
        assert fits in reasons(report, "a.png")
        assert (image.width, image.height) == ((48, 64) if fits == "upright" else (64, 48))


def test_the_same_pixels_under_another_subject_are_said(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    report = take_in(folder(tmp_path, {"S1/a.png": picture(1), "S2/b.png": picture(1)}))

    assert "also under" in reasons(report, "S1/a.png") or "under subject S2" in reasons(
        report, "S1/a.png"
    )
    assert Image.objects.count() == 2


def test_a_crop_under_another_subject_is_said(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    scan = phantom.scan(phantom.cohort(1, seed=5)[0], "rectus-femoris").pixels
    scans = {"S1/a.png": scan, "S2/b.png": COPIES["cropped by a tenth"](scan)}
    encoded = {name: as_png(pixels) for name, pixels in scans.items()}
    report = take_in(folder(tmp_path, {**encoded, "S3/c.png": picture(1)}))

    assert "looks like image" in reasons(report, "S2/b.png")
    assert "of subject S1" in reasons(report, "S2/b.png")
    assert status(report, "S3/c.png") == "imported"


def as_png(pixels: np.ndarray) -> bytes:
    buffer = BytesIO()
    Picture.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


BAD = {
    "broken": (b'{"shapes": [', "not valid JSON at line 1"),
    "huge": (b" " * (10 * 1024 * 1024 + 1), "MiB"),
    "deep": (b"[" * 100_000, "64 levels"),
    "another": (b'{"images": [], "annotations": []}', "COCO"),
    "size": (labelme("a.png", imageWidth=640), "declares an image of 640x48 px"),
    "nan": (
        labelme("a.png", shape(points=[[float("nan"), 1], [2, 3], [4, 5]])),
        "no finite number",
    ),
    "two": (labelme("a.png", shape(points=[[1, 1], [2, 3]])), "2 different points"),
    "outside": (labelme("a.png", shape(points=[[900, 1], [950, 3], [940, 5]])), "wholly outside"),
    "label": (labelme("a.png", shape("liver")), "no label or alias 'liver'"),
    "mask": (
        labelme("a.png", shape(shape_type="mask", points=[[1, 1], [4, 4]], mask="AAAA")),
        "bitmap of the mask is no PNG",
    ),
    "cp1252": (labelme("a.png", shape("Müskel")).decode().encode("cp1252"), "not UTF-8"),
}


@pytest.mark.parametrize(("data", "message"), BAD.values(), ids=BAD.keys())
def test_bad_outlines_are_refused_in_words_and_the_others_go_on(
    tmp_path: Path, take_in: Callable[..., ImportReport], data: bytes, message: str
) -> None:
    source = folder(
        tmp_path,
        {"a.png": picture(1), "a.json": data, "b.png": picture(2), "b.json": labelme("b.png")},
    )

    report = take_in(source)

    assert status(report, "a.json") == "refused"
    assert message in reasons(report, "a.json")
    assert status(report, "b.json") == "imported"
    assert [row.image.original_name for row in Annotation.objects.all()] == ["b.png"]
    assert SourceFile.objects.count() == 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no PNG, JPEG, BMP or TIFF"),
        (b"<html>", "no PNG, JPEG, BMP or TIFF"),
        (picture(1)[:200], "damaged PNG"),
        (picture(1, "GIF"), "no PNG, JPEG, BMP or TIFF"),
    ],
)
def test_a_bad_image_is_refused_with_its_outlines(
    tmp_path: Path, take_in: Callable[..., ImportReport], data: bytes, message: str
) -> None:
    source = folder(tmp_path, {"a.png": data, "a.json": labelme("a.png"), "b.png": picture(2)})

    report = take_in(source)

    assert message in reasons(report, "a.png")
    assert "its image a.png was refused" in reasons(report, "a.json")
    assert [image.original_name for image in Image.objects.all()] == ["b.png"]


def test_an_image_that_lies_about_its_type_is_taken_by_its_content(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    report = take_in(folder(tmp_path, {"a.jpg": picture(1)}))

    assert "is a PNG image by its content, not .jpg" in reasons(report, "a.jpg")
    assert (pixels(Image.objects.get()) == grey(1)).all()


def test_other_files_are_left_out_and_listed(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    source = folder(
        tmp_path,
        {"a.png": picture(1), "notes.txt": b"hello", ".DS_Store": b"x", "._a.png": b"x"},
    )

    report = take_in(source)

    assert list(report.files) == ["a.png"]
    assert report.ignored == ["notes.txt"]


@pytest.mark.parametrize("source", ["missing", "empty", "text.zip"])
def test_nothing_to_import_is_said(
    tmp_path: Path, take_in: Callable[..., ImportReport], source: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.zip").write_bytes(b"no zip")

    with pytest.raises(InvalidInput, match=r"no folder or zip|no image|damaged zip"):
        take_in(tmp_path / source)


def test_a_file_without_shapes_leaves_the_image_to_be_drawn(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    source = folder(tmp_path, {"a.png": picture(1), "a.json": labelme("a.png", shapes=[])})

    report = take_in(source)

    assert "no shapes" in reasons(report, "a.json")
    assert Image.objects.get().state == Image.State.NEW
    assert not Annotation.objects.exists()
    assert SourceFile.objects.get().revision is None
    assert status(take_in(source), "a.json") == "unchanged"


# Burned-in names


def test_a_mask_and_a_crop_come_before_anything_is_stored(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    embedded = base64.b64encode(picture(1)).decode()
    source = folder(tmp_path, {"a.png": picture(1), "a.json": labelme("a.png", imageData=embedded)})

    report = take_in(source, masks=("0,0,64,8",), crop="4,2,56,44")

    image = Image.objects.get()
    expected = grey(1).copy()
    expected[:8] = 0
    assert (pixels(image) == expected[2:46, 4:60]).all()
    assert Revision.objects.get().regions[0]["parts"][0][0][0] == [6, 8]
    kept = files.read(SourceFile.objects.get().sha256)
    assert json.loads(kept)["imageData"] is None
    assert embedded[:40].encode() not in kept
    assert "embedded copy is not kept" in reasons(report, "a.json")
    assert take_in(source, masks=("0,0,64,8",), crop="4,2,56,44").count("unchanged") == 2


@pytest.mark.parametrize("text", ["1,2,3", "a,b,c,d", "-1,0,5,5", "0,0,0,5", "0;0;5;5"])
def test_a_rectangle_is_four_whole_numbers(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"x,y,width,height|no area"):
        ImportRequest(source="x", masks=(text,))


def test_a_crop_outside_the_image_is_refused(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    report = take_in(folder(tmp_path, {"a.png": picture(1)}), crop="10,10,64,10")

    assert "does not lie inside the image" in reasons(report, "a.png")


# Sweeps


def test_a_folder_of_frames_is_one_dynamic_take(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    frames = {f"S1/sweep/f{number}.png": picture(100 + number) for number in range(7)}
    source = folder(tmp_path, {**frames, "S1/sweep/f3.json": labelme("f3.png")})

    report = take_in(source, sweeps=True, step=3)

    take = Take.objects.get()
    assert take.kind == Take.Kind.DYNAMIC
    assert [image.frame for image in take.images.order_by("frame")] == [0, 3, 6]
    assert take.scan.visit.subject.code == "S1"
    assert Annotation.objects.get().image.frame == 3
    assert set(report.ignored) == {f"S1/sweep/f{number}.png" for number in (1, 2, 4, 5)}
    assert take_in(source, sweeps=True, step=3).count("unchanged") == 4


@pytest.mark.parametrize("name", ["S1/clip.avi", "S1/clip.mp4"])
def test_a_clip_is_one_dynamic_take(
    tmp_path: Path, take_in: Callable[..., ImportReport], name: str
) -> None:
    (tmp_path / "S1").mkdir()
    with av.open(str(tmp_path / name), "w") as clip:
        stream = clip.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(5):
            frame = np.full((48, 64, 3), 40 * number, np.uint8)
            frame[:20] = 255
            clip.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        clip.mux(stream.encode())

    report = take_in(tmp_path, step=2)

    assert status(report, name) == "imported"
    take = Take.objects.get()
    assert [image.frame for image in take.images.order_by("frame")] == [0, 2, 4]
    assert take.kind == Take.Kind.DYNAMIC
    assert take_in(tmp_path, step=2).count("unchanged") == 1


# The command


def run_command(*arguments: str) -> dict[str, Any]:
    output = StringIO()
    call_command("import_dataset", *arguments, "--json", stdout=output)
    return dict(json.loads(output.getvalue()))


def test_the_command_starts_the_study_and_reports(db: None, tmp_path: Path) -> None:
    source = folder(tmp_path, {"S1/a.png": picture(1), "S1/a.json": labelme("a.png")})

    dry = run_command(str(source), "--site", "rf", "--create-site", "--dry-run")
    assert not Study.objects.exists()
    answer = run_command(str(source), "--site", "rf", "--create-site")

    assert (
        dry["files"]
        == answer["files"]
        == [
            {"path": "S1/a.json", "status": "imported", "reasons": []},
            {"path": "S1/a.png", "status": "imported", "reasons": []},
        ]
    )
    assert Job.objects.get(pk=answer["job"]).state == Job.State.DONE
    assert Study.objects.get().name == "main"
    assert Annotation.objects.get().author.username == "import"


def test_the_command_fails_only_where_nothing_was_taken(db: None, tmp_path: Path) -> None:
    source = folder(tmp_path, {"S1/a.png": b"no picture"})

    with pytest.raises(CommandError, match="No file was taken"):
        run_command(str(source), "--site", "rf", "--create-site")
    with pytest.raises(CommandError, match="Say which site"):
        run_command(str(source))
    with pytest.raises(CommandError, match="no folder or zip archive"):
        run_command(str(tmp_path / "nowhere"), "--site", "rf")
    with pytest.raises(CommandError, match="no active user 'nobody'"):
        run_command(str(source), "--as", "nobody")
    folder(source, {"S1/b.png": picture(1)})
    assert run_command(str(source), "--site", "rf", "--create-site")["counts"]["refused"] == 1


# Real scans


@needs_shared
@pytest.mark.parametrize("name", ["muscle_longitudinal", "nerve_vessel"])
def test_real_scans_come_in_as_references(
    tmp_path: Path, take_in: Callable[..., ImportReport], name: str
) -> None:
    real = SHARED / "data" / name
    with (real / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[:12]

    report = take_in(real, manifest=manifest(tmp_path, *rows), state="reference")

    assert report.count("imported") + report.count("warning") == 24
    assert Reference.objects.count() == 12
    site = Image.objects.first().site
    assert site.plane == ("longitudinal" if "longitudinal" in name else "transverse")
    expected = {row["subject"]: row["partition"] for row in rows if row.get("partition")}
    found = dict(SubjectPartition.objects.values_list("subject__code", "partition"))
    assert found == expected


# Killed in the middle

KILLED = """
import os, signal, sys
import django
django.setup()
from annotation.services.intake import running, writing
from django.core.management import call_command
running.FIRST_BATCH = running.MOST_FRAMES = 2
if sys.argv[1] == "kill":
    tell = writing.Writer._tell
    batches = []
    def die(writer):
        batches.append(tell(writer))
        if len(batches) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
    writing.Writer._tell = die
call_command("import_dataset", sys.argv[2], "--site", "rf", "--create-site", "--study", "again")
call_command("verify")
"""
TABLES = ("study", "site", "subject", "image", "annotation", "revision", "sourcefile")


def test_an_import_killed_in_a_batch_leaves_whole_scans_and_a_repeat_takes_the_rest(
    transactional_db: None, tmp_path: Path
) -> None:
    source = folder(
        tmp_path / "set",
        {f"S{n}/a.png": picture(n) for n in range(5)} | {"S1/a.json": labelme("a.png")},
    )
    data = tmp_path / "data"
    data.mkdir()
    connection.ensure_connection()
    with closing(sqlite3.connect(data / "db.sqlite3")) as copy:
        connection.connection.backup(copy)

    def run(word: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", KILLED, word, str(source)],
            cwd=ROOT,
            env={
                **os.environ,
                "MYOTRACE_DATA": str(data),
                "DJANGO_SETTINGS_MODULE": "config.settings.testing",
            },
            capture_output=True,
            text=True,
        )

    def counts() -> list[int]:
        with closing(sqlite3.connect(data / "db.sqlite3")) as database:
            return [
                database.execute(f"SELECT COUNT(*) FROM annotation_{table}").fetchone()[0]  # noqa: S608
                for table in TABLES
            ]

    killed = run("kill")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert counts() == [1, 1, 2, 2, 1, 1, 1], "the first batch, and no part of the second"

    again = run("go on")

    assert again.returncode == 0, again.stderr
    assert "3 imported" in again.stdout
    assert "3 unchanged" in again.stdout
    assert counts() == [1, 1, 5, 5, 1, 1, 1]
