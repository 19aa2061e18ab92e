"""What work on a scan may start from: the other side, a former visit; and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client

from annotation.models import Annotation, Assignment, Image, Partition, Site, SubjectPartition
from annotation.selectors import readings
from annotation.selectors.starts import starts
from annotation.services import outlines, workflow
from core.models import User
from domain.calibration import PixelSpacing
from tests.annotation.test_kept_work import put
from tests.conftest import rectangle

MakeImage = Callable[..., Image]
VISIT = date(2026, 3, 2)


@pytest.fixture
def sides(make_image: MakeImage) -> tuple[Image, Image]:
    left = make_image("S1", side="left", visit=VISIT)
    return left, make_image("S1", side="right", visit=VISIT)


def corners(ring: list[list[float]]) -> set[tuple[float, ...]]:
    return {tuple(point) for point in ring}


def test_one_s_own_work_on_the_other_side_is_mirrored(
    sides: tuple[Image, Image], annotator: User, other_annotator: User, stranger: User
) -> None:
    left, right = sides
    region = {**rectangle(4, 5, 20, 30), "cut": ["left", "deep"]}
    revision = outlines.save(left, annotator, [region], base=0)
    (found,) = starts(annotator, right)
    assert (found.name, found.title) == ("other-side", "Other side (left), mirrored")
    assert found.revision == revision.pk
    (mirrored,) = found.regions
    assert mirrored["cut"] == ["right", "deep"]
    width = right.width
    expected = corners(rectangle(width - 20, 5, width - 4, 30)["parts"][0][0])
    assert corners(mirrored["parts"][0][0]) == expected
    assert starts(other_annotator, right) == []
    assert starts(stranger, right) == []


def test_along_the_muscle_nothing_is_mirrored(
    site: Site, sides: tuple[Image, Image], annotator: User
) -> None:
    Site.objects.filter(pk=site.pk).update(plane=Site.Plane.LONGITUDINAL)
    left, right = (Image.objects.get(pk=one.pk) for one in sides)
    outlines.save(left, annotator, [rectangle(4, 5, 20, 30)], base=0)
    (found,) = starts(annotator, right)
    assert found.title == "Other side (left)"
    assert found.regions == [rectangle(4, 5, 20, 30)]


def test_another_s_work_only_when_finished_and_seen(
    sides: tuple[Image, Image], annotator: User, expert: User
) -> None:
    left, right = sides
    revision = outlines.save(left, annotator, [rectangle(4, 5, 20, 30)], base=0)
    assert starts(expert, right) == []
    workflow.submit(revision.annotation, annotator)
    assert [one.revision for one in starts(expert, right)] == [revision.pk]
    Assignment.objects.create(image=left, person=expert, blind=True, slot=5)
    assert starts(expert, right) == []


def test_a_former_visit_keeps_its_size_in_mm_and_what_is_off_the_scan_is_left_out(
    make_image: MakeImage, annotator: User
) -> None:
    before = make_image(
        "S1", side="left", visit=date(2026, 1, 5), spacing=PixelSpacing(0.2, 0.1, "phantom")
    )
    now = make_image("S1", side="left", visit=VISIT)
    width = now.width
    work = [rectangle(4, 4, width / 2 + 9, 10), rectangle(width - 8, 20, width - 2, 30)]
    workflow.submit(outlines.save(before, annotator, work, base=0).annotation, annotator)
    (found,) = starts(annotator, now)
    assert (found.name, found.title) == ("previous-visit", "Previous visit, 2026-01-05")
    (region,) = found.regions
    assert corners(region["parts"][0][0]) == corners(rectangle(8, 4, width, 10)["parts"][0][0])


def test_nothing_for_a_blind_reading_and_on_test_subjects(
    sides: tuple[Image, Image], annotator: User
) -> None:
    left, right = sides
    outlines.save(left, annotator, [rectangle(4, 5, 20, 30)], base=0)
    assert starts(annotator, right)
    blind = Assignment.objects.create(image=right, person=annotator, blind=True)
    assert starts(annotator, right) == []
    blind.delete()
    SubjectPartition.objects.create(subject=right.subject, partition=Partition.TEST)
    assert starts(annotator, right) == []


def test_a_copy_names_its_source_which_must_be_of_the_same_muscle(
    sides: tuple[Image, Image],
    make_image: MakeImage,
    annotator: User,
    other_annotator: User,
    client_of: Callable[[User], Client],
) -> None:
    left, right = sides
    client = client_of(annotator)
    source = outlines.save(left, annotator, [rectangle(4, 5, 20, 30)], base=0)
    elsewhere = outlines.save(make_image("S2"), annotator, [rectangle(4, 5, 20, 30)], base=0)
    assert put(client, right, 0, origin="copied").status_code == 400
    assert put(client, right, 0, origin="copied", based_on=elsewhere.pk).status_code == 404
    refused = put(client_of(other_annotator), right, 0, origin="copied", based_on=source.pk)
    assert refused.status_code == 404
    answer = put(client, right, 0, origin="copied", based_on=source.pk)
    assert answer.status_code == 200
    assert answer.json()["head"]["based_on"] == source.pk
    copied = Annotation.objects.get(image=right).revisions.get()
    assert (copied.origin, copied.based_on) == ("copied", source)


@pytest.mark.parametrize(
    ("origin", "is_copy", "count"),
    [("drawn", False, 2), ("carried", False, 2), ("interpolated", False, 2), ("copied", True, 0)],
)
def test_what_was_copied_is_no_independent_reading(
    site: Site,
    sides: tuple[Image, Image],
    annotator: User,
    other_annotator: User,
    origin: str,
    is_copy: bool,
    count: int,
) -> None:
    left, right = sides
    source = outlines.save(left, annotator, [rectangle(4, 5, 20, 30)], base=0)
    for slot, person in enumerate([annotator, other_annotator]):
        Assignment.objects.create(image=right, person=person, slot=slot)
        own = person == annotator
        revision = outlines.save(
            right,
            person,
            [rectangle(4, 5, 20 + slot, 30)],
            base=0,
            origin=origin if own else "drawn",
            based_on=source if own and is_copy else None,
        )
        workflow.submit(revision.annotation, person)
    found = [one for one in readings.comparable_readings(site) if one.image_id == right.pk]
    assert len(found) == count


def test_a_copy_or_a_restored_revision_does_not_end_the_reading_it_came_from(
    site: Site, sides: tuple[Image, Image], annotator: User, other_annotator: User
) -> None:
    left, right = sides
    for slot, person in enumerate([annotator, other_annotator]):
        Assignment.objects.create(image=left, person=person, slot=slot)
    first = outlines.save(left, annotator, [rectangle(4, 5, 20, 30)], base=0)
    outlines.save(
        right, annotator, [rectangle(4, 5, 20, 30)], base=0, origin="copied", based_on=first
    )
    outlines.save(left, annotator, [rectangle(4, 5, 25, 30)], base=1)
    last = outlines.save(left, annotator, first.regions, base=2, based_on=first)
    workflow.submit(last.annotation, annotator)
    other = outlines.save(left, other_annotator, [rectangle(4, 5, 21, 30)], base=0)
    workflow.submit(other.annotation, other_annotator)
    digests = {one.reader: one.digest.split()[0] for one in readings.comparable_readings(site)}
    assert digests[annotator.get_username()] == last.digest
    assert len(digests) == 2
