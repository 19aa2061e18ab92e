"""The API answers 400 to what it does not know, and never chooses a study for somebody."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from annotation.models import Image, Membership, Revision, Study
from annotation.services import members, studies
from core.api.views import ApiView, StrictSerializer
from core.models import Job, User
from tests.conftest import rectangle
from tests.permissions.test_matrix import ROUTES, TABLE, Row, World, people, world

__all__ = ["people", "world"]

API = [name for name in TABLE if name.startswith("api-") and name != "api-schema"]
CALLS = [(name, row) for name in API for row in TABLE[name]]
CALLS_OF_AN_OBJECT = [
    (name, row) for name, row in CALLS if ROUTES[name] and "study" not in row.query + row.body
]
JSON_CALLS = [
    (name, row)
    for name, row in CALLS
    if row.method != "get" and name not in {"api-imports", "api-models"}
]


def name_of(value: object) -> str:
    return value.method if isinstance(value, Row) else str(value)


@pytest.fixture
def two_studies(
    study: Study, annotator: User, expert: User, admin: User, site: Any
) -> tuple[Study, Study]:
    """The people of `lab` have the same roles in a second study."""
    second = studies.create("second", actor=None)
    for user, role in (
        (annotator, Membership.Role.ANNOTATOR),
        (expert, Membership.Role.EXPERT),
        (admin, Membership.Role.ADMIN),
    ):
        members.add(second, user, role, actor=None)
    return study, second


def asked(client: Client, row: Row, address: str, query: str = "", body: str = "") -> Any:
    parts = [part for part in (row.query, query) if part]
    return client.generic(
        row.method.upper(),
        f"{address}?{'&'.join(parts)}",
        body or row.body,
        content_type="application/json",
        headers={"If-Match": '"0"'},
    )


def address_of(name: str, world: World) -> str:
    return reverse(name, kwargs=world.arguments(ROUTES[name]))


@pytest.mark.parametrize("name", API)
def test_every_call_refuses_what_it_does_not_know(name: str) -> None:
    view = _view_of(get_resolver(), name)
    assert issubclass(view, ApiView)
    for method in ("post", "put", "patch", "delete"):
        body = getattr(getattr(view, method, None), "body", None)
        assert body is None or issubclass(body, StrictSerializer)


def _view_of(resolver: URLResolver, name: str) -> Any:
    for entry in resolver.url_patterns:
        found = _view_of(entry, name) if isinstance(entry, URLResolver) else None
        if isinstance(entry, URLPattern) and entry.name == name:
            found = entry.callback.cls  # type: ignore[attr-defined]
        if found is not None:
            return found
    return None


@pytest.mark.parametrize(("name", "row"), CALLS, ids=name_of)
def test_an_unknown_parameter_is_named(
    name: str, row: Row, world: World, people: dict[str, Client]
) -> None:
    answer = asked(people["admin"], row, address_of(name, world), "status=new")
    assert answer.status_code == 400, answer.content
    assert b"status" in answer.content


@pytest.mark.parametrize(("name", "row"), CALLS_OF_AN_OBJECT, ids=name_of)
def test_another_study_is_not_where_the_object_is(
    name: str, row: Row, world: World, people: dict[str, Client], two_studies: Any
) -> None:
    """Whoever is in both gets nothing of one under the name of the other."""
    answer = asked(people["admin"], row, address_of(name, world), "study=second")
    assert answer.status_code in {403, 404}, answer.content


@pytest.mark.parametrize(("name", "row"), JSON_CALLS, ids=name_of)
def test_an_unknown_field_is_named(
    name: str, row: Row, world: World, people: dict[str, Client]
) -> None:
    role = {"api-review": "expert", "api-own-annotation": "annotator"}.get(name, "admin")
    body = json.dumps({**json.loads(row.body), "colour": 1})
    answer = asked(people[role], row, address_of(name, world), body=body)
    assert answer.status_code == 400, answer.content


@pytest.mark.parametrize(
    "address",
    ["images/", "models/", "measurements/", "exports/labelme/", "runs/", "sites/x/evidence/"],
)
def test_who_is_in_several_studies_names_one(
    address: str, two_studies: Any, admin: User, client_of: Callable[[User], Client]
) -> None:
    answer = client_of(admin).get(f"/api/v1/{address}")
    assert answer.status_code == 400
    assert "lab, second" in answer.json()["detail"]


def test_the_only_study_need_not_be_named(
    image: Image, annotator: User, client_of: Callable[[User], Client]
) -> None:
    assert client_of(annotator).get("/api/v1/images/").json()["count"] == 1


def test_nothing_is_written_into_a_study_that_was_not_named(
    two_studies: Any, admin: User, client_of: Callable[[User], Client]
) -> None:
    client = client_of(admin)
    run = client.post(
        "/api/v1/runs/", '{"site": "rectus-femoris"}', content_type="application/json"
    )
    back = client.post(
        "/api/v1/sites/rectus-femoris/rollback",
        '{"reason": "x"}',
        content_type="application/json",
    )
    files = client.post("/api/v1/imports/", {"files": a_file()})
    model = client.post("/api/v1/models/", {"site": "x", "model": a_file(), "card": a_file()})
    assert [one.status_code for one in (run, back, files, model)] == [400] * 4
    assert not Job.objects.exists()


def test_a_body_that_is_no_object_is_refused_in_words(
    study: Study, admin: User, client_of: Callable[[User], Client]
) -> None:
    answer = client_of(admin).post("/api/v1/runs/", "[1]", content_type="application/json")
    assert answer.status_code == 400


def a_file() -> SimpleUploadedFile:
    return SimpleUploadedFile("a.png", b"x")


def test_an_import_goes_into_the_study_of_its_form(
    two_studies: Any, admin: User, client_of: Callable[[User], Client]
) -> None:
    answer = client_of(admin).post("/api/v1/imports/", {"files": a_file(), "study": "second"})
    assert answer.status_code == 202
    assert Job.objects.get().scope == "second"


def test_an_import_with_two_names_or_an_unknown_field_is_refused(
    two_studies: Any, admin: User, client_of: Callable[[User], Client]
) -> None:
    client = client_of(admin)
    both = client.post("/api/v1/imports/?study=lab", {"files": a_file(), "study": "second"})
    field = client.post("/api/v1/imports/?study=lab", {"files": a_file(), "colour": "red"})
    assert (both.status_code, field.status_code) == (400, 400)
    assert b"colour" in field.content
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    "query",
    ["page_size=1000", "page_size=000000001999", "page_size=x", "site=a&site=b", "state=finished"],
)
def test_what_cannot_be_done_as_asked_is_refused(
    query: str, image: Image, annotator: User, client_of: Callable[[User], Client]
) -> None:
    assert client_of(annotator).get(f"/api/v1/images/?{query}").status_code == 400


def test_yes_is_said_in_words_that_are_known(
    study: Study, admin: User, client_of: Callable[[User], Client]
) -> None:
    answer = client_of(admin).get("/api/v1/exports/labelme/?as_received=perhaps")
    assert answer.status_code == 400
    assert "as_received" in answer.json()["detail"]


def test_a_save_with_an_unknown_field_changes_nothing(
    image: Image, annotator: User, client_of: Callable[[User], Client]
) -> None:
    answer = client_of(annotator).put(
        f"/api/v1/images/{image.pk}/annotation",
        json.dumps({"regions": [rectangle(5, 5, 20, 20)], "submit": True}),
        content_type="application/json",
        headers={"If-Match": '"0"'},
    )
    assert answer.status_code == 400
    assert "submit" in answer.json()
    assert not Revision.objects.exists()
