"""What a person may compare a scan's outlines with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from annotation.models import Annotation, Assignment, Image, Partition, SubjectPartition
from annotation.selectors.comparisons import comparisons
from annotation.services import outlines, workflow
from core.models import User
from domain.calibration import PixelSpacing
from tests.conftest import rectangle

MakeImage = Callable[..., Image]
EARLIER = date(2026, 1, 5)
LATER = date(2026, 3, 2)


def submitted(image: Image, author: User, region: dict[str, Any] | None = None) -> Annotation:
    revision = outlines.save(image, author, [region or rectangle(5, 5, 30, 30)], base=0)
    return workflow.submit(revision.annotation, author)


def titles(user: User, image: Image, shown: Annotation | None = None) -> list[str]:
    return [one.title for one in comparisons(user, image, shown)]


@pytest.fixture
def visits(make_image: MakeImage) -> tuple[Image, Image]:
    before = make_image("S1", side="right", visit=EARLIER)
    return before, make_image("S1", side="right", visit=LATER)


def test_experts_see_finished_readings_but_the_one_on_the_page(
    image: Image, annotator: User, other_annotator: User, expert: User
) -> None:
    for slot, person in enumerate([annotator, other_annotator]):
        Assignment.objects.create(image=image, person=person, blind=True, slot=slot)
    shown = submitted(image, annotator)
    outlines.save(image, other_annotator, [rectangle(6, 6, 31, 31)], base=0)
    assert titles(expert, image, shown) == []
    workflow.submit(Annotation.objects.get(author=other_annotator), other_annotator)
    assert titles(expert, image, shown) == [f"Reading of {other_annotator}"]
    assert titles(other_annotator, image) == []


def test_the_previous_visit_is_the_newest_one_before_that_the_person_may_see(
    visits: tuple[Image, Image],
    make_image: MakeImage,
    annotator: User,
    other_annotator: User,
    expert: User,
) -> None:
    before, now = visits
    oldest = make_image("S1", side="right", visit=date(2025, 6, 1))
    submitted(oldest, other_annotator)
    submitted(before, annotator)
    assert titles(annotator, now) == ["Previous visit, 2026-01-05"]
    assert titles(expert, now) == ["Previous visit, 2026-01-05"]
    assert titles(other_annotator, now) == ["Previous visit, 2025-06-01"]
    assert titles(expert, oldest, Annotation.objects.get(image=oldest)) == []


def test_another_side_subject_or_draft_is_no_previous_visit(
    make_image: MakeImage, annotator: User
) -> None:
    now = make_image("S1", side="right", visit=LATER)
    submitted(make_image("S1", side="left", visit=EARLIER), annotator)
    submitted(make_image("S2", side="right", visit=EARLIER), annotator)
    outlines.save(
        make_image("S1", side="right", visit=EARLIER), annotator, [rectangle(5, 5, 9, 9)], base=0
    )
    assert titles(annotator, now) == []
    unknown = make_image("S3", visit=LATER)
    submitted(make_image("S3", visit=EARLIER), annotator)
    assert titles(annotator, unknown) == []


def test_a_blind_reading_sees_none_of_it(
    visits: tuple[Image, Image], annotator: User, expert: User
) -> None:
    before, now = visits
    submitted(before, annotator)
    assert titles(annotator, now)
    Assignment.objects.create(image=now, person=annotator, blind=True)
    assert titles(annotator, now) == []
    assert titles(expert, now)
    Assignment.objects.create(image=now, person=expert, blind=True, slot=1)
    assert titles(expert, now) == []


def test_an_earlier_scan_that_is_still_to_be_read_blind_is_not_shown(
    visits: tuple[Image, Image], annotator: User, expert: User
) -> None:
    before, now = visits
    for slot, person in enumerate([annotator, expert]):
        Assignment.objects.create(image=before, person=person, blind=True, slot=slot)
    submitted(before, annotator)
    assert titles(expert, now) == []
    assert titles(annotator, now) == ["Previous visit, 2026-01-05"]


def test_test_subjects_show_nothing(
    visits: tuple[Image, Image], annotator: User, expert: User
) -> None:
    before, now = visits
    submitted(before, annotator)
    SubjectPartition.objects.create(subject=now.subject, partition=Partition.TEST)
    assert titles(annotator, now) == []
    assert titles(expert, now) == []


def test_strangers_and_erased_scans_give_nothing(
    visits: tuple[Image, Image], annotator: User, stranger: User
) -> None:
    before, now = visits
    submitted(before, annotator)
    assert titles(stranger, now) == []
    Image.objects.filter(pk=before.pk).update(erased_at="2026-03-01T00:00Z")
    assert titles(annotator, now) == []


def test_the_previous_outline_keeps_its_size_in_mm(make_image: MakeImage, annotator: User) -> None:
    before = make_image(
        "S1", side="left", visit=EARLIER, spacing=PixelSpacing(0.05, 0.2, "phantom")
    )
    now = make_image("S1", side="left", visit=LATER)
    submitted(before, annotator, rectangle(4, 4, 20, 10))
    (found,) = comparisons(annotator, now, None)
    assert found.regions == [rectangle(2, 8, 10, 20)]
