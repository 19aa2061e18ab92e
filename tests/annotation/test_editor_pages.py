"""What the editor's page is given, for whom, and where /next leads."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.test import Client

from annotation.models import Annotation, Assignment, Image, Membership, Study
from annotation.services import members, outlines, review, studies, suggestions, workflow
from core.models import User
from tests.conftest import rectangle

ClientOf = Callable[[User], Client]


def edit_address(image: Image) -> str:
    return f"/studies/{image.study.name}/images/{image.pk}/edit/"


def review_address(annotation: Annotation) -> str:
    return f"/studies/{annotation.image.study.name}/annotations/{annotation.pk}/review/"


def data_of(response: HttpResponse) -> dict[str, Any]:
    text = response.content.decode()
    block = re.search(r'<script id="editor-data" type="application/json">(.*?)</script>', text)
    assert block
    data: dict[str, Any] = json.loads(block.group(1))
    return data


def submitted(image: Image, author: User) -> Annotation:
    revision = outlines.save(image, author, [rectangle(5, 5, 30, 30)], base=0)
    return workflow.submit(revision.annotation, author)


def test_the_page_carries_the_scan_its_labels_and_the_own_work(
    image: Image, annotator: User, client_of: ClientOf
) -> None:
    outlines.save(image, annotator, [rectangle(5, 5, 30, 30)], base=0)
    data = data_of(client_of(annotator).get(edit_address(image)))
    assert data["mode"] == "annotate"
    assert data["image"]["width"] == image.width
    assert data["spacing"] == [0.1, 0.1]
    assert [label["number"] for label in data["labels"]] == [1]
    assert data["annotation"]["revision"] == 1
    assert data["annotation"]["regions"] == [rectangle(5, 5, 30, 30)]
    assert client_of(annotator).get(data["image"]["pixels"]).status_code == 200


def test_every_module_of_the_editor_is_named_to_the_browser(
    image: Image, annotator: User, client_of: ClientOf
) -> None:
    text = client_of(annotator).get(edit_address(image)).content.decode()
    block = re.search(r'<script type="importmap" nonce="[^"]+">(.*?)</script>', text, re.DOTALL)
    assert block
    imports = json.loads(block.group(1))["imports"]
    assert "#editor/contour-editor.js" in imports
    assert "#editor/tools/redraw-tool.js" in imports
    assert "clipper2-ts" in imports


def test_a_blind_reader_is_given_no_pre_label(
    image: Image, annotator: User, client_of: ClientOf
) -> None:
    suggestions.offer(image, [rectangle(5, 5, 30, 30)], source="model", version="RF-v1")
    assert data_of(client_of(annotator).get(edit_address(image)))["suggestion"]
    Assignment.objects.create(image=image, person=annotator, blind=True)
    response = client_of(annotator).get(edit_address(image))
    assert data_of(response)["suggestion"] is None
    assert b"RF-v1" not in response.content


def test_another_s_work_is_not_in_an_annotator_s_page(
    image: Image, annotator: User, other_annotator: User, client_of: ClientOf
) -> None:
    annotation = submitted(image, annotator)
    data = data_of(client_of(other_annotator).get(edit_address(image)))
    assert data["annotation"] is None
    assert data["mode"] == "read"
    assert client_of(other_annotator).get(review_address(annotation)).status_code == 404


def test_closed_work_says_why(
    image: Image, annotator: User, expert: User, admin: User, client_of: ClientOf
) -> None:
    annotation = submitted(image, annotator)
    assert b"it waits for an expert" in client_of(annotator).get(edit_address(image)).content
    assert b"annotators and experts outline" in client_of(admin).get(edit_address(image)).content
    assert b"experts review" in client_of(admin).get(review_address(annotation)).content
    review.approve(annotation, 1, expert)
    assert b"Approved" in client_of(annotator).get(edit_address(image)).content


def test_returned_work_shows_reason_and_remarks(
    image: Image, annotator: User, expert: User, client_of: ClientOf
) -> None:
    annotation = submitted(image, annotator)
    issue = {"x": 10, "y": 12, "text": "fascia"}
    review.return_(annotation, 1, expert, "Look again.", [issue])
    response = client_of(annotator).get(edit_address(image))
    (remark,) = data_of(response)["issues"]
    assert (remark["x"], remark["y"], remark["text"]) == (10.0, 12.0, "fascia")
    assert remark["answer"] == ""
    assert b"Look again." in response.content


def test_text_of_people_cannot_leave_the_data_block(
    image: Image, annotator: User, expert: User, client_of: ClientOf
) -> None:
    annotation = submitted(image, annotator)
    remark = "</script><script>alert(1)</script>"
    review.return_(annotation, 1, expert, remark, [{"x": 1, "y": 1, "text": remark}])
    response = client_of(annotator).get(edit_address(image))
    assert b"<script>alert" not in response.content
    assert data_of(response)["issues"][0]["text"] == remark


def test_next_leads_an_annotator_to_a_scan_and_home_when_none_is_left(
    image: Image, annotator: User, client_of: ClientOf
) -> None:
    client = client_of(annotator)
    assert client.get("/next").headers["Location"] == edit_address(image)
    submitted(image, annotator)
    assert client.get("/next").headers["Location"] == "/"


def test_next_leads_an_expert_to_a_review_and_never_to_an_untaken_scan(
    image: Image,
    make_image: Callable[..., Image],
    annotator: User,
    expert: User,
    client_of: ClientOf,
) -> None:
    untouched = make_image("S009")
    annotation = submitted(image, annotator)
    client = client_of(expert)
    assert client.get("/next").headers["Location"] == review_address(annotation)
    review.approve(annotation, 1, expert)
    assert client.get("/next").headers["Location"] == "/"
    outlines.save(untouched, expert, [rectangle(5, 5, 30, 30)], base=0)
    assert client.get("/next").headers["Location"] == edit_address(untouched)


def test_next_passes_over_work_that_waits_for_its_second_reader(
    image: Image, annotator: User, other_annotator: User, expert: User, client_of: ClientOf
) -> None:
    for slot, person in enumerate([annotator, other_annotator]):
        Assignment.objects.create(image=image, person=person, slot=slot, blind=True)
    annotation = submitted(image, annotator)
    client = client_of(expert)
    assert client.get("/next").headers["Location"] == "/"
    assert b"waits for the second reader" in client.get(review_address(annotation)).content
    submitted(image, other_annotator)
    assert client.get("/next").headers["Location"] == review_address(annotation)


def test_next_asks_strangers_to_log_in(client: Client, study: Study) -> None:
    response = client.get("/next")
    assert response.status_code == 302
    assert "login" in response.headers["Location"]


def test_a_scan_is_not_found_under_another_study(
    image: Image, make_user: Callable[..., User], client_of: ClientOf
) -> None:
    other = studies.create("second", actor=None)
    person = make_user("both", Membership.Role.ANNOTATOR, image.study)
    members.add(other, person, Membership.Role.ANNOTATOR, actor=None)
    address = edit_address(image).replace("/lab/", "/second/")
    assert client_of(person).get(address).status_code == 404


def test_next_can_leave_out_the_scan_on_the_screen(
    make_image: Callable[..., Image], annotator: User, client_of: ClientOf
) -> None:
    shown, following = make_image("S1"), make_image("S2")
    client = client_of(annotator)
    assert client.get("/next").headers["Location"] == edit_address(shown)
    next_address = data_of(client.get(edit_address(shown)))["urls"]["next"]
    assert client.get(next_address).headers["Location"] == edit_address(following)
    assert client.get("/next?after=nonsense").headers["Location"] == edit_address(shown)


def test_what_is_left_is_told_to_whoever_outlines(
    client_of: Callable[[User], Client], image: Image, annotator: User, admin: User
) -> None:
    address = f"/studies/{image.study.name}/left/"
    assert client_of(annotator).get(address).json() == {"left": "1 left"}
    assert client_of(admin).get(address).status_code == 404
