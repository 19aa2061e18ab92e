"""The pages of subjects: list, trends over visits, and what is not shown there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from annotation.models import Image, Partition, Study, SubjectPartition
from annotation.selectors import subjects as selector
from annotation.services import subjects as services
from core.models import User
from domain.calibration import PixelSpacing
from tests.annotation.references import approve
from tests.conftest import rectangle

VISITS = (date(2026, 1, 5), date(2026, 4, 7))


@pytest.fixture
def followed(
    make_image: Callable[..., Image], annotator: User, expert: User
) -> Callable[..., list[Image]]:
    """`followed(code)`: a subject seen on two dates, the muscle thicker on the second."""

    def make(code: str = "S001", **fields: Any) -> list[Image]:
        images = [make_image(code, visit=visit, side="left", take=1, **fields) for visit in VISITS]
        approve(images[0], annotator, expert, rectangle(5, 5, 40, 25))
        approve(images[1], annotator, expert, rectangle(5, 5, 40, 35))
        return images

    return make


def page(client: Client, code: str = "S001", **query: str) -> str:
    answer = client.get(f"/studies/lab/subjects/{code}/", query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_thickness_and_csa_over_visits(
    followed: Callable[..., list[Image]], expert: User, client_of: Callable[[User], Client]
) -> None:
    images = followed()
    shown = page(client_of(expert))
    assert "2026-01-05" in shown
    assert "2026-04-07" in shown
    assert '<td class="number">2.0</td>' in shown
    assert '<td class="number">3.0</td>' in shown
    assert shown.count("<svg") > 2
    assert all(f"/images/{image.pk}/" in shown for image in images)


def test_the_trend_can_be_downloaded(
    followed: Callable[..., list[Image]], expert: User, client_of: Callable[[User], Client]
) -> None:
    followed()
    address = "/studies/lab/subjects/S001/"
    answer = client_of(expert).get(address, {"figure": "mt-rectus-femoris"})
    assert answer["Content-Type"].startswith("image/svg+xml")
    assert b"RF left" in answer.content


def test_a_trend_says_what_it_draws_apart_and_leaves_out(
    followed: Callable[..., list[Image]],
    make_image: Callable[..., Image],
    annotator: User,
    expert: User,
    client_of: Callable[[User], Client],
) -> None:
    followed()
    for visit, spacing, cut in (
        (date(2026, 7, 1), PixelSpacing(0.1, 0.1, "phantom"), ("left", "deep")),
        (None, PixelSpacing(0.1, 0.1, "phantom"), ()),
        (date(2026, 9, 1), None, ()),
    ):
        image = make_image("S001", visit=visit, side="left", take=1, spacing=spacing)
        approve(image, annotator, expert, rectangle(5, 5, 40, 25, cut=cut))
    shown = " ".join(page(client_of(expert)).split())
    said = (
        "One value a visit and side, of the selected take, none averaged. Drawn apart: 1 that the "
        "view cuts. Left out: 1 without mm, 1 without a date."
    )
    assert shown.count(said) == 2, "under thickness and under CSA"
    assert "CSA, visible CSA (cm²)" in shown
    assert "MT, visible MT (mm)" in shown
    assert "RF left (visible CSA), 2026-07-01: 0.07 cm², cut left, deep" in shown
    assert "RF left, 2026-01-05: 2.0 mm<" in shown


def test_without_calibration_the_reason_stands_in_place_of_mm(
    followed: Callable[..., list[Image]], expert: User, client_of: Callable[[User], Client]
) -> None:
    followed(spacing=None)
    shown = page(client_of(expert))
    assert "not calibrated" in shown
    assert "A trend is drawn once" in shown


def test_only_the_selected_take_is_shown(
    make_image: Callable[..., Image], annotator: User, expert: User
) -> None:
    first = make_image("S001", take=1)
    other = make_image("S001", take=2)
    approve(other, annotator, expert)
    (of_site,) = selector.scans_of(first.subject)
    (scan,) = of_site.scans
    assert scan.image == first
    assert scan.measurements == []


def test_of_a_sweep_the_frame_with_the_largest_outline_is_shown(
    make_image: Callable[..., Image], annotator: User, expert: User
) -> None:
    frames = [make_image("S001", take=1, frame=n) for n in range(3)]
    for frame, bottom in zip(frames, (20, 30, 25), strict=True):
        approve(frame, annotator, expert, rectangle(5, 5, 40, bottom))
    (of_site,) = selector.scans_of(frames[0].subject)
    (scan,) = of_site.scans
    assert (scan.image, scan.n_frames) == (frames[1], 3)
    assert [one.mt_px for one in scan.measurements] == [25]


def test_a_test_subject_shows_no_measurement(
    followed: Callable[..., list[Image]], expert: User, client_of: Callable[[User], Client]
) -> None:
    images = followed()
    SubjectPartition.objects.create(subject=images[0].subject, partition=Partition.TEST)
    shown = page(client_of(expert))
    assert "locked test set" in shown
    assert '<td class="number">' not in shown


def test_an_annotator_sees_measurements_of_their_own_outlines_only(
    followed: Callable[..., list[Image]],
    annotator: User,
    other_annotator: User,
    client_of: Callable[[User], Client],
) -> None:
    followed()
    assert '<td class="number">2.0</td>' in page(client_of(annotator))
    assert '<td class="number">' not in page(client_of(other_annotator))


def test_a_withdrawn_subject_has_a_page_without_scans(
    followed: Callable[..., list[Image]],
    admin: User,
    client_of: Callable[[User], Client],
) -> None:
    images = followed()
    services.withdraw(images[0].subject, actor=admin, reason="asked to")
    shown = page(client_of(admin))
    assert "Consent was withdrawn" in shown
    assert '<td class="number">' not in shown


def test_the_list_shows_subjects_and_finds_by_code(
    make_image: Callable[..., Image], annotator: User, client_of: Callable[[User], Client]
) -> None:
    for code in ("A-1", "A-2", "B-1"):
        make_image(code)
    client = client_of(annotator)
    everybody = client.get("/studies/lab/subjects/").content.decode()
    assert all(f">{code}<" in everybody for code in ("A-1", "A-2", "B-1"))
    found = client.get("/studies/lab/subjects/", {"code": "A-"}).content.decode()
    assert ">A-2<" in found
    assert ">B-1<" not in found
    assert "begins with" in client.get("/studies/lab/subjects/", {"code": "C"}).content.decode()


def test_the_list_goes_on_on_the_next_page(
    make_image: Callable[..., Image],
    study: Study,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(selector, "PAGE_SIZE", 2)
    for code in ("S1", "S2", "S3"):
        make_image(code)
    first = selector.subjects_of(study)
    assert [row.subject.code for row in first.rows] == ["S1", "S2"]
    rest = selector.subjects_of(study, after=first.after)
    assert ([row.subject.code for row in rest.rows], rest.after) == (["S3"], "")


def test_an_odd_code_has_its_page(
    make_image: Callable[..., Image], expert: User, client_of: Callable[[User], Client]
) -> None:
    make_image("P/12 ü")
    assert "P/12 ü" in client_of(expert).get("/studies/lab/subjects/P/12 ü/").content.decode()


def test_unknown_subjects_and_strangers_find_nothing(
    image: Image, expert: User, stranger: User, client_of: Callable[[User], Client]
) -> None:
    assert client_of(expert).get("/studies/lab/subjects/S999/").status_code == 404
    assert client_of(stranger).get("/studies/lab/subjects/S001/").status_code == 404
    assert client_of(stranger).get("/studies/lab/subjects/").status_code == 404


def test_the_page_costs_the_same_for_more_visits(
    make_image: Callable[..., Image],
    annotator: User,
    expert: User,
    client_of: Callable[[User], Client],
    django_assert_max_num_queries: Any,
) -> None:
    client = client_of(expert)
    for month in range(1, 9):
        image = make_image("S001", visit=date(2026, month, 1), side="left", take=1)
        approve(image, annotator, expert)
    with django_assert_max_num_queries(32):
        page(client)
