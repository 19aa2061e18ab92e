"""A scan on one person's screen is offered to nobody else, until they leave it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotation.models import Assignment, Image, Reservation, Study
from annotation.selectors import queue
from annotation.selectors.editor import annotating_page
from annotation.services import assignments, outlines
from core.models import User
from domain.errors import Refused
from tests.conftest import rectangle

ClientOf = Callable[[User], Client]


@pytest.fixture
def three(make_image: Callable[..., Image]) -> list[Image]:
    return [make_image(f"S{number}") for number in range(3)]


def next_of(client_of: ClientOf, user: User, **query: int) -> str:
    return client_of(user).get(reverse("annotation:next"), query).headers["Location"]


def edit_address(image: Image) -> str:
    return reverse("annotation:edit", args=[image.study.name, image.pk])


def test_two_who_press_enter_get_two_scans(
    client_of: ClientOf, three: list[Image], annotator: User, other_annotator: User
) -> None:
    assert next_of(client_of, annotator) == edit_address(three[0])
    assert next_of(client_of, other_annotator) == edit_address(three[1])
    assert next_of(client_of, annotator) == edit_address(three[0])


def test_what_is_fetched_ahead_is_reserved_too(
    client_of: ClientOf, three: list[Image], annotator: User, other_annotator: User
) -> None:
    client_of(annotator).get(edit_address(three[0]))
    client_of(annotator).get(next_of(client_of, annotator, after=three[0].pk))
    assert next_of(client_of, other_annotator) == edit_address(three[2])


def test_the_queue_shows_each_another_scan_first(
    client_of: ClientOf, three: list[Image], study: Study, annotator: User, other_annotator: User
) -> None:
    address = reverse("annotation:queue", args=[study.name])
    shown = [client_of(user).get(address).context["first"] for user in (annotator, other_annotator)]
    assert [item.image for item, _ in shown] == three[:2]


def test_a_scan_that_another_has_open_is_to_look_at_only(
    three: list[Image], annotator: User, other_annotator: User
) -> None:
    outlines.begin(three[0], annotator)
    outlines.begin(three[0], other_annotator)
    assert annotating_page(annotator, three[0]).mode == "annotate"
    page = annotating_page(other_annotator, three[0])
    assert (page.mode, page.notice) == ("read", "Somebody else has this scan open just now.")


def test_a_closed_tab_frees_the_scan_by_itself_and_a_left_one_at_once(
    three: list[Image], annotator: User, other_annotator: User
) -> None:
    assignments.reserve(three[0], annotator)
    with pytest.raises(Refused, match="Somebody else has this scan open"):
        assignments.reserve(three[0], other_annotator)
    Reservation.objects.update(until=timezone.now() - timedelta(seconds=1))
    assignments.reserve(three[0], other_annotator)
    with pytest.raises(Refused):
        assignments.reserve(three[0], annotator)
    assignments.release(three[0], other_annotator)
    assignments.reserve(three[0], annotator)


def test_a_double_reading_is_open_on_two_screens_and_no_third(
    three: list[Image], annotator: User, other_annotator: User, make_user: Callable[..., User]
) -> None:
    for slot in (0, 1):
        Assignment.objects.create(image=three[0], slot=slot, blind=True)
    third = make_user("third", "annotator", three[0].study)
    assignments.reserve(three[0], annotator)
    assignments.reserve(three[0], other_annotator)
    with pytest.raises(Refused):
        assignments.reserve(three[0], third)
    first = queue.next_for(third, three[0].study)
    assert first is not None
    assert first.image == three[1]


def test_what_is_begun_needs_no_reservation(three: list[Image], annotator: User) -> None:
    assignments.reserve(three[0], annotator)
    outlines.save(three[0], annotator, [rectangle(1, 1, 9, 9)], base=0)
    assert not Reservation.objects.exists()
    assignments.reserve(three[0], annotator)
    assert not Reservation.objects.exists()


def test_the_editor_renews_and_leaves_by_the_api(
    client_of: ClientOf, three: list[Image], annotator: User, other_annotator: User
) -> None:
    address = reverse("api-reservation", args=[three[0].pk])
    assert client_of(annotator).post(address).status_code == 204
    refused = client_of(other_annotator).post(address)
    assert refused.status_code == 409
    assert "Somebody else has this scan open" in refused.json()["detail"]
    assert client_of(annotator).delete(address).status_code == 204
    assert client_of(other_annotator).post(address).status_code == 204
