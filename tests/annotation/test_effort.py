"""Rows about people's work with and without pre-labels: what counts, and what is left out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from annotation.models import Annotation, Image, Partition, Site, SubjectPartition
from annotation.selectors import effort
from annotation.services import (
    double_reading,
    outlines,
    references,
    review,
    subjects,
    suggestions,
    workflow,
)
from core.models import User
from tests.conftest import rectangle

OFFERED = rectangle(10, 10, 30, 30)


@pytest.fixture
def offered(make_image: Callable[..., Image]) -> Callable[..., Image]:
    """`offered("S1")`: a scan of a training subject with a pre-label of 20 x 20 px."""

    def make(code: str, partition: str = Partition.TRAIN) -> Image:
        image = make_image(code)
        SubjectPartition.objects.create(subject=image.subject, partition=partition)
        image = Image.objects.get(pk=image.pk)
        suggestions.offer(image, [OFFERED], source="model", version="v1")
        return image

    return make


def drawn(
    image: Image,
    person: User,
    right: float,
    *,
    seconds: float = 30.0,
    cut: tuple[str, ...] = (),
    **said: object,
) -> Annotation:
    outline = [rectangle(10, 10, right, 30, cut=cut)]
    revision = outlines.save(image, person, outline, base=0, seconds=seconds, **said)
    return workflow.submit(revision.annotation, person)


class TestWorked:
    def test_seconds_of_all_revisions_count_until_the_expert_looks(
        self, offered, annotator: User, expert: User
    ) -> None:
        image = offered("S1")
        outlines.save(image, annotator, [rectangle(10, 10, 20, 30)], base=0, seconds=12)
        revision = outlines.save(
            image, annotator, [rectangle(10, 10, 28, 30)], base=1, seconds=20, origin="pre-label"
        )
        workflow.submit(revision.annotation, annotator)
        review.return_(revision.annotation, 2, expert, "the fascia")
        outlines.save(image, annotator, [rectangle(10, 10, 29, 30)], base=2, seconds=500)
        annotation = Annotation.objects.get()
        workflow.submit(annotation, annotator)
        (row,) = effort.worked(image.site)
        assert (row.seconds, row.with_pre_label, row.subject_code) == (32, True, "S1")
        assert row.at == annotation.revisions.get(number=2).created_at

    def test_without_a_pre_label_is_said_so(self, make_image, annotator: User) -> None:
        image = make_image("S1")
        drawn(image, annotator, 28)
        assert [one.with_pre_label for one in effort.worked(image.site)] == [False]

    def test_drafts_decisions_other_beginnings_and_no_time_do_not_count(
        self, site: Site, make_image, annotator: User
    ) -> None:
        outlines.save(make_image("S1"), annotator, [OFFERED], base=0, seconds=5)
        nothing = outlines.save(
            make_image("S2"), annotator, [], base=0, seconds=5, decision="absent", reason="bone"
        )
        workflow.submit(nothing.annotation, annotator)
        drawn(make_image("S3"), annotator, 28, origin="carried")
        drawn(make_image("S4"), annotator, 28, seconds=0)
        assert effort.worked(site) == []

    @pytest.mark.parametrize("partition", ["test", "reserve", "external"])
    def test_held_out_and_external_subjects_are_not_watched(
        self, site: Site, make_image, annotator: User, expert: User, partition: str
    ) -> None:
        image = make_image("S1")
        suggestions.offer(image, [OFFERED], source="model", version="v1")
        work = drawn(image, annotator, 28)
        review.approve(work, 1, expert)
        assert len(effort.worked(site)) == len(effort.kept(site)) == 1
        SubjectPartition.objects.create(subject=image.subject, partition=partition)
        assert effort.worked(site) == effort.kept(site) == []


def test_withdrawn_consent_erases_what_was_offered(
    site: Site, offered, annotator: User, expert: User, admin: User
) -> None:
    image = offered("S1")
    review.approve(drawn(image, annotator, 28), 1, expert)
    assert Annotation.objects.get().offered is not None
    subjects.withdraw(image.subject, actor=admin, reason="letter of today")
    assert Annotation.objects.get().offered is None
    assert effort.worked(site) == effort.kept(site) == []


class TestKept:
    def test_dice_between_what_was_offered_and_what_was_approved(
        self, site: Site, offered, annotator: User, expert: User
    ) -> None:
        same, moved, corrected = (offered(f"S{number}") for number in range(3))
        review.approve(drawn(same, annotator, 30), 1, expert)
        review.approve(drawn(moved, annotator, 40), 1, expert)
        review.correct_and_approve(
            drawn(corrected, annotator, 30), 1, expert, [rectangle(10, 10, 50, 30)]
        )
        rows = effort.kept(site)
        assert [one.image_id for one in rows] == [same.pk, moved.pk, corrected.pk]
        assert [one.dice for one in rows] == pytest.approx([1, 2 * 20 / 50, 2 * 20 / 60])
        assert [one.is_unchanged for one in rows] == [True, False, False]
        assert {one.version for one in rows} == {"v1"}
        assert [one.image_id for one in effort.kept(site, {moved.pk})] == [moved.pk]

    def test_the_pre_label_that_the_reader_had_counts_not_a_later_one(
        self, site: Site, offered, annotator: User, expert: User
    ) -> None:
        image = offered("S1")
        work = drawn(image, annotator, 30)
        suggestions.offer(image, [rectangle(10, 10, 60, 30)], source="model", version="v2")
        review.approve(work, 1, expert)
        (row,) = effort.kept(site)
        assert (row.version, row.dice) == ("v1", 1.0)

    def test_without_a_pre_label_outside_and_unapproved_work_does_not_count(
        self, site: Site, make_image, offered, annotator: User, expert: User, admin: User
    ) -> None:
        review.approve(drawn(make_image("S1"), annotator, 30), 1, expert)
        outside = outlines.save(offered("S2"), annotator, [OFFERED], base=0)
        references.accept_outside(outside, actor=admin)
        drawn(offered("S3"), annotator, 30)
        assert effort.kept(site) == []

    def test_what_had_no_pre_label_takes_no_place_among_the_newest(
        self,
        site: Site,
        make_image,
        offered,
        annotator: User,
        expert: User,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(effort, "NEWEST", 2)
        single, corrected = offered("S1"), offered("S2")
        review.approve(drawn(single, annotator, 30), 1, expert)
        review.correct_and_approve(drawn(corrected, annotator, 30), 1, expert, [OFFERED])
        for code in ("S3", "S4"):
            review.approve(drawn(make_image(code), annotator, 30), 1, expert)
        assert [one.image_id for one in effort.kept(site)] == [single.pk, corrected.pk]


class TestPairedReadings:
    @pytest.fixture
    def read(
        self, site: Site, offered, annotator: User, other_annotator: User, admin: User
    ) -> Callable[..., Image]:
        """`read("S1", 29, 40)`: right borders of the reading with the pre-label and without."""
        double_reading.set_paired_share(site, 1.0, actor=admin)

        def make(code: str, with_it: float, without_it: float, **said: object) -> Image:
            image = offered(code)
            for person in (annotator, other_annotator):
                outlines.begin(image, person)
            for one in image.assignments.all():
                right, seconds = (with_it, 10) if one.with_pre_label else (without_it, 40)
                drawn(image, one.person, right, seconds=seconds, **said)
            return image

        return make

    def test_both_readings_are_held_against_the_pre_label(self, site: Site, read) -> None:
        image = read("S1", 29, 40)
        (row,) = effort.paired_readings(site)
        assert (row.image, row.subject) == (image.pk, "S1")
        assert (row.dice_with, row.dice_without) == pytest.approx((2 * 19 / 39, 2 * 20 / 50))
        assert (row.csa.pre_label, row.csa.with_it, row.csa.without_it) == (400, 380, 600)
        assert row.mt.shift_percent == pytest.approx(0)
        assert (row.seconds_with, row.seconds_without) == (10, 40)

    def test_they_are_no_corrections_whoever_is_approved(
        self, site: Site, read, expert: User
    ) -> None:
        for work in read("S1", 29, 40).annotations.filter(offered__isnull=False):
            review.approve(work, 1, expert)
        assert effort.kept(site) == []
        assert {one.with_pre_label for one in effort.worked(site)} == {True, False}

    def test_one_reading_or_none_with_its_pre_label_is_no_pair(
        self, site: Site, offered, annotator: User, other_annotator: User, admin: User
    ) -> None:
        double_reading.set_paired_share(site, 1.0, actor=admin)
        half = offered("S1")
        drawn(half, annotator, 29)
        gone = offered("S2")
        gone.suggestions.update(state="withdrawn")
        for person in (annotator, other_annotator):
            drawn(gone, person, 29)
        assert effort.paired_readings(site) == []

    def test_a_cut_view_has_no_csa_and_an_absent_pre_label_no_per_cents(
        self, site: Site, read
    ) -> None:
        image = read("S1", 29, 40, cut=("left",))
        (row,) = effort.paired_readings(site)
        assert row.csa is None
        assert row.mt is not None
        image.suggestions.update(regions=[])
        (row,) = effort.paired_readings(site)
        assert (row.csa, row.mt) == (None, None)
        assert (row.dice_with, row.dice_without) == (0, 0)
