"""Measurements of approved outlines: the rows, the command, the API and the table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from annotation.models import (
    Image,
    LockLook,
    Partition,
    Site,
    Study,
    SubjectPartition,
)
from annotation.selectors import measurements
from annotation.selectors.measurements import NOT_OUTLINED, Measurement
from annotation.services import lock, sites
from core.models import User
from domain.measurement import LONGITUDINAL, MEASUREMENT_VERSION, NOT_CALIBRATED
from tests.annotation.references import approve
from tests.conftest import rectangle

ADDRESS = "/api/v1/measurements/"


@pytest.fixture
def approved(
    make_image: Callable[..., Image], annotator: User, expert: User
) -> Callable[..., Image]:
    """`approved(code, *regions, **of the image)`: an image with an approved outline."""

    def make(code: str = "S001", *regions: dict[str, Any], **fields: Any) -> Image:
        image = make_image(code, **fields)
        approve(image, annotator, expert, *regions)
        return image

    return make


def into_test_set(image: Image) -> None:
    SubjectPartition.objects.create(subject=image.subject, partition=Partition.TEST)


def rows_of(study: Study, **wanted: Any) -> list[Measurement]:
    return list(measurements.of_study(study, **wanted))


def test_an_approved_image_is_one_row_a_label(approved: Callable[..., Image], study: Study) -> None:
    """A rectangle of 35 x 25 px at 0.1 mm per px."""
    image = approved("S001", visit=date(2026, 3, 2), side="right", take=1)
    (row,) = rows_of(study)
    assert (row.study, row.site, row.subject) == ("lab", "rectus-femoris", "S001")
    assert (row.visit, row.side, row.take, row.frame) == (date(2026, 3, 2), "right", 1, 0)
    assert (row.csa_quantity, row.csa_mm2) == ("CSA", pytest.approx(8.75))
    assert (row.mt_mm, row.mt_definition) == (pytest.approx(2.5), "max_vertical")
    assert (row.calibration, row.spacing_x_mm, row.version) == ("phantom", 0.1, MEASUREMENT_VERSION)
    assert (row.reader, row.how, row.selected) == ("annotator", "single_expert", True)
    assert (row.why_no_csa, row.why_no_mt, row.image_id) == ("", "", image.pk)


def test_echo_intensity_is_the_mean_grey_inside(
    approved: Callable[..., Image], study: Study
) -> None:
    pixels = np.zeros((48, 64), np.uint8)
    pixels[5:30, 5:40] = 90
    approved("S001", pixels=pixels)
    assert rows_of(study)[0].ei == 90
    assert rows_of(study, with_echo_intensity=False)[0].ei is None


def test_without_calibration_nothing_is_in_mm(approved: Callable[..., Image], study: Study) -> None:
    approved("S001", spacing=None)
    (row,) = rows_of(study)
    assert (row.csa_mm2, row.mt_mm, row.spacing_x_mm, row.calibration) == (None, None, None, "")
    assert (row.why_no_csa, row.why_no_mt) == (NOT_CALIBRATED, NOT_CALIBRATED)
    assert (row.csa_px, row.mt_px) == (875, 25)


def test_a_longitudinal_site_has_no_csa(
    approved: Callable[..., Image], study: Study, site: Site, admin: User
) -> None:
    sites.change(site, actor=admin, plane=Site.Plane.LONGITUDINAL)
    approved("S001")
    (row,) = rows_of(study)
    assert (row.csa_mm2, row.csa_px, row.why_no_csa) == (None, None, LONGITUDINAL)
    assert row.mt_mm == pytest.approx(2.5)


def test_a_cut_muscle_has_a_visible_csa(approved: Callable[..., Image], study: Study) -> None:
    approved("S001", rectangle(0, 5, 40, 30, cut=("left",)))
    (row,) = rows_of(study)
    assert (row.csa_quantity, row.csa_mm2) == ("visible CSA", pytest.approx(10))


def test_several_regions_of_a_label_are_measured_together(
    approved: Callable[..., Image], study: Study
) -> None:
    approved("S001", rectangle(0, 0, 10, 10), rectangle(20, 0, 30, 20, cut=("deep",)))
    (row,) = rows_of(study)
    assert (row.csa_px, row.mt_px, row.csa_quantity) == (300, 20, "visible CSA")


def test_a_label_that_is_not_outlined_says_so(
    approved: Callable[..., Image], study: Study, site: Site, admin: User
) -> None:
    sites.add_label(site, "VI", actor=admin)
    approved("S001")
    drawn, missing = rows_of(study)
    assert (drawn.label, missing.label) == ("RF", "VI")
    assert (missing.csa_mm2, missing.mt_mm, missing.ei) == (None, None, None)
    assert (missing.why_no_csa, missing.why_no_mt) == (NOT_OUTLINED, NOT_OUTLINED)


def test_work_that_is_not_approved_is_not_measured(image: Image, study: Study) -> None:
    assert rows_of(study) == []


def test_one_reader_alone(approved: Callable[..., Image], study: Study, expert: User) -> None:
    approved("S001")
    assert rows_of(study, drawn_by=expert) == []


def test_test_subjects_are_left_out_and_counted(
    approved: Callable[..., Image], study: Study, site: Site
) -> None:
    into_test_set(approved("S001"))
    approved("S002")
    assert [row.subject for row in rows_of(study)] == ["S002"]
    assert measurements.left_out(study) == 1
    assert measurements.left_out(study, site=site) == 1


def test_the_number_of_queries_does_not_grow(
    approved: Callable[..., Image],
    study: Study,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for code in ("S001", "S002", "S003"):
        approved(code)
    with django_assert_num_queries(4):
        assert len(rows_of(study)) == 3


def measured_by_command(tmp_path: Path, *arguments: str) -> list[dict[str, str]]:
    out = tmp_path / "measured.csv"
    call_command("measure", "--study", "lab", "--out", str(out), *arguments)
    return list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8-sig"))))


def test_the_command_writes_the_table(
    approved: Callable[..., Image], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    approved("S001", visit=date(2026, 3, 2))
    (row,) = measured_by_command(tmp_path)
    assert (row["subject"], row["visit"], row["selected"]) == ("S001", "2026-03-02", "yes")
    assert (row["csa_mm2"], row["mt_mm"], row["label"]) == ("8.75", "2.5", "RF")
    assert "1 rows of 1 images" in capsys.readouterr().out


def test_the_command_answers_json_alone(
    approved: Callable[..., Image], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    into_test_set(approved("S001"))
    measured_by_command(tmp_path, "--json")
    assert json.loads(capsys.readouterr().out)["left_out"] == 1


def test_text_that_a_spreadsheet_would_run_is_harmless(
    approved: Callable[..., Image], tmp_path: Path
) -> None:
    approved("=HYPERLINK(1)")
    (row,) = measured_by_command(tmp_path)
    assert row["subject"] == "'=HYPERLINK(1)"


def test_the_command_knows_its_sites(tmp_path: Path, site: Site) -> None:
    with pytest.raises(CommandError, match=r"no site 'calf' \(its sites: rectus-femoris\)"):
        measured_by_command(tmp_path, "--site", "calf")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, site: Site) -> None:
    with pytest.raises(CommandError, match="cannot be written: No such file"):
        measured_by_command(tmp_path / "nowhere")


def test_locked_references_are_measured_by_a_counted_look_only(
    approved: Callable[..., Image], site: Site, admin: User, tmp_path: Path
) -> None:
    into_test_set(approved("S001"))
    approved("S002")
    lock.seal(site, admin)
    assert [row["subject"] for row in measured_by_command(tmp_path)] == ["S002"]
    with pytest.raises(CommandError, match="--as USER"):
        measured_by_command(tmp_path, "--locked", "final table")
    assert LockLook.objects.count() == 0
    opened = measured_by_command(tmp_path, "--locked", "final table", "--as", "admin")
    assert sorted(row["subject"] for row in opened) == ["S001", "S002"]
    assert {row["mt_mm"] for row in opened} == {"2.5"}
    assert LockLook.objects.get().purpose == "final table"


def test_the_api_answers_json_and_csv(
    approved: Callable[..., Image], admin: User, client_of: Callable[[User], Client]
) -> None:
    into_test_set(approved("S001"))
    approved("S002")
    client = client_of(admin)
    answer = client.get(ADDRESS, {"study": "lab", "site": "rectus-femoris"}).json()
    assert (answer["count"], answer["left_out"]) == (1, 1)
    assert answer["results"][0]["subject"] == "S002"
    table = client.get(ADDRESS, {"study": "lab", "format": "csv"})
    assert table["Content-Type"].startswith("text/csv")
    text = b"".join(table.streaming_content).decode()  # type: ignore[arg-type]
    assert [row["subject"] for row in csv.DictReader(io.StringIO(text))] == ["S002"]
    assert client.get(ADDRESS, {"subject": "S009"}).json()["results"] == []


@pytest.mark.parametrize("query", [{}, {"format": "csv"}, {"study": "lab"}])
def test_the_api_is_for_experts_and_admins(
    approved: Callable[..., Image],
    annotator: User,
    client_of: Callable[[User], Client],
    query: dict[str, str],
) -> None:
    approved("S001")
    assert client_of(annotator).get(ADDRESS, query).status_code == 404


def test_the_api_shows_nothing_of_another_study(
    approved: Callable[..., Image], stranger: User, client_of: Callable[[User], Client]
) -> None:
    approved("S001")
    client = client_of(stranger)
    assert client.get(ADDRESS).json()["results"] == []
    assert client.get(ADDRESS, {"study": "lab"}).status_code == 404
    assert client.get(ADDRESS, {"site": "calf"}).status_code == 404


def test_the_page_shows_a_table_with_its_downloads(
    approved: Callable[..., Image],
    study: Study,
    expert: User,
    client_of: Callable[[User], Client],
) -> None:
    approved("S001")
    client = client_of(expert)
    page = client.get("/studies/lab/measurements/").content.decode()
    assert "S001" in page
    assert "2.5" in page
    answer = client.get("/studies/lab/measurements.csv", {"site": "rectus-femoris"})
    assert b"8.75" in b"".join(answer.streaming_content)  # type: ignore[arg-type]


def test_the_page_of_an_empty_study_says_what_to_do(
    study: Study, expert: User, client_of: Callable[[User], Client]
) -> None:
    assert (
        "Nothing is measured yet"
        in client_of(expert).get("/studies/lab/measurements/").content.decode()
    )
