"""The API of images, outlines and review."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from annotation.models import Image, Partition, Revision, SubjectPartition
from annotation.services import outlines, suggestions, workflow
from core.models import User
from core.services import credentials
from tests.conftest import rectangle

ClientOf = Callable[[User], Client]


def put(client: Client, image: Image, regions: list[Any], base: str | None, **body: Any) -> Any:
    headers = {} if base is None else {"If-Match": base}
    if "key" in body:
        headers["Idempotency-Key"] = body.pop("key")
    return client.put(
        f"/api/v1/images/{image.pk}/annotation",
        json.dumps({"regions": regions, **body}),
        content_type="application/json",
        headers=headers,
    )


@pytest.fixture
def browser(annotator: User, client_of: ClientOf) -> Client:
    return client_of(annotator)


def test_a_token_opens_the_api(image: Image, annotator: User) -> None:
    token = credentials.make_token(annotator)
    headers = {"Authorization": f"Token {token}"}
    answer = Client().get("/api/v1/images/", headers=headers)
    assert answer.status_code == 200
    assert answer.json()["count"] == 1
    assert answer.json()["results"][0]["subject"] == "S001"
    assert Client().get("/api/v1/images/").status_code == 401
    wrong = Client().get("/api/v1/images/", headers={"Authorization": "Token nonsense"})
    assert wrong.status_code == 401


def test_images_are_filtered_by_exact_values_only(
    browser: Client, image: Image, make_image: Callable[..., Image]
) -> None:
    make_image("S002")
    for query, count in (
        ("subject=S002", 1),
        ("state=new", 2),
        ("state=approved", 0),
        ("site=rectus-femoris", 2),
        ("site=biceps", 0),
    ):
        assert browser.get(f"/api/v1/images/?{query}").json()["count"] == count
    for query in ("state=finished", "status=new", "annotations__author__password__startswith=a"):
        assert browser.get(f"/api/v1/images/?{query}").status_code == 400


def test_pixels_are_a_png_that_cannot_act(browser: Client, image: Image) -> None:
    answer = browser.get(f"/api/v1/images/{image.pk}/pixels")
    assert answer.content.startswith(b"\x89PNG")
    assert answer["Content-Type"] == "image/png"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    again = browser.get(
        f"/api/v1/images/{image.pk}/pixels", headers={"If-None-Match": answer["ETag"]}
    )
    assert again.status_code == 304


def test_saving_answers_the_revision_and_its_etag(browser: Client, image: Image) -> None:
    answer = put(browser, image, [rectangle(5, 5, 20, 20)], '"0"')
    assert answer.status_code == 200
    assert (answer["ETag"], answer.json()["revision"]) == ('"1"', 1)
    read = browser.get(f"/api/v1/images/{image.pk}/annotation")
    assert read.json()["regions"] == answer.json()["regions"]
    assert read["ETag"] == '"1"'


def test_a_save_without_or_with_a_stale_etag_changes_nothing(browser: Client, image: Image) -> None:
    assert put(browser, image, [rectangle(5, 5, 20, 20)], None).status_code == 428
    assert put(browser, image, [rectangle(5, 5, 20, 20)], '"0"').status_code == 200
    stale = put(browser, image, [rectangle(1, 1, 9, 9)], '"0"')
    assert stale.status_code == 412
    assert stale.json()["revision"] == 1
    assert stale["ETag"] == '"1"'
    assert put(browser, image, [], "next").status_code == 400
    assert Revision.objects.count() == 1


def test_a_repeated_save_makes_one_revision(browser: Client, image: Image) -> None:
    key = str(uuid.uuid4())
    for _ in range(2):
        answer = put(browser, image, [rectangle(5, 5, 20, 20)], '"0"', key=key)
        assert (answer.status_code, answer.json()["revision"]) == (200, 1)
    assert Revision.objects.count() == 1


def test_a_save_repeated_after_a_later_one_leaves_the_tab_stale(
    browser: Client, image: Image
) -> None:
    """Its first answer was lost, and meanwhile another tab went on from there."""
    key = str(uuid.uuid4())
    first = put(browser, image, [rectangle(5, 5, 20, 20)], '"0"', key=key).json()
    put(browser, image, [rectangle(5, 5, 30, 20)], '"1"')
    repeated = put(browser, image, [rectangle(5, 5, 20, 20)], '"0"', key=key)
    assert repeated.headers["ETag"] == '"1"'
    assert repeated.json()["regions"] == first["regions"]
    assert repeated.json()["head"]["number"] == 1
    stale = put(browser, image, [rectangle(5, 5, 10, 20)], repeated.headers["ETag"])
    assert stale.status_code == 412


@pytest.mark.parametrize(
    "body",
    [
        "not json",
        "[]",
        '{"regions": 7}',
        '{"regions": [7]}',
        '{"regions": [{"label": "RF"}]}',
        '{"regions": [{"label": "RF", "parts": [[[[1, NaN], [2, 2], [3, 1]]]]}]}',
        '{"regions": [{"label": "RF", "parts": [[[[0, 0], [1, 1]]]]}]}',
        '{"regions": [], "decision": "perfect"}',
        '{"regions": [], "origin": "imported"}',
    ],
)
def test_malformed_saves_are_400_in_words(browser: Client, image: Image, body: str) -> None:
    answer = browser.put(
        f"/api/v1/images/{image.pk}/annotation",
        body,
        content_type="application/json",
        headers={"If-Match": '"0"'},
    )
    assert answer.status_code == 400
    assert answer.json()
    assert not Revision.objects.exists()


@pytest.mark.parametrize("field", ["author", "state", "created_at", "digest"])
def test_the_client_does_not_choose_author_state_or_time(
    browser: Client, image: Image, field: str
) -> None:
    answer = put(browser, image, [rectangle(5, 5, 20, 20)], '"0"', **{field: "expert"})
    assert answer.status_code == 400
    assert field in answer.json()
    assert not Revision.objects.exists()


def test_submit_and_review_by_http(
    browser: Client, image: Image, expert: User, client_of: ClientOf
) -> None:
    annotation = put(browser, image, [rectangle(5, 5, 20, 20)], '"0"').json()["id"]
    assert browser.post(f"/api/v1/annotations/{annotation}/submit").json()["state"] == "submitted"
    review = f"/api/v1/annotations/{annotation}/review"
    body = {"revision": 1, "decision": "approve"}
    assert browser.post(review, body, content_type="application/json").status_code == 403
    reviewer = client_of(expert)
    answer = reviewer.post(review, body, content_type="application/json")
    assert answer.json()["state"] == "approved"
    assert reviewer.post(review, body, content_type="application/json").status_code == 409


def test_a_pre_label_is_shown_but_not_for_test_subjects(browser: Client, image: Image) -> None:
    suggestions.offer(image, [rectangle(5, 5, 20, 20)], source="model", version="v1")
    address = f"/api/v1/images/{image.pk}/suggestion"
    assert browser.get(address).json()["version"] == "v1"
    SubjectPartition.objects.create(subject=image.subject, partition=Partition.TEST)
    assert browser.get(address).status_code == 404


def test_foreign_objects_do_not_exist(
    image: Image, annotator: User, other_annotator: User, stranger: User, client_of: ClientOf
) -> None:
    annotation = outlines.save(image, annotator, [rectangle(5, 5, 20, 20)], base=0).annotation
    workflow.submit(annotation, annotator)
    outside, colleague = client_of(stranger), client_of(other_annotator)
    for path in ("", "pixels", "annotation", "suggestion"):
        assert outside.get(f"/api/v1/images/{image.pk}/{path}").status_code == 404
    assert put(outside, image, [], '"0"').status_code == 404
    for client in (outside, colleague):
        assert client.get(f"/api/v1/annotations/{annotation.pk}/revisions/").status_code == 404
        of_it = f"/api/v1/annotations/{annotation.pk}"
        approve = {"revision": 1, "decision": "approve"}
        for verb, body in (("submit", {}), ("take-back", {}), ("review", approve)):
            answer = client.post(f"{of_it}/{verb}", body, content_type="application/json")
            assert answer.status_code == 404
    annotation.refresh_from_db()
    assert annotation.state == "submitted"


def test_the_schema_describes_the_api(browser: Client) -> None:
    answer = browser.get("/api/v1/schema/?format=json")
    paths = answer.json()["paths"]
    assert "/api/v1/images/{image_id}/annotation" in paths
