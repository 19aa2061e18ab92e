"""Saving outlines."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction

from annotation.models import Annotation, Image, Revision
from annotation.services import outlines
from core.models import User
from domain.errors import Conflict, InvalidInput, NotAllowed, NotFound, Refused
from tests.conftest import rectangle


def test_each_save_appends_a_revision(image: Image, annotator: User) -> None:
    first = outlines.save(image, annotator, [rectangle(5, 5, 20, 20)], base=0)
    second = outlines.save(image, annotator, [rectangle(5, 5, 21, 20)], base=1)
    assert (first.number, second.number) == (1, 2)
    assert first.regions != second.regions
    image.refresh_from_db()
    assert image.state == Image.State.DRAFT


@pytest.mark.parametrize("base", [0, 2, 7])
def test_a_stale_save_changes_nothing(image: Image, annotator: User, base: int) -> None:
    kept = outlines.save(image, annotator, [rectangle(5, 5, 20, 20)], base=0)
    with pytest.raises(Conflict):
        outlines.save(image, annotator, [rectangle(1, 1, 40, 40)], base=base)
    assert list(Revision.objects.values_list("digest", flat=True)) == [kept.digest]


def test_the_same_key_makes_one_revision(image: Image, annotator: User) -> None:
    key = uuid.uuid4()
    first = outlines.save(image, annotator, [rectangle(5, 5, 20, 20)], base=0, key=key)
    again = outlines.save(image, annotator, [rectangle(5, 5, 20, 20)], base=0, key=key)
    assert again == first
    assert Revision.objects.count() == 1


def test_the_same_work_on_the_same_base_makes_one_revision(image: Image, annotator: User) -> None:
    """A page that is closed while it saves comes back with another key."""
    drawn = [rectangle(5, 5, 20, 20)]
    first = outlines.save(image, annotator, drawn, base=0, key=uuid.uuid4())
    assert outlines.save(image, annotator, drawn, base=0, key=uuid.uuid4()) == first
    assert Revision.objects.count() == 1
    second = outlines.save(image, annotator, drawn, base=1, key=uuid.uuid4())
    assert second.number == 2


@pytest.mark.parametrize(
    ("regions", "message"),
    [
        ([rectangle(5, 5, 20, 20, label="XX")], "no label"),
        ([{"label": "RF", "parts": [[[[0, 0], [1, 1]]]]}], "ring 1"),
        ([{"label": "RF", "parts": [[[[0, 0], [1, float("nan")], [2, 0]]]]}], "finite"),
        ([rectangle(500, 500, 600, 600)], "no area inside"),
        (["polygon"], "region 1"),
    ],
)
def test_bad_regions_are_refused_in_words(
    image: Image, annotator: User, regions: list, message: str
) -> None:
    with pytest.raises(InvalidInput, match=f"(?i){message}"):
        outlines.save(image, annotator, regions, base=0)
    assert not Revision.objects.exists()
    assert not Annotation.objects.exists()


def test_a_self_crossing_outline_is_made_valid_inside_the_image(
    image: Image, annotator: User
) -> None:
    bow_tie = {"label": "RF", "parts": [[[[-5, 0], [20, 20], [20, 0], [-5, 20]]]]}
    revision = outlines.save(image, annotator, [bow_tie], base=0)
    points = [point for part in revision.regions[0]["parts"] for ring in part for point in ring]
    assert len(revision.regions[0]["parts"]) == 2
    assert all(0 <= x <= image.width and 0 <= y <= image.height for x, y in points)


def test_a_decision_without_contour_needs_a_reason_and_no_regions(
    image: Image, annotator: User
) -> None:
    with pytest.raises(InvalidInput, match="reason"):
        outlines.save(image, annotator, [], base=0, decision="unusable")
    with pytest.raises(InvalidInput, match="regions"):
        outlines.save(
            image, annotator, [rectangle(1, 1, 9, 9)], base=0, decision="absent", reason="x"
        )
    revision = outlines.save(image, annotator, [], base=0, decision="absent", reason="amputated")
    assert revision.decision == "absent"


def test_one_scan_has_one_reader(image: Image, annotator: User, other_annotator: User) -> None:
    outlines.save(image, annotator, [rectangle(5, 5, 20, 20)], base=0)
    with pytest.raises(Refused, match="Somebody else"):
        outlines.save(image, other_annotator, [rectangle(5, 5, 20, 20)], base=0)


def test_admins_and_strangers_do_not_outline(image: Image, admin: User, stranger: User) -> None:
    with pytest.raises(NotAllowed):
        outlines.save(image, admin, [rectangle(5, 5, 20, 20)], base=0)
    with pytest.raises(NotFound):
        outlines.save(image, stranger, [rectangle(5, 5, 20, 20)], base=0)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE annotation_revision SET reason = 'other'",
        "DELETE FROM annotation_revision",
        "UPDATE annotation_revisioncontent SET regions = '[]'",
        "DELETE FROM annotation_revisioncontent",
        "UPDATE core_auditevent SET verb = 'nothing happened'",
        "DELETE FROM core_auditevent",
    ],
)
def test_the_database_refuses_to_change_history(
    image: Image, annotator: User, statement: str
) -> None:
    outlines.save(image, annotator, [rectangle(5, 5, 20, 20)], base=0)
    with pytest.raises(DatabaseError, match=r"never|only"), transaction.atomic():
        connection.cursor().execute(statement)


def test_the_database_refuses_a_gap_in_revision_numbers(image: Image, annotator: User) -> None:
    revision = outlines.save(image, annotator, [rectangle(5, 5, 20, 20)], base=0)
    with pytest.raises(DatabaseError, match="gap"), transaction.atomic():
        Revision.objects.create(
            annotation=revision.annotation, number=3, digest="0" * 64, author=annotator
        )


def test_the_next_scan_is_taken_by_who_saves_first(
    make_image: Callable[..., Image], annotator: User
) -> None:
    image = make_image()
    outlines.save(image, annotator, [rectangle(5, 5, 20, 20)], base=0)
    assert image.assignments.get().person == annotator
