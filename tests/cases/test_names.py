"""The shared cases about names: one person, one picture, one label under one name."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from annotation.models import Annotation, Image, Revision, Site, Study, Subject
from annotation.services import exports, labels, outlines, references, sites
from annotation.services.exports import ExportRequest
from annotation.services.imports import running
from annotation.services.imports.report import REFUSED, ImportReport
from annotation.services.imports.request import ImportRequest
from core.models import User
from tests.conftest import rectangle
from tests.shared import SHARED, needs_shared

pytestmark = needs_shared
CASES = SHARED / "cases"


@pytest.fixture
def take_case(study: Study, admin: User) -> Callable[..., ImportReport]:
    """`take_case(name, **settings)`: the import of a shared case into an empty study."""

    def run(name: str, **settings: Any) -> ImportReport:
        source = str(CASES / name)
        request = ImportRequest(source=source, **settings)
        return running.import_files(request, study.name, actor=admin)

    return run


def codes() -> set[str]:
    return set(Subject.objects.values_list("code", flat=True))


def reasons(report: ImportReport, path: str) -> str:
    return "\n".join(report.files[path].reasons)


def refused(report: ImportReport) -> list[str]:
    return [path for path, file in report.files.items() if file.status == REFUSED]


def test_leading_zeros_stay_and_letter_case_makes_no_second_person(
    take_case: Callable[..., ImportReport],
) -> None:
    report = take_case("manifest-leading-zeros")

    assert codes() == {"007", "7", "P01"}
    assert "letter case only" in reasons(report, "d.png")
    assert "almost like '007'" in reasons(report, "b.png")
    assert report.near == {"subject": {"7": "007"}}
    assert refused(report) == []


def test_a_person_is_asked_for_and_the_answer_counts(
    take_case: Callable[..., ImportReport],
) -> None:
    report = take_case("manifest-leading-zeros", same=(("subject", "7", "007"),))

    assert codes() == {"007", "P01"}
    assert report.near == {}


def test_names_equal_to_the_eye_are_paired(take_case: Callable[..., ImportReport]) -> None:
    report = take_case("names-nfd-nfc")

    assert refused(report) == []
    assert Revision.objects.get().annotation.image.subject.code == "S1"


def test_one_person_typed_twice_is_one_reader(take_case: Callable[..., ImportReport]) -> None:
    report = take_case("readers-case")

    assert set(Annotation.objects.values_list("author__username", flat=True)) == {"Anna"}
    assert "letter case only" in reasons(report, "0_B.json")
    assert refused(report) == []


def test_every_subject_has_a_page_that_opens_or_is_refused_in_words(
    take_case: Callable[..., ImportReport],
    client_of: Callable[[User], Client],
    study: Study,
    admin: User,
) -> None:
    report = take_case("odd-subject-codes")

    assert refused(report) == ["4.png", "5.png", "8.png"]
    assert "write another code" in reasons(report, "4.png")
    browser = client_of(admin)
    page = browser.get(reverse("annotation:subjects", args=[study.name])).content.decode()
    for code in codes():
        address = reverse("annotation:subject", args=[study.name, code])
        assert address in page
        assert browser.get(address).context["subject"].code == code


def test_names_packed_in_chinese_are_read(take_case: Callable[..., ImportReport]) -> None:
    report = take_case("zip-gbk-names/a.zip", site="rf", create_site=True)

    assert codes() == {"受试者甲"}
    assert Image.objects.get().original_name == "受试者甲/股直肌1.png"
    assert "read as gbk" in " ".join(report.notes)


def test_visits_of_two_people_are_a_question_with_the_pattern(
    take_case: Callable[..., ImportReport],
) -> None:
    report = take_case("nested-visits", site="rf", create_site=True)

    assert codes() == set()
    assert set(refused(report)) == set(report.files)
    pattern = report.patterns[0]["pattern"]
    assert pattern in reasons(report, "P01/v1/a.png")

    taken = take_case("nested-visits", site="rf", create_site=True, pattern=pattern)

    assert codes() == {"P01", "P02"}
    assert refused(taken) == []
    assert sorted(Image.objects.values_list("subject__code", "take__number")) == [
        ("P01", 1),
        ("P01", 2),
        ("P02", 1),
        ("P02", 2),
    ]


def test_a_label_of_an_import_can_be_corrected(study: Study, site: Site, admin: User) -> None:
    """label-cannot-be-corrected: a new site took the label "rectus_femroris" from a file."""
    sites.add_label(site, "rectus_femroris", actor=None)

    labels.rename(labels.label_named(site, "rectus_femroris"), "rectus_femoris", actor=admin)
    labels.merge(
        labels.label_named(site, "rectus_femoris"), labels.label_named(site, "RF"), actor=admin
    )

    assert [label.name for label in site.labels.all()] == ["RF"]
    assert {row.alias for row in site.aliases.all()} == {"rectus_femoris", "rectus_femroris"}


def test_long_names_are_shortened_in_an_export(
    take_case: Callable[..., ImportReport], study: Study, admin: User, tmp_path: Path
) -> None:
    report = take_case("export-long-names", site="rf", create_site=True, state="reference")
    assert refused(report) == []

    exports.to_folder(study, ExportRequest("labelme"), tmp_path / "out", actor=admin)
    received = ExportRequest("labelme", as_received=True)
    exports.to_folder(study, received, tmp_path / "received", actor=admin)

    with (tmp_path / "out" / "manifest.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["subject"] for row in rows} == {"S1", "S2"}
    for row in rows:
        path = tmp_path / "out" / row["image"]
        assert path.is_file()
        assert len(path.name.encode()) < 140
    assert len(list((tmp_path / "received").rglob("*.png"))) == 2


def test_what_excel_opens_says_that_it_is_utf_8(
    study: Study,
    site: Site,
    image: Image,
    annotator: User,
    admin: User,
    tmp_path: Path,
    client_of: Callable[[User], Client],
) -> None:
    """export-csv-excel: a subject "Müller-1" in each table that people open."""
    revision = outlines.save(image, annotator, [rectangle(5, 5, 30, 30)], base=0)
    references.accept_outside(revision, actor=admin)
    Subject.objects.update(code="Müller-1")
    measured = tmp_path / "measured.csv"
    call_command("measure", study=study.name, out=measured)
    exports.to_folder(study, ExportRequest("labelme"), tmp_path / "out", actor=admin)
    browser = client_of(admin)
    tables = [measured.read_bytes(), (tmp_path / "out" / "manifest.csv").read_bytes()]
    for page in ("images_csv", "measurements_csv"):
        answer = browser.get(reverse(f"annotation:{page}", args=[study.name]))
        tables.append(b"".join(answer))  # type: ignore[arg-type]

    for table in tables:
        assert table.startswith(b"\xef\xbb\xbf")
        assert table.count(b"\xef\xbb\xbf") == 1
        assert "Müller-1" in table.decode("utf-8-sig")
