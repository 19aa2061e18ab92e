"""The board to its end, and the way through one of its lists."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from annotation.models import Annotation, Image, Reference, Study
from annotation.selectors import board
from annotation.selectors.review_lists import PAIRS, TO_REVIEW, ReviewList, entries, following
from annotation.services import double_reading, outlines, review, suggestions, workflow
from core.models import User
from tests.conftest import rectangle

ClientOf = Callable[[User], Client]


def submitted(image: Image, person: User, x1: float = 40) -> Annotation:
    revision = outlines.save(image, person, [rectangle(5, 5, x1, 30)], base=0)
    return workflow.submit(revision.annotation, person)


def offered(image: Image) -> None:
    suggestions.offer(image, [rectangle(5, 5, 40, 30)], source="model", version="m1")


@pytest.fixture
def scans(make_image: Callable[..., Image], annotator: User) -> list[Annotation]:
    """Three scans of which the second was changed most, the first least."""
    images = [make_image() for _ in range(3)]
    for image in images:
        offered(image)
    return [submitted(image, annotator, x1) for image, x1 in zip(images, (41, 60, 50), strict=True)]


def ids(client: Client, address: str) -> list[int]:
    return [int(one) for one in re.findall(r"annotations/(\d+)/review", text(client, address))]


def text(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def walked(client: Client, query: str, expert: User) -> list[int]:
    """Every work that is approved on the way through a list, in the order of the way."""
    seen: list[int] = []
    address = f"/studies/lab/board/next/?{query}"
    while (response := client.get(address)).status_code == 302:
        location = response.headers["Location"]
        work = Annotation.objects.get(pk=int(re.findall(r"annotations/(\d+)", location)[0]))
        page = text(client, location)
        found = re.search(r'"next": "([^"]*)"', page)
        assert found
        address = found[1].encode().decode("unicode_escape")
        review.approve(work, work.revision_count, expert)
        seen.append(work.pk)
    assert response.status_code == 200
    assert "This list is done" in response.content.decode()
    return seen


class TestOrder:
    def test_the_most_changed_come_first_and_next_follows_the_board(
        self, scans: list[Annotation], expert: User, client_of: ClientOf
    ) -> None:
        client = client_of(expert)
        first, second, third = scans
        order = [second.pk, third.pk, first.pk]
        assert ids(client, "/studies/lab/board/") == order
        assert walked(client, "list=review", expert) == order

    def test_it_goes_on_from_where_it_was_opened(
        self, scans: list[Annotation], expert: User, study: Study
    ) -> None:
        first, second, third = scans
        wanted = ReviewList(TO_REVIEW)
        review.approve(third, 1, expert)
        assert following(expert, study, wanted, after=third) == first
        assert following(expert, study, wanted, after=first) is None
        assert following(expert, study, wanted) == second

    def test_a_filter_travels_along_and_the_end_says_what_is_left(
        self,
        scans: list[Annotation],
        make_image: Callable[..., Image],
        other_annotator: User,
        expert: User,
        client_of: ClientOf,
    ) -> None:
        own = submitted(make_image(), other_annotator)
        client = client_of(expert)
        assert walked(client, "list=review&author=other-annotator", expert) == [own.pk]
        assert Reference.objects.count() == 1
        done = text(client, f"/studies/lab/board/next/?list=review&after={scans[0].pk}")
        assert "3 scans of it are left undecided" in done

    @pytest.mark.parametrize("filtered", ["site=nowhere", "author=nobody", "list=none"])
    def test_a_filter_that_finds_nothing_here_does_not_lead_through_all(
        self, scans: list[Annotation], expert: User, client_of: ClientOf, filtered: str
    ) -> None:
        client = client_of(expert)
        assert client.get(f"/studies/lab/board/next/?{filtered}").status_code == 404
        assert "Select a valid choice" in text(client, f"/studies/lab/board/?{filtered}")

    def test_the_frames_of_a_sweep_stay_together(
        self, make_image: Callable[..., Image], annotator: User, expert: User, study: Study
    ) -> None:
        sweep = [make_image("S9", take=1, frame=frame) for frame in range(3)]
        single = make_image("S8")
        for image in (*sweep, single):
            offered(image)
        frames = [
            submitted(one, annotator, x1) for one, x1 in zip(sweep, (41, 60, 42), strict=True)
        ]
        between = submitted(single, annotator, 50)
        found = [one.annotation_ids[0] for one in entries(expert, study, ReviewList())]
        assert found == [*(one.pk for one in frames), between.pk]
        review.approve(frames[1], 1, expert)
        assert following(expert, study, ReviewList(), after=frames[1]) == frames[2]


class TestBoard:
    def test_it_pages_to_its_end(
        self,
        make_image: Callable[..., Image],
        annotator: User,
        expert: User,
        client_of: ClientOf,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(board, "COLUMN_SIZE", 2)
        works = [submitted(make_image(), annotator).pk for _ in range(5)]
        client = client_of(expert)
        assert "2 of 5 are shown: show all" in text(client, "/studies/lab/board/")
        pages = [ids(client, f"/studies/lab/board/?list=review&page={n}") for n in (1, 2, 3)]
        assert [pk for page in pages for pk in page] == works
        assert ids(client, "/studies/lab/board/?list=review&page=99") == pages[-1]

    def test_readers_of_imported_outlines_can_be_chosen(
        self,
        scans: list[Annotation],
        make_image: Callable[..., Image],
        make_user: Callable[..., User],
        expert: User,
        client_of: ClientOf,
    ) -> None:
        outside = make_user("reader-1")
        work = Annotation.objects.create(image=make_image(), author=outside, state="submitted")
        outlines.append_revision(
            work, [rectangle(5, 5, 40, 30)], base=0, author=outside, origin="imported"
        )
        assert ids(client_of(expert), "/studies/lab/board/?author=reader-1") == [work.pk]

    def test_a_pair_is_one_entry_and_stands_in_no_other_list(
        self,
        study: Study,
        annotator: User,
        other_annotator: User,
        admin: User,
        expert: User,
        make_image: Callable[..., Image],
    ) -> None:
        double_reading.set_share(study, 1.0, actor=admin)
        image = make_image()
        first = submitted(image, annotator, 40)
        (waiting, *_) = board.columns(expert, study, ReviewList())
        assert (waiting.count, waiting.waiting) == (0, 1)
        second = submitted(image, other_annotator, 50)
        (entry,) = entries(expert, study, ReviewList(PAIRS))
        assert entry.annotation_ids == (first.pk, second.pk)
        assert not entries(expert, study, ReviewList())
        needs = [Annotation.objects.get(pk=one.pk).need for one in (first, second)]
        assert needs == pytest.approx([10 / 45, 10 / 45])


class TestDone:
    def test_the_last_approval_can_be_undone_there(
        self, scans: list[Annotation], expert: User, client_of: ClientOf
    ) -> None:
        work = scans[0]
        review.approve(work, 1, expert)
        reference = Reference.objects.get()
        client = client_of(expert)
        page = text(client, f"/studies/lab/board/next/?list=review&after={work.pk}")
        assert "Undo this approval" in page
        form = {
            "act": "withdraw",
            "withdraw-reference": reference.pk,
            "withdraw-reason": "Undone at once.",
        }
        client.post(f"/studies/lab/images/{work.image_id}/", form)
        work.refresh_from_db()
        assert work.state == Annotation.State.SUBMITTED
