"""Two annotators, neither of whom sees the other's work or the pre-label."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from annotation.models import Assignment, Image, Reference, Study
from annotation.policies import can_see_annotation, can_see_suggestion
from annotation.selectors import images, queue
from annotation.services import (
    double_reading,
    lock,
    outlines,
    review,
    split,
    suggestions,
    workflow,
)
from core.models import AuditEvent, User
from domain.errors import InvalidInput, NotAllowed, Refused
from tests.conftest import rectangle


@pytest.fixture
def twice(
    study: Study,
    annotator: User,
    other_annotator: User,
    admin: User,
    make_image: Callable[..., Image],
) -> Image:
    """An image of a study in which every scan is read twice."""
    double_reading.set_share(study, 1.0, actor=admin)
    return make_image("S1")


def outlined(image: Image, person: User, x1: float) -> None:
    revision = outlines.save(image, person, [rectangle(5, 5, x1, 30)], base=0)
    workflow.submit(revision.annotation, person)


class TestPlanning:
    def test_a_new_image_gets_two_blind_readings(self, twice: Image) -> None:
        assert list(twice.assignments.values_list("slot", "blind", "person").order_by("slot")) == [
            (0, True, None),
            (1, True, None),
        ]

    def test_scans_of_test_subjects_are_read_twice_by_default(
        self,
        study: Study,
        annotator: User,
        other_annotator: User,
        admin: User,
        make_image: Callable[..., Image],
    ) -> None:
        before, train = make_image("T1"), make_image("A1")
        split.honour(study, {"T1": "test", "A1": "train"}, actor=admin)
        after = make_image("T1")
        assert [one.assignments.count() for one in (before, after, train)] == [2, 2, 0]
        assert double_reading.set_for_held_out(study, False, actor=admin) == 0
        assert before.assignments.count() == 0

    def test_a_second_annotator_brings_the_second_reading(
        self,
        study: Study,
        annotator: User,
        admin: User,
        make_image: Callable[..., Image],
        make_user: Callable[..., User],
    ) -> None:
        image = make_image("T1")
        split.honour(study, {"T1": "test"}, actor=admin)
        assert not image.assignments.exists()
        make_user("second", "annotator", study)
        assert image.assignments.filter(blind=True).count() == 2

    def test_adjudicated_test_references_are_no_single_readings(
        self,
        study: Study,
        annotator: User,
        other_annotator: User,
        expert: User,
        admin: User,
        make_image: Callable[..., Image],
    ) -> None:
        image = make_image("T1")
        split.honour(study, {"T1": "test"}, actor=admin)
        outlined(image, annotator, 30)
        outlined(image, other_annotator, 34)
        first = image.annotations.get(author=annotator)
        assert can_see_annotation(expert, image.annotations.get(author=other_annotator))
        review.correct_and_approve(first, 1, expert, [rectangle(5, 5, 32, 30)])
        sealed = lock.seal(image.site, admin)
        assert sealed.basis == "1 adjudicated between two readings"
        assert not sealed.rests_on_single_readings

    def test_the_share_is_about_what_was_asked_for(
        self,
        study: Study,
        annotator: User,
        other_annotator: User,
        admin: User,
        make_image: Callable[..., Image],
    ) -> None:
        for i in range(40):
            make_image(f"S{i:03d}")
        planned = double_reading.set_share(study, 0.3, actor=admin)
        assert 2 <= planned <= 24
        assert Assignment.objects.filter(slot=1).count() == planned

    def test_a_larger_share_keeps_what_a_smaller_one_chose(
        self,
        study: Study,
        annotator: User,
        other_annotator: User,
        admin: User,
        make_image: Callable[..., Image],
    ) -> None:
        for i in range(20):
            make_image(f"S{i:03d}")
        double_reading.set_share(study, 0.3, actor=admin)
        first = set(Assignment.objects.filter(blind=True).values_list("image", flat=True))
        double_reading.set_share(study, 0.6, actor=admin)
        second = set(Assignment.objects.filter(blind=True).values_list("image", flat=True))
        assert first < second
        double_reading.set_share(study, 0.0, actor=admin)
        assert not Assignment.objects.exists()

    def test_frames_and_takes_of_a_scan_go_together(
        self,
        study: Study,
        annotator: User,
        other_annotator: User,
        admin: User,
        make_image: Callable[..., Image],
    ) -> None:
        for i in range(12):
            for frame in range(3):
                make_image(f"S{i:03d}", take=1, frame=frame)
        double_reading.set_share(study, 0.5, actor=admin)
        for i in range(12):
            scan = Image.objects.filter(subject__code=f"S{i:03d}")
            blind = scan.filter(assignments__slot=1).count()
            assert blind in {0, 3}

    def test_work_that_has_begun_stays_as_it_is(
        self, study: Study, image: Image, annotator: User, other_annotator: User, admin: User
    ) -> None:
        outlines.save(image, annotator, [rectangle(5, 5, 20, 20)], base=0)
        assert double_reading.set_share(study, 1.0, actor=admin) == 0
        assert not image.assignments.get().blind

    def test_a_query_rounds_request_keeps_its_rank(
        self, study: Study, image: Image, annotator: User, other_annotator: User, admin: User
    ) -> None:
        Assignment.objects.create(image=image, slot=0, rank=3, reason="entropy")
        double_reading.set_share(study, 1.0, actor=admin)
        assert image.assignments.filter(blind=True).count() == 2
        double_reading.set_share(study, 0.0, actor=admin)
        kept = image.assignments.get()
        assert (kept.rank, kept.blind) == (3, False)

    def test_it_needs_two_annotators_an_admin_and_a_fraction(
        self, study: Study, annotator: User, admin: User, expert: User
    ) -> None:
        with pytest.raises(Refused, match="two annotators"):
            double_reading.set_share(study, 0.2, actor=admin)
        with pytest.raises(InvalidInput):
            double_reading.set_share(study, 1.5, actor=admin)
        with pytest.raises(InvalidInput):
            double_reading.set_share(study, float("nan"), actor=admin)
        with pytest.raises(NotAllowed):
            double_reading.set_share(study, 0.2, actor=expert)

    def test_setting_it_is_audited(
        self, study: Study, annotator: User, other_annotator: User, admin: User
    ) -> None:
        double_reading.set_share(study, 0.25, actor=admin)
        assert AuditEvent.objects.get(verb="double reading set").details["share"] == 0.25
        study.refresh_from_db()
        assert study.double_reading_share == 0.25


class TestBlindness:
    def test_neither_reader_sees_the_pre_label(
        self, twice: Image, annotator: User, other_annotator: User
    ) -> None:
        suggestions.offer(twice, [rectangle(1, 1, 9, 9)], source="model", version="v1")
        assert not can_see_suggestion(annotator, twice)
        assert not can_see_suggestion(other_annotator, twice)
        item = queue.next_for(annotator, twice.study)
        assert item is not None
        assert item.asked == "draw without help"

    def test_an_expert_who_reads_does_not_see_it_either(self, twice: Image, expert: User) -> None:
        suggestions.offer(twice, [rectangle(1, 1, 9, 9)], source="model", version="v1")
        assert can_see_suggestion(expert, twice)
        outlined(twice, expert, 40)
        assert not can_see_suggestion(expert, twice)

    def test_no_pre_label_is_made_for_it(self, twice: Image) -> None:
        assert twice not in images.awaiting_prelabel(twice.site)

    def test_neither_reader_sees_the_others_work(
        self, twice: Image, annotator: User, other_annotator: User
    ) -> None:
        outlined(twice, annotator, 40)
        work = twice.annotations.get(author=annotator)
        assert not can_see_annotation(other_annotator, work)
        item = queue.next_for(other_annotator, twice.study)
        assert item is not None
        assert item.image == twice

    def test_both_annotations_are_marked_blind(
        self, twice: Image, annotator: User, other_annotator: User
    ) -> None:
        outlined(twice, annotator, 40)
        outlined(twice, other_annotator, 42)
        assert list(twice.annotations.values_list("blind", flat=True)) == [True, True]

    def test_a_third_reader_is_turned_away(
        self,
        twice: Image,
        annotator: User,
        other_annotator: User,
        study: Study,
        make_user: Callable[..., User],
    ) -> None:
        outlined(twice, annotator, 40)
        outlined(twice, other_annotator, 42)
        third = make_user("third", "annotator", study)
        assert queue.next_for(third, study) is None
        with pytest.raises(Refused):
            outlines.save(twice, third, [rectangle(1, 1, 9, 9)], base=0)

    def test_one_person_cannot_take_both_readings(self, twice: Image, annotator: User) -> None:
        outlined(twice, annotator, 40)
        assert queue.next_for(annotator, twice.study) is None


class TestTheExpert:
    def test_waits_for_the_second_reader_then_adjudicates(
        self, twice: Image, annotator: User, other_annotator: User, expert: User
    ) -> None:
        outlined(twice, annotator, 40)
        first = twice.annotations.get(author=annotator)
        with pytest.raises(Refused, match="second reader"):
            review.approve(first, 1, expert)
        outlined(twice, other_annotator, 42)
        review.approve(first, 1, expert)
        reference = Reference.objects.get(image=twice)
        assert reference.how == Reference.How.ADJUDICATED
