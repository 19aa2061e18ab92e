"""The order of a person's queue, whole and cut short."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from annotation.models import Assignment, Image, Study
from annotation.selectors import queue
from annotation.services import assignments, outlines, review, suggestions, workflow
from core.models import User
from tests.conftest import rectangle


def offered(image: Image) -> Image:
    suggestions.offer(image, [rectangle(1, 1, 9, 9)], source="model", version="v1")
    return image


def waiting(user: User, study: Study, limit: int = 20) -> list[tuple[Image, str]]:
    return [(item.image, item.asked) for item in queue.queue_of(user, study, limit)]


@pytest.fixture
def one_of_each(
    study: Study, make_image: Callable[..., Image], annotator: User, expert: User
) -> dict[str, Image]:
    """Images in every state that a queue knows, made in the order opposite to the queue's."""
    made = {
        name: make_image(f"S{number}")
        for number, name in enumerate(
            ("plain", "offered", "second", "first", "given", "draft", "returned")
        )
    }
    offered(made["offered"])
    assignments.ask(made["second"], rank=2, reason="uncertain")
    assignments.ask(made["first"], rank=1, reason="most uncertain")
    Assignment.objects.create(image=made["given"], person=annotator, reason="asked for")
    outlines.save(made["draft"], annotator, [rectangle(5, 5, 25, 20)], base=0)
    back = outlines.save(made["returned"], annotator, [rectangle(5, 5, 25, 20)], base=0).annotation
    workflow.submit(back, annotator)
    review.return_(back, 1, expert, "the fascia")
    return made


def test_the_order(one_of_each: dict[str, Image], annotator: User, study: Study) -> None:
    order = ("returned", "draft", "given", "first", "second", "offered", "plain")
    assert [image for image, _ in waiting(annotator, study)] == [one_of_each[k] for k in order]


def test_what_is_asked_and_why(
    one_of_each: dict[str, Image], annotator: User, study: Study
) -> None:
    found = {item.image: (item.asked, item.reason) for item in queue.queue_of(annotator, study)}
    assert found[one_of_each["returned"]] == ("returned to you", "the fascia")
    assert found[one_of_each["draft"]] == ("go on with your draft", "")
    assert found[one_of_each["given"]] == ("draw", "asked for")
    assert found[one_of_each["first"]] == ("draw", "most uncertain")
    assert found[one_of_each["offered"]] == ("correct the pre-label", "")


@pytest.mark.parametrize("limit", range(9))
def test_a_short_queue_is_the_beginning_of_the_long_one(
    one_of_each: dict[str, Image], annotator: User, study: Study, limit: int
) -> None:
    assert waiting(annotator, study, limit) == waiting(annotator, study)[:limit]
    assert queue.queue_length(annotator, study, most=limit) == min(limit, 7)


def test_anothers_work_is_not_in_it(
    one_of_each: dict[str, Image], other_annotator: User, study: Study
) -> None:
    order = ("first", "second", "offered", "plain")
    found = [image for image, _ in waiting(other_annotator, study)]
    assert found == [one_of_each[k] for k in order]


def test_double_readings_stand_once_among_the_others_by_arrival(
    study: Study,
    make_image: Callable[..., Image],
    annotator: User,
    other_annotator: User,
) -> None:
    twice = [make_image("S1"), make_image("S2")]
    Assignment.objects.bulk_create(
        Assignment(image=image, slot=slot, blind=True) for image in twice for slot in (0, 1)
    )
    single = make_image("S3")
    expected = [(image, "draw without help") for image in twice] + [(single, "draw")]
    assert waiting(annotator, study) == expected
    outlines.save(twice[0], annotator, [rectangle(5, 5, 25, 20)], base=0)
    assert waiting(annotator, study)[0] == (twice[0], "go on with your draft")
    assert waiting(other_annotator, study) == expected


def test_a_pre_label_goes_before_earlier_scans_without_one(
    study: Study, make_image: Callable[..., Image], annotator: User
) -> None:
    plain = [make_image(f"S{number}") for number in range(3)]
    last = offered(make_image("S9"))
    assert [image for image, _ in waiting(annotator, study, limit=2)] == [last, plain[0]]
