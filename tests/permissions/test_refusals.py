"""What a form is refused for stands beside that form, with what was typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from core.models import Job, User
from tests.permissions.test_matrix import TABLE, World, people, world

__all__ = ["people", "world"]

FORMS_ALONE = [
    name
    for name, rows in TABLE.items()
    if ":" in name and all(row.method == "post" for row in rows)
]


def _callback(resolver: URLResolver, space: str, name: str) -> Any:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inner = f"{entry.namespace}:" if entry.namespace else ""
            found = _callback(entry, space + inner, name)
            if found is not None:
                return found
        elif isinstance(entry, URLPattern) and f"{space}{entry.name}" == name:
            return entry.callback
    return None


@pytest.mark.parametrize("name", FORMS_ALONE)
def test_a_view_of_a_form_alone_shows_refusals_on_the_page_of_the_form(name: str) -> None:
    assert callable(getattr(_callback(get_resolver(), "", name), "refusals_on", None))


def test_a_refused_evaluation_is_said_on_the_page_of_its_model(
    world: World, people: dict[str, Client]
) -> None:
    address = reverse("training:evaluate", args=["lab", world.model.pk])
    answer = people["admin"].post(address, {"partition": "everything"})
    assert answer.status_code == 400
    page = answer.content.decode()
    assert page.count('role="alert"') == 1
    assert world.model.name in page
    assert not Job.objects.filter(kind="evaluation").exists()


def test_a_refused_promotion_keeps_what_was_typed(world: World, people: dict[str, Client]) -> None:
    address = reverse("training:promote", args=["lab", world.model.pk])
    typed = {"reason": "it looks right to me", "purposes": ["measurement"]}
    answer = people["admin"].post(address, typed)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert 'value="it looks right to me"' in page
    assert 'role="alert"' in page


def test_a_refused_rollback_keeps_its_reason(world: World, people: dict[str, Client]) -> None:
    address = reverse("training:rollback", args=["lab", world.model.site.slug])
    answer = people["admin"].post(address, {"reason": "worse in the thin ones"})
    assert answer.status_code == 409
    assert 'role="alert"' in answer.content.decode()


def test_a_member_that_cannot_be_changed_is_said_in_the_row(
    people: dict[str, Client], admin: User
) -> None:
    answer = people["admin"].post(
        reverse("annotation:change_member", args=["lab"]), {"user": admin.pk, "role": "annotator"}
    )
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "A study keeps at least one admin" in page
    assert "Invite somebody" in page


def test_a_drift_that_cannot_be_looked_at_says_why(world: World, people: dict[str, Client]) -> None:
    address = reverse("training:drift", args=["lab", world.model.site.slug])
    first = people["admin"].post(address, {"act": "look"})
    second = people["admin"].post(address, {"act": "look"})
    assert (first.status_code, second.status_code) == (302, 409)
    assert 'role="alert"' in second.content.decode()


@pytest.mark.parametrize("referer", ["http://testserver/studies/lab/models/", "", "http://evil/x"])
def test_a_refusal_that_has_a_page_of_its_own_leads_back(
    referer: str, world: World, admin: User, client_of: Callable[[User], Client]
) -> None:
    """Only to a page of this installation."""
    client = client_of(admin)
    answer = client.get("/studies/lab/measurements.csv?site=nowhere", headers={"Referer": referer})
    assert answer.status_code in {400, 404, 409}
    assert b"http://evil" not in answer.content
