"""Sweeps: the frames of a take, how far a person is with each, and which comes next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from annotation.models import Annotation, Assignment, Image, Partition, SubjectPartition
from annotation.selectors.sweeps import (
    frames_of,
    next_frame,
    next_review_frame,
    review_frames_of,
)
from annotation.services import outlines, review, suggestions, workflow
from core.models import User
from tests.annotation.test_editor_pages import data_of, edit_address, review_address
from tests.conftest import rectangle

ClientOf = Callable[[User], Client]
SQUARE = rectangle(5, 5, 30, 30)


@pytest.fixture
def make_sweep(make_image: Callable[..., Image]) -> Callable[..., list[Image]]:
    """`make_sweep(count)`: frames of one take; their numbers in the file need not start at 0."""

    def make(count: int, first: int = 10) -> list[Image]:
        return [make_image("S1", take=1, frame=first + 2 * number) for number in range(count)]

    return make


@pytest.fixture
def sweep(make_sweep: Callable[..., list[Image]]) -> list[Image]:
    return make_sweep(4)


def states(user: User, image: Image) -> list[str]:
    return [frame.state for frame in frames_of(user, image)]


def submit(image: Image, author: User) -> Annotation:
    annotation = outlines.save(image, author, [SQUARE], base=0).annotation
    workflow.submit(annotation, author)
    return annotation


def test_each_frame_says_how_far_the_person_is(sweep: list[Image], annotator: User) -> None:
    submit(sweep[0], annotator)
    outlines.save(sweep[1], annotator, [SQUARE], base=0)
    suggestions.offer(sweep[2], [SQUARE], source="model", version="RF-v1")
    assert states(annotator, sweep[3]) == ["done", "draft", "proposed", "empty"]
    assert [frame.image for frame in frames_of(annotator, sweep[3])] == [one.pk for one in sweep]
    assert [frame.number for frame in frames_of(annotator, sweep[3])] == [1, 2, 3, 4]


def test_another_s_drafts_are_not_told(
    sweep: list[Image], annotator: User, other_annotator: User
) -> None:
    outlines.save(sweep[0], annotator, [SQUARE], base=0)
    assert states(other_annotator, sweep[1]) == ["empty"] * 4


def test_pre_labels_that_a_person_may_not_see_propose_nothing(
    sweep: list[Image], annotator: User, expert: User
) -> None:
    for image in sweep[:2]:
        suggestions.offer(image, [SQUARE], source="model", version="RF-v1")
    Assignment.objects.create(image=sweep[0], person=annotator, blind=True)
    assert states(annotator, sweep[0]) == ["empty", "proposed", "empty", "empty"]
    assert states(expert, sweep[0]) == ["proposed", "proposed", "empty", "empty"]
    SubjectPartition.objects.create(subject=sweep[0].subject, partition=Partition.TEST)
    assert states(annotator, sweep[0]) == ["empty"] * 4


def test_an_erased_frame_is_gone(sweep: list[Image], annotator: User) -> None:
    Image.objects.filter(pk=sweep[1].pk).update(erased_at=sweep[1].created_at)
    assert [frame.image for frame in frames_of(annotator, sweep[0])] == [
        sweep[0].pk,
        sweep[2].pk,
        sweep[3].pk,
    ]


def test_frames_cost_the_same_however_many(
    make_sweep: Callable[..., list[Image]],
    annotator: User,
    client_of: ClientOf,
    django_assert_num_queries: Any,
) -> None:
    few = make_sweep(2)
    client = client_of(annotator)
    address = data_of(client.get(edit_address(few[0])))["sweep"]["frames"]
    with django_assert_num_queries(7):
        assert len(client.get(address).json()) == 2
    make_sweep(28, first=40)
    with django_assert_num_queries(7):
        assert len(client.get(address).json()) == 30


def test_the_next_frame_is_the_nearest_later_one_that_is_open(
    sweep: list[Image], annotator: User, other_annotator: User, admin: User
) -> None:
    assert next_frame(annotator, sweep[0]) == sweep[1]
    submit(sweep[1], annotator)
    outlines.save(sweep[2], other_annotator, [SQUARE], base=0)
    assert next_frame(annotator, sweep[0]) == sweep[3]
    assert next_frame(annotator, sweep[3]) is None
    assert next_frame(admin, sweep[0]) is None


def test_a_draft_of_one_s_own_is_still_open(sweep: list[Image], annotator: User) -> None:
    outlines.save(sweep[1], annotator, [SQUARE], base=0)
    assert next_frame(annotator, sweep[0]) == sweep[1]


def test_the_page_of_a_frame_leads_through_the_sweep_and_then_on(
    sweep: list[Image], annotator: User, client_of: ClientOf
) -> None:
    client = client_of(annotator)
    first = data_of(client.get(edit_address(sweep[0])))
    assert first["urls"]["next"] == edit_address(sweep[1])
    assert b'data-piece="sweep"' in client.get(edit_address(sweep[0])).content
    last = data_of(client.get(edit_address(sweep[3])))
    assert last["urls"]["next"] == f"/next?after={sweep[3].pk}"


def test_a_single_scan_has_no_frames(image: Image, annotator: User, client_of: ClientOf) -> None:
    response = client_of(annotator).get(edit_address(image))
    assert data_of(response)["sweep"] is None
    assert b'data-piece="sweep"' not in response.content


def test_frames_of_another_study_are_not_found(
    sweep: list[Image], stranger: User, client_of: ClientOf
) -> None:
    address = f"/api/v1/images/{sweep[0].pk}/frames"
    assert client_of(stranger).get(address).status_code == 404


def test_in_review_each_frame_says_what_its_author_has_submitted(
    sweep: list[Image], annotator: User, other_annotator: User, expert: User
) -> None:
    works = [submit(image, annotator) for image in sweep[:3]]
    submit(sweep[3], other_annotator)
    review.approve(works[0], 1, expert)
    review.return_(works[2], 1, expert, "too deep")
    frames = review_frames_of(works[1])
    assert [frame.state for frame in frames] == ["done", "waiting", "returned", "empty"]
    assert [frame.annotation for frame in frames] == [*(work.pk for work in works), None]
    assert [frame.image for frame in frames] == [image.pk for image in sweep]


def test_the_next_frame_of_a_review_is_the_next_that_waits(
    sweep: list[Image], annotator: User, expert: User, other_annotator: User
) -> None:
    first, second, fourth = (submit(sweep[index], annotator) for index in (0, 1, 3))
    submit(sweep[2], other_annotator)
    assert next_review_frame(expert, first) == second
    review.approve(second, 1, expert)
    assert next_review_frame(expert, first) == fourth
    assert next_review_frame(expert, fourth) is None
    Assignment.objects.create(image=sweep[3], person=other_annotator, blind=True, slot=1)
    assert next_review_frame(expert, first) is None


def test_a_review_leads_through_the_sweep_and_then_on(
    sweep: list[Image], annotator: User, expert: User, client_of: ClientOf
) -> None:
    first, last = submit(sweep[0], annotator), submit(sweep[2], annotator)
    client = client_of(expert)
    data = data_of(client.get(review_address(first)))
    assert data["mode"] == "review"
    assert data["urls"]["next"] == review_address(last)
    frames = client.get(data["sweep"]["frames"]).json()
    assert [frame["page"] for frame in frames] == [
        review_address(first),
        "",
        review_address(last),
        "",
    ]
    assert data_of(client.get(review_address(last)))["urls"]["next"] == f"/next?after={sweep[2].pk}"


def test_frames_under_review_cost_the_same_however_many_there_are(
    make_sweep: Callable[..., list[Image]], annotator: User, django_assert_num_queries: Any
) -> None:
    work = submit(make_sweep(6)[0], annotator)
    with django_assert_num_queries(1):
        assert len(review_frames_of(work)) == 6
