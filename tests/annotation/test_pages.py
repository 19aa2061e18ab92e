"""Every page, for every role: what it answers, what it shows, and what it costs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.utils import timezone

from annotation.models import Assignment, Image, Membership, Site, Study
from annotation.selectors import board, gallery, thumbnails
from annotation.selectors.review_lists import ReviewList
from annotation.selectors.studies import entered_by
from annotation.services import (
    corrections,
    lock,
    members,
    outlines,
    review,
    sites,
    split,
    studies,
    suggestions,
    workflow,
)
from core.models import AuditEvent, Job, User
from core.selectors import audit as audit_selector
from domain.comparison import changed_share
from domain.geometry import regions_from_json
from tests.conftest import noise, rectangle

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
MakeImage = Callable[..., Image]

A, E, M, S = "annotator", "expert", "admin", "stranger"
PAGES = {
    "enter/": {A: 302, E: 302, M: 302},
    "queue/": {A: 200, E: 200, M: 404},
    "board/": {A: 404, E: 200, M: 200},
    "images/": {A: 200, E: 200, M: 200},
    "images/?view=table": {A: 200, E: 200, M: 200},
    "images.csv": {A: 404, E: 200, M: 200},
    "sites/": {A: 200, E: 200, M: 200},
    "sites/rectus-femoris/": {A: 200, E: 200, M: 200},
    "sites/no-such-site/": {A: 404, E: 404, M: 404},
    "new-site/": {A: 404, E: 404, M: 200},
    "members/": {A: 404, E: 404, M: 200},
    "settings/": {A: 404, E: 404, M: 200},
    "audit/": {A: 404, E: 404, M: 200},
    "jobs/": {A: 200, E: 200, M: 200},
    "help/": {A: 200, E: 200, M: 200},
    "": {A: 404, E: 200, M: 200},
    "sites/rectus-femoris/retraining/": {A: 404, E: 404, M: 200},
}


@pytest.fixture
def people(
    annotator: User, expert: User, admin: User, stranger: User, site: Site
) -> dict[str, User]:
    return {A: annotator, E: expert, M: admin, S: stranger}


def submitted(image: Image, author: User, *, x: float = 30) -> Any:
    outlines.save(image, author, [rectangle(10, 10, x, 30)], base=0)
    annotation = image.annotations.get(author=author)
    return workflow.submit(annotation, author)


@pytest.mark.parametrize("role", [A, E, M, S])
def test_a_page_answers_those_whom_it_is_for(
    role: str, people: dict[str, User], client_of: ClientOf
) -> None:
    client = client_of(people[role])
    answers = {path: client.get(f"/studies/lab/{path}").status_code for path in PAGES}
    assert answers == {path: allowed.get(role, 404) for path, allowed in PAGES.items()}


def test_nobody_sees_a_page_without_logging_in(people: dict[str, User]) -> None:
    for path in PAGES:
        response = Client().get(f"/studies/lab/{path}")
        assert response.status_code == 302, path
        assert response["Location"].startswith("/accounts/login/"), path


@pytest.mark.parametrize(
    ("role", "page"), [(A, "/studies/lab/queue/"), (E, "/studies/lab/board/"), (M, "/studies/lab/")]
)
def test_everybody_lands_on_their_first_page(
    role: str, page: str, people: dict[str, User], client_of: ClientOf
) -> None:
    assert client_of(people[role]).get("/")["Location"] == page


def test_the_study_entered_last_is_opened_again(
    annotator: User, study: Study, client_of: ClientOf
) -> None:
    other = studies.create("other", actor=None)
    members.add(other, annotator, Membership.Role.EXPERT, actor=None)
    client = client_of(annotator)
    client.get("/studies/other/enter/")
    assert client.get("/")["Location"] == "/studies/other/board/"
    client.get("/studies/lab/queue/")
    assert client.get("/")["Location"] == "/studies/lab/queue/"


def test_somebody_without_a_study_is_told_what_to_do(
    make_user: Callable[..., User], client_of: ClientOf
) -> None:
    response = client_of(make_user("newcomer")).get("/")
    assert "Start your own study" in response.content.decode()


def test_nobody_without_account_enters_a_study(db: None) -> None:
    assert not AnonymousUser().is_authenticated
    assert Client().get("/").status_code == 302


def test_a_superuser_is_admin_of_every_study(study: Study, make_user: Callable[..., User]) -> None:
    user = make_user("operator")
    user.is_superuser = True
    user.save()
    assert [one.role for one in entered_by(user)] == ["admin"]


# ---- one's own study ----


def test_whoever_starts_a_study_is_its_admin_and_reads_three_steps(
    annotator: User, client_of: ClientOf
) -> None:
    client = client_of(annotator)
    response = client.post("/new-study/", {"title": "Knee Study", "name": ""}, follow=True)
    assert response.redirect_chain[-1][0] == "/studies/knee-study/"
    text = response.content.decode()
    assert text.count('<li class="done"') == 0
    assert "Add a muscle site" in text
    assert "Import scans" in text
    assert "Invite somebody" in text
    assert Membership.objects.get(study__name="knee-study").role == "admin"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"title": "Lab", "name": "lab"}, "There is a study"),
        ({"title": "???", "name": ""}, "the title has no letters"),
        ({"title": "", "name": ""}, "This field is required"),
        ({"title": "Kept title", "name": "no spaces"}, "Enter a valid"),
    ],
)
def test_a_study_that_cannot_be_says_why_beside_the_field(
    data: dict[str, str], message: str, study: Study, annotator: User, client_of: ClientOf
) -> None:
    text = client_of(annotator).post("/new-study/", data).content.decode()
    assert message in text
    assert f'value="{data["title"]}"' in text or not data["title"]
    assert Study.objects.count() == 1


# ---- queue ----


def test_an_empty_queue_says_when_something_comes(annotator: User, client_of: ClientOf) -> None:
    text = client_of(annotator).get("/studies/lab/queue/").content.decode()
    assert "Nothing waits for you" in text


def test_the_queue_shows_what_is_asked_and_enter_opens_it(
    annotator: User, make_image: MakeImage, client_of: ClientOf
) -> None:
    image = make_image("S001")
    suggestions.offer(image, [rectangle(5, 5, 20, 20)], source="model", version="v1")
    text = client_of(annotator).get("/studies/lab/queue/").content.decode()
    assert "Correct the pre-label" in text
    assert f'href="/studies/lab/images/{image.pk}/edit/" data-key="Enter"' in text
    assert 'class="outline suggestion"' in text
    assert "0 done today, 1 left" in text


def test_the_ring_counts_what_was_submitted_today(
    annotator: User, make_image: MakeImage, client_of: ClientOf
) -> None:
    submitted(make_image("S001"), annotator)
    make_image("S002")
    text = client_of(annotator).get("/studies/lab/queue/").content.decode()
    assert "1 done today, 1 left" in text
    assert 'stroke-dasharray="50 100"' in text


# ---- board ----


def test_the_board_sorts_by_how_much_the_pre_label_was_changed(
    annotator: User, expert: User, make_image: MakeImage, client_of: ClientOf
) -> None:
    little, much = make_image("S001"), make_image("S002")
    for image, x in ((little, 31), (much, 60)):
        suggestions.offer(image, [rectangle(10, 10, 30, 30)], source="model", version="v1")
        submitted(image, annotator, x=x)
    text = client_of(expert).get("/studies/lab/board/").content.decode()
    assert text.index("S002") < text.index("S001")
    assert "changed 60% of the pre-label" in text
    assert "changed 5% of the pre-label" in text


def test_two_readings_stand_in_their_own_column_once_both_are_in(
    study: Study,
    annotator: User,
    other_annotator: User,
    expert: User,
    make_image: MakeImage,
    client_of: ClientOf,
) -> None:
    image = make_image("S001")
    for slot, person in enumerate((annotator, other_annotator)):
        Assignment.objects.create(image=image, slot=slot, person=person, blind=True)
    submitted(image, annotator, x=30)
    waiting, disagreeing, *_ = board.columns(expert, study, ReviewList())
    assert waiting.count == 0
    assert waiting.note == "1 scan waits for the second reader."
    assert not disagreeing.cards
    submitted(image, other_annotator, x=50)
    waiting, disagreeing, *_ = board.columns(expert, study, ReviewList())
    assert waiting.count == 0
    assert [card.line for card in disagreeing.cards] == [
        "annotator and other-annotator differ on 50% of the area"
    ]
    text = client_of(expert).get("/studies/lab/board/").content.decode()
    assert len(set(re.findall(r'outline readings" d="[^"]+" stroke="(#\w+)"', text))) == 2


def test_the_board_shows_what_was_returned_and_approved_and_obeys_its_filters(
    study: Study, annotator: User, expert: User, make_image: MakeImage, client_of: ClientOf
) -> None:
    elsewhere = sites.create(study, "biceps", ["BB"], actor=None)
    back, good = make_image("S001"), make_image("S002")
    review.return_(submitted(back, annotator), 1, expert, "fascia missed")
    review.approve(submitted(good, annotator), 1, expert)
    client = client_of(expert)
    text = client.get("/studies/lab/board/").content.decode()
    assert "annotator: fascia missed" in text
    assert "approved by an expert (expert)" in text
    narrowed = client.get("/studies/lab/board/", {"site": elsewhere.slug}).content.decode()
    assert "fascia missed" not in narrowed
    nonsense = client.get("/studies/lab/board/", {"site": "' OR 1=1"}).content.decode()
    assert "fascia missed" in nonsense


@pytest.mark.parametrize(
    ("before", "after", "share"),
    [
        ([rectangle(0, 0, 10, 10)], [rectangle(0, 0, 10, 10)], 0),
        ([rectangle(0, 0, 10, 10)], [rectangle(0, 0, 20, 10)], 0.5),
        ([rectangle(0, 0, 10, 10)], [], 1),
        ([], [], 0),
        ([rectangle(0, 0, 10, 10)], [rectangle(0, 0, 10, 10, label="VL")], 1),
    ],
)
def test_the_changed_share_is_the_difference_over_the_union(
    before: list[Any], after: list[Any], share: float
) -> None:
    changed = changed_share(regions_from_json(before), regions_from_json(after))
    assert changed == pytest.approx(share)


# ---- images ----


def ids_of(page: gallery.GalleryPage) -> list[int]:
    return [image.pk for image in page.images]


@pytest.mark.parametrize("sort", gallery.SORTS)
def test_turning_pages_forth_and_back_shows_each_image_once(
    sort: str, study: Study, make_image: MakeImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gallery, "PAGE_SIZE", 3)
    made = [make_image(f"S{number % 3}").pk for number in range(8)]
    there, pages, after = [], [], ""
    for _ in range(5):
        page = gallery.page(study, gallery.Wanted(sort=sort, after=after))
        pages.append(page)
        there += ids_of(page)
        after = page.after
        if not after:
            break
    assert sorted(there) == made
    assert [len(page.images) for page in pages] == [3, 3, 2]
    assert pages[0].before == ""
    back = gallery.page(study, gallery.Wanted(sort=sort, before=pages[2].before))
    assert ids_of(back) == ids_of(pages[1])
    first = gallery.page(study, gallery.Wanted(sort=sort, before=back.before))
    assert ids_of(first) == ids_of(pages[0])
    assert first.before == ""


def test_a_mark_that_was_made_up_begins_at_the_first_page(
    study: Study, image: Image, make_image: MakeImage
) -> None:
    for mark in ("x", "WyJuZXdlc3QiLFsxXV0:x:y", "é"):
        assert ids_of(gallery.page(study, gallery.Wanted(after=mark))) == [image.pk]


def test_filters_narrow_and_what_is_not_offered_is_left_out(
    admin: User, make_image: MakeImage, client_of: ClientOf
) -> None:
    make_image("KNEE-1")
    make_image("HIP-1")
    client = client_of(admin)

    def shown(**query: str) -> tuple[bool, bool]:
        text = client.get("/studies/lab/images/", query).content.decode()
        return ">KNEE-1<" in text, ">HIP-1<" in text

    assert shown() == (True, True)
    assert shown(subject="KNEE") == (True, False)
    assert shown(state="approved") == (False, False)
    assert shown(state="password", sort="study__memberships__user__password") == (True, True)


def test_withdrawn_images_are_in_no_list(
    study: Study, admin: User, image: Image, client_of: ClientOf
) -> None:
    Image.objects.filter(pk=image.pk).update(erased_at=timezone.now())
    assert not gallery.page(study, gallery.Wanted()).images
    assert client_of(admin).get(f"/studies/lab/images/{image.pk}/").status_code == 404


def test_counting_stops_at_a_thousand(
    study: Study, make_image: MakeImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gallery, "COUNTED_UP_TO", 2)
    make_image()
    assert gallery.count_text(study, gallery.Wanted()) == "1 image"
    make_image()
    make_image()
    assert gallery.count_text(study, gallery.Wanted()) == "more than 2 images"


@pytest.mark.parametrize(("view", "role"), [("grid", A), ("table", M)])
def test_a_list_costs_the_same_number_of_queries_however_long_it_is(
    view: str,
    role: str,
    people: dict[str, User],
    make_image: MakeImage,
    client_of: ClientOf,
    django_assert_num_queries: Any,
) -> None:
    client = client_of(people[role])
    client.get("/studies/lab/images/")
    for number in range(3):
        submitted(make_image(f"S{number}"), people[A])
    few = queries_of(client, f"/studies/lab/images/?view={view}")
    for number in range(3, 10):
        submitted(make_image(f"S{number}"), people[A])
    with django_assert_num_queries(few):
        client.get(f"/studies/lab/images/?view={view}")


def queries_of(client: Client, path: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


@pytest.mark.parametrize("path", ["queue/", "board/"])
def test_the_first_pages_cost_the_same_however_much_waits(
    path: str, annotator: User, expert: User, make_image: MakeImage, client_of: ClientOf
) -> None:
    client = client_of(annotator if path == "queue/" else expert)
    client.get(f"/studies/lab/{path}")

    def work(numbers: range) -> None:
        for number in numbers:
            image = make_image(f"S{number}")
            suggestions.offer(image, [rectangle(5, 5, 20, 20)], source="model", version="v1")
            if path == "board/":
                submitted(image, annotator)

    work(range(2))
    client.get(f"/studies/lab/{path}")  # the scan that it shows is reserved from now on
    few = queries_of(client, f"/studies/lab/{path}")
    work(range(2, 7))
    assert queries_of(client, f"/studies/lab/{path}") == few


def test_the_export_has_a_row_an_image_and_no_formulas(
    admin: User, make_image: MakeImage, client_of: ClientOf
) -> None:
    make_image("S001", original_name="=cmd|' /C calc'!A0")
    make_image("S002")
    response = client_of(admin).get("/studies/lab/images.csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(response).decode("utf-8-sig"))))
    assert [row["subject"] for row in rows] == ["S001", "S002"]
    assert rows[0]["original_name"] == "'=cmd|' /C calc'!A0"
    assert rows[0]["spacing_x_mm"] == "0.1"


# ---- whose outline is drawn ----


def kinds(image: Image, user: User, role: str) -> str:
    return thumbnails.of_images([image], user, role)[image.pk].kind


def test_an_annotator_sees_no_colleagues_outline_on_a_thumbnail(
    annotator: User, other_annotator: User, expert: User, image: Image
) -> None:
    submitted(image, annotator)
    assert kinds(image, annotator, A) == thumbnails.OWN
    assert kinds(image, other_annotator, A) == ""
    assert kinds(image, expert, E) == thumbnails.SUBMITTED
    review.approve(image.annotations.get(), 1, expert)
    assert kinds(image, other_annotator, A) == ""
    assert kinds(image, expert, E) == thumbnails.REFERENCE


def test_who_reads_blind_sees_no_pre_label_on_a_thumbnail(
    annotator: User, expert: User, image: Image
) -> None:
    suggestions.offer(image, [rectangle(5, 5, 20, 20)], source="model", version="v1")
    assert kinds(image, annotator, A) == thumbnails.SUGGESTED
    Assignment.objects.create(image=image, slot=0, person=annotator, blind=True)
    Assignment.objects.create(image=image, slot=1, blind=True)
    assert kinds(image, annotator, A) == ""


def test_hidden_readings_of_a_model_are_never_drawn(expert: User, image: Image) -> None:
    suggestions.offer(image, [rectangle(5, 5, 9, 9)], source="m", version="v1", hidden=True)
    assert kinds(image, expert, E) == ""


def test_sealed_test_references_are_not_drawn_in_lists(
    study: Study, site: Site, annotator: User, expert: User, admin: User, make_image: MakeImage
) -> None:
    from annotation.services import lock

    images = [make_image(f"S{number:03d}") for number in range(10)]
    for image in images:
        review.approve(submitted(image, annotator), 1, expert)
    split.assign(study, test=0.2, validation=0.1, seed=1, actor=admin)
    lock.seal(site, admin)
    pictures = thumbnails.of_images(images, admin, M)
    hidden = {pk for pk, picture in pictures.items() if not picture.outlines}
    sealed = {row.image_id for row in site.locks.get().images.all()}
    assert hidden == sealed != set()


def test_a_path_closes_each_ring_and_keeps_holes() -> None:
    region = rectangle(0, 0, 10, 10)
    region["parts"][0].append([[2, 2], [4, 2], [4, 4]])
    path = thumbnails.svg_path(region)
    assert path.count("M") == path.count("Z") == 2
    assert path.startswith("M0.0 0.0L10.0 0.0")


# ---- one image ----


def test_an_annotator_sees_an_image_and_only_their_own_work_on_it(
    annotator: User, other_annotator: User, image: Image, client_of: ClientOf
) -> None:
    submitted(image, other_annotator)
    response = client_of(annotator).get(f"/studies/lab/images/{image.pk}/")
    text = response.content.decode()
    assert "Nobody has drawn on it yet" in text
    assert "other-annotator" not in text
    assert 'name="act"' not in text


def test_an_image_is_not_found_under_another_study(
    stranger: User, image: Image, client_of: ClientOf
) -> None:
    assert client_of(stranger).get(f"/studies/elsewhere/images/{image.pk}/").status_code == 404


def test_the_scale_is_set_by_depth(expert: User, image: Image, client_of: ClientOf) -> None:
    path = f"/studies/lab/images/{image.pk}/"
    data = {"act": "calibrate", "calibrate-depth_mm": "48", "calibrate-area": "full"}
    assert client_of(expert).post(path, data).status_code == 302
    image.refresh_from_db()
    assert image.calibration is not None
    assert image.calibration.y_mm == pytest.approx(48 / image.height)
    assert AuditEvent.objects.filter(verb="image calibrated", actor=expert).count() == 1


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"calibrate-depth_mm": "40"},
        {"calibrate-depth_mm": "40", "calibrate-area": "0,0,9000,10"},
        {"calibrate-depth_mm": "0", "calibrate-area": "full"},
        {"calibrate-depth_mm": "nan", "calibrate-area": "full"},
        {"calibrate-depth_mm": "40", "calibrate-x_mm": "0.1"},
        {"calibrate-x_mm": "0.1"},
        {"calibrate-x_mm": "0.1", "calibrate-y_mm": "-1"},
        {"calibrate-x_mm": "6", "calibrate-y_mm": "6"},
    ],
)
def test_a_scale_that_cannot_be_is_refused_and_changes_nothing(
    data: dict[str, str], expert: User, image: Image, client_of: ClientOf
) -> None:
    path = f"/studies/lab/images/{image.pk}/"
    before = image.calibration_id
    response = client_of(expert).post(path, {"act": "calibrate", **data})
    assert response.status_code == 422
    assert 'class="error"' in response.content.decode()
    image.refresh_from_db()
    assert image.calibration_id == before


@pytest.mark.parametrize("act", ["calibrate", "select", "move"])
def test_an_annotator_puts_nothing_right(
    act: str, annotator: User, image: Image, client_of: ClientOf
) -> None:
    data = {
        "act": act,
        "calibrate-depth_mm": "48",
        "move-subject_code": "S999",
        "move-site": str(image.site_id),
        "move-reason": "mine",
    }
    before = image.calibration_id
    client_of(annotator).post(f"/studies/lab/images/{image.pk}/", data)
    image.refresh_from_db()
    assert (image.calibration_id, image.subject.code) == (before, "S001")


def test_an_admin_moves_an_image_with_a_reason(
    admin: User, image: Image, client_of: ClientOf
) -> None:
    path = f"/studies/lab/images/{image.pk}/"
    data = {
        "act": "move",
        "move-subject_code": "S002",
        "move-site": str(image.site_id),
        "move-side": "left",
        "move-reason": "",
    }
    client = client_of(admin)
    assert client.post(path, data).status_code == 422
    assert client.post(path, {**data, "move-reason": "swapped folders"}).status_code == 302
    image.refresh_from_db()
    assert image.subject.code == "S002"
    assert image.take.scan.side == "left"
    event = AuditEvent.objects.get(verb="image moved")
    assert event.details["reason"] == "swapped folders"


def test_an_expert_selects_the_clearer_take(
    expert: User, make_image: MakeImage, client_of: ClientOf
) -> None:
    first, second = make_image("S001", take=1), make_image("S001", take=2)
    path = f"/studies/lab/images/{second.pk}/"
    data = {"act": "select", "select-take": str(second.take_id), "select-reason": "clearer fascia"}
    client_of(expert).post(path, data)
    scan = second.take.scan
    scan.refresh_from_db()
    assert scan.selected_take_id == second.take_id != first.take_id
    assert scan.selected_reason == "clearer fascia"


# ---- sites ----


def test_an_admin_adds_a_site_a_label_and_a_spelling(
    study: Study, admin: User, client_of: ClientOf
) -> None:
    client = client_of(admin)
    data = {
        "name": "Peroneus",
        "slug": "peroneus",
        "labels": "PL, PB",
        "plane": "transverse",
        "thickness_definition": "max_vertical",
        "dice_floor": "0.7",
        "model_family": "unet",
        "protocol": "Probe across.",
    }
    assert client.post("/studies/lab/new-site/", data)["Location"].endswith("/sites/peroneus/")
    path = "/studies/lab/sites/peroneus/"
    client.post(path, {"act": "label", "label-name": "SOL", "label-title": "soleus"})
    client.post(path, {"act": "alias", "alias-alias": "per. longus", "alias-label": "PL"})
    site = study.sites.get(slug="peroneus")
    assert [label.name for label in site.labels.all()] == ["PL", "PB", "SOL"]
    assert site.aliases.get().label.name == "PL"
    text = client.get(path).content.decode()
    assert "Probe across." in text
    assert "“per. longus” is PL" in text
    client.post(path, {"act": "forget", "alias": "per. longus"})
    assert not site.aliases.exists()


def test_a_site_that_exists_is_refused_beside_its_field(
    site: Site, admin: User, client_of: ClientOf
) -> None:
    data = {
        "name": "Again",
        "slug": site.slug,
        "labels": "RF",
        "plane": "transverse",
        "thickness_definition": "max_vertical",
        "dice_floor": "0.7",
        "model_family": "unet",
    }
    response = client_of(admin).post("/studies/lab/new-site/", data)
    assert response.status_code == 422
    assert "has a site" in response.content.decode()


def test_changing_a_site_refuses_what_makes_no_sense_and_keeps_it(
    site: Site, admin: User, client_of: ClientOf
) -> None:
    path = f"/studies/lab/sites/{site.slug}/"
    data = {
        "act": "change",
        "change-name": "Renamed",
        "change-plane": "longitudinal",
        "change-thickness_definition": "max_vertical",
        "change-dice_floor": "7",
        "change-model_family": "unet",
        "change-protocol": "New.",
    }
    client = client_of(admin)
    assert client.post(path, data).status_code == 422
    site.refresh_from_db()
    assert site.plane == "transverse"
    assert client.post(path, {**data, "change-dice_floor": "0.8"}).status_code == 302
    site.refresh_from_db()
    assert (site.name, site.plane, site.dice_floor) == ("Renamed", "longitudinal", 0.8)


@pytest.mark.parametrize("role", [A, E])
def test_only_admins_change_a_site(
    role: str, people: dict[str, User], site: Site, client_of: ClientOf
) -> None:
    path = f"/studies/lab/sites/{site.slug}/"
    client = client_of(people[role])
    assert client.post(path, {"act": "label", "label-name": "VL"}).status_code == 404
    assert site.labels.count() == 1


# ---- members ----


def test_an_invitation_shows_its_link_once_and_the_link_lets_in_once(
    study: Study, admin: User, client_of: ClientOf
) -> None:
    client = client_of(admin)
    data = {"act": "invite", "name": "reader9", "role": "annotator"}
    response = client.post("/studies/lab/members/", data)
    found = re.search(r"http://[^\"]*(/login-link/[^\"]+/)", response.content.decode())
    assert found is not None
    assert "login-link" not in client.get("/studies/lab/members/").content.decode()
    newcomer = Client()
    first_page = newcomer.post(found[1], follow=True)
    assert first_page.redirect_chain[-1][0] == "/studies/lab/queue/"
    assert "Choose a password" in first_page.content.decode()
    assert newcomer.get("/accounts/password/change/")["Location"] == "/accounts/password/set/"
    assert Client().post(found[1]).status_code == 410


def test_somebody_with_an_account_is_let_in_without_a_link(
    study: Study, admin: User, stranger: User, client_of: ClientOf
) -> None:
    data = {"act": "invite", "name": "Stranger", "role": "expert"}
    response = client_of(admin).post("/studies/lab/members/", data)
    assert "login-link" not in response.content.decode()
    assert study.memberships.get(user=stranger).role == "expert"


@pytest.mark.parametrize(
    ("name", "role"), [("two words", "annotator"), ("admin", "annotator"), ("new", "superuser")]
)
def test_an_invitation_that_cannot_be_says_why(
    name: str, role: str, study: Study, admin: User, client_of: ClientOf
) -> None:
    data = {"act": "invite", "name": name, "role": role}
    response = client_of(admin).post("/studies/lab/members/", data)
    assert response.status_code == 422
    assert study.memberships.count() == 1


def test_an_admin_changes_roles_but_the_last_admin_stays(
    study: Study, admin: User, annotator: User, client_of: ClientOf
) -> None:
    client = client_of(admin)
    path = "/studies/lab/members/change/"
    client.post(path, {"user": annotator.pk, "role": "expert"})
    assert study.memberships.get(user=annotator).role == "expert"
    client.post(path, {"user": annotator.pk, "role": ""})
    assert not study.memberships.filter(user=annotator).exists()
    assert client.post(path, {"user": admin.pk, "role": ""}).status_code == 409
    assert study.memberships.get(user=admin).role == "admin"


def test_only_members_of_the_study_can_be_changed(
    study: Study, admin: User, stranger: User, client_of: ClientOf
) -> None:
    client_of(admin).post(
        "/studies/lab/members/change/", {"user": stranger.pk, "role": "annotator"}
    )
    assert not study.memberships.filter(user=stranger).exists()


# ---- settings ----


def test_the_share_of_double_readings_is_set_in_per_cent(
    study: Study, admin: User, annotator: User, other_annotator: User, client_of: ClientOf
) -> None:
    data = {"act": "double", "double-share": "25"}
    assert client_of(admin).post("/studies/lab/settings/", data).status_code == 302
    study.refresh_from_db()
    assert study.double_reading_share == 0.25


def test_a_share_without_two_annotators_is_refused_with_the_reason(
    study: Study, admin: User, client_of: ClientOf
) -> None:
    data = {"act": "double", "double-share": "25"}
    response = client_of(admin).post("/studies/lab/settings/", data)
    assert response.status_code == 422
    assert "Invite another" in response.content.decode()


def test_an_admin_splits_and_seals_from_the_page(
    study: Study,
    site: Site,
    admin: User,
    annotator: User,
    expert: User,
    make_image: MakeImage,
    client_of: ClientOf,
) -> None:
    for number in range(10):
        review.approve(submitted(make_image(f"S{number:03d}"), annotator), 1, expert)
    client = client_of(admin)
    path = "/studies/lab/settings/"
    assert "Split 10 subjects" in client.get(path).content.decode()
    data = {"act": "split", "split-test": "20", "split-validation": "10", "split-seed": "1"}
    data["split-reserve"] = "0"
    client.post(path, data)
    assert "Split 10 subjects" not in client.get(path).content.decode()
    assert "not sealed" in client.get(path).content.decode()
    page = "/studies/lab/lock/"
    assert "2 approved references of 2 test subjects can be sealed" in read(client, page)
    sent = {"act": "seal", "site": site.slug, "look_budget": 7}
    wrong = client.post(page, {**sent, "confirmation": "yes"})
    assert wrong.status_code == 422
    assert "not the site&#x27;s name" in wrong.content.decode()
    assert not site.locks.exists()
    client.post(page, {**sent, "confirmation": site.name})
    assert site.locks.count() == 1
    shown = read(client, page)
    assert "7 looks left" in shown
    assert "single readings: every report says so" in shown
    assert "Nobody has looked yet" in shown
    assert "Seal the next version" not in shown, "there is nothing new to seal"
    assert "0 of 7 looks taken" in read(client, path)


def read(client: Client, path: str) -> str:
    return " ".join(client.get(path).content.decode().split())


def test_the_locks_page_shows_looks_corrections_and_rotates(
    study: Study,
    site: Site,
    admin: User,
    annotator: User,
    expert: User,
    make_image: MakeImage,
    client_of: ClientOf,
) -> None:
    images = {code: make_image(code) for code in ("T1", "R1")}
    for image in images.values():
        review.approve(submitted(image, annotator), 1, expert)
    split.honour(study, {"T1": "test", "R1": "reserve"}, actor=admin)
    lock.seal(site, admin, look_budget=1)
    correction = corrections.propose(images["T1"], expert, "the fascia is inside")
    page = "/studies/lab/lock/"
    client, as_expert = client_of(admin), client_of(expert)
    assert "the fascia is inside" in read(as_expert, page)
    assert "Decline it" not in read(as_expert, page)
    assert as_expert.post(page, {"act": "seal"}).status_code == 404

    client.post(page, {"act": "decline", "proposal": correction.pk, "note": "it is outside"})
    correction.refresh_from_db()
    assert correction.state == "declined"
    assert "until no look" not in read(client, page)
    assert "rotated to fresh subjects of the reserve when no look is left" in read(client, page)

    lock.open_references(site, admin, "evaluate RF-v1")
    shown = read(client, page)
    assert "no look left" in shown
    assert "1 of 1</td>" in shown
    assert "1 of the 1 subject that are ready in the reserve is drawn" in shown
    sent = {"act": "rotate", "site": site.slug, "confirmation": site.slug, "look_budget": 10}
    client.post(page, sent)
    assert "Retired test subjects" in read(client, page)
    client.post(page, {"act": "release", "reason": "rotated"})
    assert images["T1"].subject.partition.partition == "train"
    assert "The reserve is empty" in read(client, page)


def test_without_a_site_the_locks_page_says_what_comes_first(
    study: Study, admin: User, client_of: ClientOf
) -> None:
    assert "no muscle site yet" in read(client_of(admin), "/studies/lab/lock/")


def test_test_scans_are_read_twice_unless_an_admin_says_otherwise(
    study: Study, admin: User, client_of: ClientOf
) -> None:
    path = "/studies/lab/settings/"
    assert "checked" in read(client_of(admin), path)
    client_of(admin).post(path, {"act": "double", "double-share": "0"})
    study.refresh_from_db()
    assert study.held_out_read_twice is False


# ---- audit and jobs ----


def test_the_audit_trail_turns_pages_without_gaps(study: Study, admin: User) -> None:
    from core.services import audit

    for number in range(120):
        audit.record("tested", actor=admin, target=str(number), scope=study.name)
    first = audit_selector.page(study.name, verb="tested")
    second = audit_selector.page(study.name, verb="tested", older_than=first.older_than)
    third = audit_selector.page(study.name, verb="tested", older_than=second.older_than)
    shown = [event.target for one in (first, second, third) for event in one.events]
    assert shown == [str(number) for number in reversed(range(120))]
    assert third.older_than == 0
    back = audit_selector.page(study.name, verb="tested", newer_than=second.newer_than)
    assert [event.target for event in back.events] == [event.target for event in first.events]
    assert back.newer_than == 0


def test_the_audit_page_shows_this_study_only(
    study: Study, admin: User, client_of: ClientOf
) -> None:
    from core.services import audit

    audit.record("seen", actor=admin, target="mine", scope="lab")
    audit.record("unseen", actor=admin, target="foreign", scope="elsewhere")
    text = client_of(admin).get("/studies/lab/audit/").content.decode()
    assert "mine" in text
    assert "foreign" not in text
    narrowed = client_of(admin).get("/studies/lab/audit/", {"verb": "study started"})
    assert "mine" not in narrowed.content.decode()


def test_the_audit_page_names_a_job_by_what_it_does_and_says_no_kind_twice(
    study: Study, site: Site, admin: User, client_of: ClientOf
) -> None:
    from core.services import audit

    job = Job.objects.create(kind="import_dataset", scope="lab", title="Import of legs.zip")
    gone = "00000000-0000-4000-8000-000000000000"
    for target in (str(job.pk), gone, "lock lock 1 of biceps", "run runner"):
        audit.record("tested", actor=admin, target=target, scope="lab")
    text = client_of(admin).get("/studies/lab/audit/", {"verb": "tested"}).content.decode()
    cells = re.findall(r"<td>([^<]*)</td>\s*<td>\s*</td>", text)
    assert cells == ["run runner", "lock 1 of biceps", "a job that is gone", "Import of legs.zip"]


@pytest.fixture
def running_job(study: Study, admin: User) -> Job:
    begun = timezone.now() - timedelta(minutes=5)
    return Job.objects.create(
        kind="import_dataset",
        scope=study.name,
        state=Job.State.RUNNING,
        progress=0.25,
        message="file 25 of 100",
        started_at=begun,
        requested_by=admin,
        lease_until=timezone.now() + timedelta(hours=1),
        fence=1,
    )


def test_a_running_job_shows_what_how_far_and_how_long_yet(
    running_job: Job, admin: User, client_of: ClientOf
) -> None:
    text = client_of(admin).get("/studies/lab/jobs/").content.decode()
    assert "Import dataset" in text
    assert 'value="25"' in text
    assert "file 25 of 100, about 15\xa0minutes left" in text
    assert 'hx-trigger="every 2s"' in text


def test_a_job_is_cancelled_by_its_admin_and_invisible_to_others(
    running_job: Job, admin: User, annotator: User, stranger: User, client_of: ClientOf
) -> None:
    path = f"/studies/lab/jobs/{running_job.pk}/"
    for user in (annotator, stranger):
        assert client_of(user).get(path).status_code == 404
        assert client_of(user).post(f"{path}cancel/").status_code == 404
    assert (
        "Nothing has run here yet"
        in client_of(annotator).get("/studies/lab/jobs/").content.decode()
    )
    running_job.refresh_from_db()
    assert not running_job.cancel_requested
    client_of(admin).post(f"{path}cancel/")
    running_job.refresh_from_db()
    assert running_job.cancel_requested
    assert "stopping" in client_of(admin).get(path).content.decode()


def test_a_page_without_active_jobs_does_not_poll(admin: User, client_of: ClientOf) -> None:
    assert "hx-trigger" not in client_of(admin).get("/studies/lab/jobs/").content.decode()


# ---- overview ----


def test_the_overview_says_what_to_do_next(
    study: Study,
    site: Site,
    admin: User,
    annotator: User,
    expert: User,
    make_image: MakeImage,
    client_of: ClientOf,
) -> None:
    client = client_of(admin)
    for number in range(10):
        review.approve(submitted(make_image(f"S{number:03d}"), annotator), 1, expert)
    assert "10 subjects have no partition yet" in client.get("/studies/lab/").content.decode()
    split.assign(study, test=0.2, validation=0.1, seed=1, actor=admin)
    assert "is not sealed" in client.get("/studies/lab/").content.decode()
    assert "8 newly approved subjects" in client.get("/studies/lab/").content.decode()


# ---- words and frame ----


def test_help_names_every_key_of_the_editor(expert: User, client_of: ClientOf) -> None:
    text = client_of(expert).get("/studies/lab/help/").content.decode()
    scripts = Path("annotation/static/annotation/editor").rglob("*.js")
    keys = {key for one in scripts for key in re.findall(r'keys: \["([^"]+)"', one.read_text())}
    assert len(keys) > 10
    missing = {key for key in keys if f"<kbd>{key}</kbd>" not in text}
    assert not missing


def test_a_bar_leads_only_to_pages_that_answer(
    people: dict[str, User], client_of: ClientOf
) -> None:
    for role in (A, E, M):
        client = client_of(people[role])
        text = client.get("/studies/lab/images/").content.decode()
        links = set(re.findall(r'href="(/studies/lab/[^"]*)"', text)) - {"/studies/lab/enter/"}
        assert len(links) >= 4
        assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)


def test_pages_hold_no_inline_script_or_style(
    people: dict[str, User], make_image: MakeImage, client_of: ClientOf
) -> None:
    submitted(make_image("S001"), people[A])
    for role in (A, E, M):
        client = client_of(people[role])
        for path, answers in PAGES.items():
            if answers.get(role) != 200 or path.endswith("csv"):
                continue
            text = client.get(f"/studies/lab/{path}").content.decode()
            assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text), path


def test_what_people_write_is_shown_as_text(
    study: Study, site: Site, admin: User, make_image: MakeImage, client_of: ClientOf
) -> None:
    attack = "<img src=x onerror=alert(1)>"
    sites.change(site, actor=admin, protocol=attack, name=attack)
    make_image(attack)
    for path in ("images/", "images/?view=table", "sites/", f"sites/{site.slug}/", "help/", ""):
        assert attack not in client_of(admin).get(f"/studies/lab/{path}").content.decode()


def test_pixels_of_a_thumbnail_are_where_it_says(
    annotator: User, make_image: MakeImage, client_of: ClientOf
) -> None:
    image = make_image("S001", pixels=noise(7))
    src = thumbnails.of_images([image], annotator, A)[image.pk].src
    response = client_of(annotator).get(src)
    assert response.status_code == 200
    assert response["Content-Type"] == "image/png"
