"""One split per study, on the subject."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection, transaction

from annotation.models import (
    Image,
    Lock,
    LockedImage,
    LockLook,
    Membership,
    Partition,
    Site,
    Split,
    Study,
    Subject,
    SubjectPartition,
    Suggestion,
)
from annotation.selectors import images, partitions, pool
from annotation.services import lock, split, suggestions
from core.models import AuditEvent, User
from domain.errors import InvalidInput, NotAllowed, NotFound, Refused
from tests.annotation.references import approve
from tests.conftest import noise, rectangle


def partition_of(code: str) -> str:
    return SubjectPartition.objects.get(subject__code=code).partition


@pytest.fixture
def subjects(make_image: Callable[..., Image]) -> list[str]:
    """Ten subjects with one image each."""
    codes = [f"S{i:02d}" for i in range(10)]
    for code in codes:
        make_image(code)
    return codes


class TestAssigning:
    def test_everybody_gets_a_partition_once(
        self, study: Study, subjects: list[str], admin: User
    ) -> None:
        made = split.assign(study, seed=3, actor=admin)
        assert partitions.partition_counts(study) == {
            "train": 7,
            "validation": 1,
            "test": 2,
            "external": 0,
            "reserve": 0,
            "unassigned": 0,
        }
        assert (made.seed, made.test, made.validation, made.created_by) == (3, 0.2, 0.1, admin)
        event = AuditEvent.objects.get(verb="subjects split")
        assert event.details["assigned"] == {code: partition_of(code) for code in subjects}

    def test_again_touches_only_new_subjects(
        self, study: Study, subjects: list[str], make_image: Callable[..., Image], admin: User
    ) -> None:
        split.assign(study, seed=3, actor=admin)
        before = {code: partition_of(code) for code in subjects}
        for i in range(10):
            make_image(f"T{i}")
        split.assign(study, seed=99, actor=admin)
        assert {code: partition_of(code) for code in subjects} == before
        assert partitions.partition_counts(study)["test"] == 4
        assert Split.objects.count() == 2

    def test_with_nobody_new_nothing_changes(
        self, study: Study, subjects: list[str], admin: User
    ) -> None:
        first = split.assign(study, seed=3, actor=admin)
        assert split.assign(study, seed=4, actor=admin) == first
        assert AuditEvent.objects.filter(verb="subjects split").count() == 1

    def test_the_same_seed_gives_the_same_split(
        self, study: Study, subjects: list[str], admin: User
    ) -> None:
        split.assign(study, seed=3, actor=admin)
        first = {code: partition_of(code) for code in subjects}
        SubjectPartition.objects.all().delete()
        split.assign(study, seed=3, actor=admin)
        assert {code: partition_of(code) for code in subjects} == first

    def test_subjects_with_the_same_picture_stay_together(
        self, study: Study, make_image: Callable[..., Image], admin: User
    ) -> None:
        for i in range(12):
            make_image(f"S{i:02d}", pixels=noise(5000 + i // 2))
        split.assign(study, seed=1, actor=admin)
        for i in range(0, 12, 2):
            assert partition_of(f"S{i:02d}") == partition_of(f"S{i + 1:02d}")
        shared = partitions.shared_pictures(study)
        assert len(shared) == 6
        assert not any(one.crosses for one in shared)

    def test_all_sites_and_visits_share_one_split(
        self, study: Study, make_image: Callable[..., Image], admin: User
    ) -> None:
        from annotation.services import sites

        other = sites.create(study, "biceps", ["biceps"], actor=None)
        for i in range(10):
            make_image(f"S{i:02d}")
            make_image(f"S{i:02d}", site=other)
        split.assign(study, seed=1, actor=admin)
        assert SubjectPartition.objects.count() == 10

    def test_strata_are_read_from_the_subjects(
        self, study: Study, make_image: Callable[..., Image], admin: User
    ) -> None:
        """Half the women and half the men of 20 go to test when half of everybody does."""
        for i in range(20):
            sex = "F" if i < 10 else "M"
            make_image(f"S{i:02d}", subject_fields={"sex": sex, "age": 61 if i % 2 else 72})
        split.assign(study, test=0.5, validation=0.0, seed=1, actor=admin)
        in_test = Subject.objects.filter(partition__partition="test")
        assert in_test.filter(sex="female").count() == 5
        assert in_test.filter(age=61).count() == 5

    def test_withdrawn_subjects_are_left_out(
        self, study: Study, subjects: list[str], admin: User
    ) -> None:
        from annotation.services import subjects as subject_services

        gone = Subject.objects.get(code="S04")
        subject_services.withdraw(gone, actor=admin, reason="consent withdrawn")
        split.assign(study, seed=1, actor=admin)
        assert not SubjectPartition.objects.filter(subject=gone).exists()

    def test_too_few_subjects(
        self, study: Study, make_image: Callable[..., Image], admin: User
    ) -> None:
        with pytest.raises(Refused, match="no subjects yet"):
            split.assign(study, actor=admin)
        make_image("S1")
        with pytest.raises(Refused, match="import more subjects"):
            split.assign(study, actor=admin)
        assert not SubjectPartition.objects.exists()

    def test_only_admins_split(
        self, study: Study, subjects: list[str], annotator: User, expert: User, stranger: User
    ) -> None:
        for person in (annotator, expert):
            with pytest.raises(NotAllowed):
                split.assign(study, actor=person)
        with pytest.raises(NotFound):
            split.assign(study, actor=stranger)


class TestManifest:
    def test_its_partitions_are_honoured_and_counted(
        self, study: Study, subjects: list[str], admin: User
    ) -> None:
        assert split.honour(study, {"S00": "test", "S01": "external"}, actor=admin) == 2
        assert split.honour(study, {"S00": "test"}, actor=admin) == 0
        split.assign(study, seed=1, actor=admin)
        assert (partition_of("S00"), partition_of("S01")) == ("test", "external")
        assert partitions.partition_counts(study)["test"] == 2

    def test_it_cannot_move_a_subject(self, study: Study, subjects: list[str], admin: User) -> None:
        split.honour(study, {"S00": "test"}, actor=admin)
        with pytest.raises(Refused, match="S00 is in the test partition already"):
            split.honour(study, {"S02": "train", "S00": "train"}, actor=admin)
        assert SubjectPartition.objects.count() == 1

    def test_mistakes_are_named(self, study: Study, subjects: list[str], admin: User) -> None:
        with pytest.raises(InvalidInput, match="'holdout' is no partition"):
            split.honour(study, {"S00": "holdout"}, actor=admin)
        with pytest.raises(InvalidInput, match="no subject X9"):
            split.honour(study, {"X9": "test"}, actor=admin)


class TestPrelabels:
    def test_those_of_new_test_subjects_are_withdrawn(
        self, study: Study, subjects: list[str], admin: User
    ) -> None:
        for image in Image.objects.all():
            suggestions.offer(image, [rectangle(1, 1, 9, 9)], source="model", version="v1")
        split.assign(study, seed=1, actor=admin)
        kept = Suggestion.objects.filter(state=Suggestion.State.CURRENT)
        assert kept.count() == 8
        assert not kept.filter(image__subject__partition__partition=Partition.TEST).exists()

    def test_the_database_refuses_one_for_a_test_subject(
        self, study: Study, image: Image, admin: User
    ) -> None:
        split.honour(study, {"S001": "test"}, actor=admin)
        with pytest.raises(DatabaseError, match="without a pre-label"), transaction.atomic():
            Suggestion.objects.create(image=image, source="model", version="v1")
        Suggestion.objects.create(image=image, source="model", version="v1", hidden=True)


class TestTheReserve:
    def test_a_share_of_new_subjects_goes_there(
        self, study: Study, subjects: list[str], make_image: Callable[..., Image], admin: User
    ) -> None:
        split.assign(study, seed=3, actor=admin)
        for number in range(10):
            make_image(f"N{number}")
        made = split.assign(study, reserve=0.2, seed=3, actor=admin)
        assert made.reserve == 0.2
        codes = partitions.subjects_by_partition(study)
        assert len(codes["reserve"]) == 4
        assert all(code.startswith("N") for code in codes["reserve"])

    def test_its_scans_are_read_without_help_and_train_nothing(
        self,
        study: Study,
        site: Site,
        make_image: Callable[..., Image],
        annotator: User,
        other_annotator: User,
        expert: User,
        admin: User,
    ) -> None:
        approve(make_image("R1"), annotator, expert)
        offered, early = make_image("R1"), make_image("R1")
        suggestions.offer(early, [rectangle(5, 5, 20, 20)], source="model", version="v1")
        split.honour(study, {"R1": "reserve"}, actor=admin)
        early.suggestions.get(state="withdrawn")
        with pytest.raises(Refused, match="without a pre-label"):
            suggestions.offer(offered, [rectangle(5, 5, 20, 20)], source="model", version="v1")
        assert pool.training_items(site) == []
        assert pool.query_candidates(site) == []
        assert early.pixel_sha256 in pool.locked_pixel_hashes(study)
        assert not images.awaiting_prelabel(site).exists()
        assert set(early.assignments.values_list("blind", flat=True)) == {True}
        assert early.assignments.count() == 2

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE annotation_subjectpartition SET partition = 'train' WHERE subject_id = %s",
            "UPDATE annotation_subjectpartition SET partition = 'validation' WHERE subject_id = %s",
            "DELETE FROM annotation_subjectpartition WHERE subject_id = %s",
        ],
    )
    def test_raw_sql_cannot_take_a_subject_out_of_it(
        self, study: Study, make_image: Callable[..., Image], admin: User, statement: str
    ) -> None:
        image = make_image("R1")
        split.honour(study, {"R1": "reserve"}, actor=admin)
        with pytest.raises(DatabaseError, match="reserve"), transaction.atomic():
            connection.cursor().execute(statement, [image.subject_id])
        assert partition_of("R1") == "reserve"

    def test_who_shares_a_picture_with_it_joins_it(
        self, study: Study, subjects: list[str], make_image: Callable[..., Image], admin: User
    ) -> None:
        make_image("R1", pixels=noise(4))
        split.honour(study, {"R1": "reserve"}, actor=admin)
        make_image("R2", pixels=noise(4))
        split.assign(study, actor=admin)
        assert partition_of("R2") == "reserve"


class TestTheDatabaseKeepsLockedSubjectsWhereTheyAre:
    @pytest.fixture
    def sealed(
        self,
        study: Study,
        site: Site,
        make_image: Callable[..., Image],
        annotator: User,
        expert: User,
        admin: User,
    ) -> Lock:
        approve(make_image("T1"), annotator, expert)
        make_image("T2")
        make_image("A1")
        split.honour(study, {"T1": "test", "T2": "test", "A1": "train"}, actor=admin)
        return lock.seal(site, admin)

    @pytest.mark.parametrize("code", ["T1", "T2"])
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE annotation_subjectpartition SET partition = 'train' WHERE subject_id = %s",
            "DELETE FROM annotation_subjectpartition WHERE subject_id = %s",
        ],
    )
    def test_raw_sql_cannot_move_a_test_subject(
        self, sealed: Lock, code: str, statement: str
    ) -> None:
        """T1 is sealed itself; T2 is a test subject of a study that has a lock."""
        subject = Subject.objects.get(code=code)
        with pytest.raises(DatabaseError, match="stays where it is"), transaction.atomic():
            connection.cursor().execute(statement, [subject.pk])
        assert partition_of(code) == "test"

    def test_other_subjects_can_still_be_put_right(self, sealed: Lock) -> None:
        moved = SubjectPartition.objects.filter(subject__code="A1").update(partition="validation")
        assert moved == 1

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE annotation_lock SET digest = 'x'",
            "DELETE FROM annotation_lock",
            "UPDATE annotation_lockedimage SET pixel_sha256 = 'x'",
            "DELETE FROM annotation_lockedimage",
            "UPDATE annotation_locklook SET purpose = 'x'",
            "DELETE FROM annotation_locklook",
            "UPDATE annotation_image SET pixel_sha256 = 'x' "
            "WHERE id IN (SELECT image_id FROM annotation_lockedimage)",
        ],
    )
    def test_raw_sql_cannot_change_a_lock(
        self, sealed: Lock, site: Site, admin: User, statement: str
    ) -> None:
        lock.open_references(site, admin, "to have a look to protect")
        with pytest.raises(DatabaseError, match=r"never|locked"), transaction.atomic():
            connection.cursor().execute(statement)
        assert (Lock.objects.count(), LockedImage.objects.count()) == (1, 1)
        assert LockLook.objects.count() == 1


class TestCommand:
    def test_json(self, study: Study, subjects: list[str]) -> None:
        out = io.StringIO()
        call_command("split", "--study", "lab", "--seed", "3", "--json", stdout=out)
        answer = json.loads(out.getvalue())
        assert answer["assigned"] == 10
        assert answer["subjects"]["train"] == 7
        assert len(answer["partitions"]["test"]) == 2

    def test_words_and_warnings(
        self, study: Study, make_image: Callable[..., Image], admin: User
    ) -> None:
        for code, partition in (("A", "train"), ("B", "test")):
            make_image(code, pixels=noise(1))
            split.honour(study, {code: partition}, actor=admin)
        for i in range(8):
            make_image(f"S{i}")
        out, err = io.StringIO(), io.StringIO()
        call_command("split", "--study", "lab", stdout=out, stderr=err)
        assert "8 subjects assigned with seed 1" in out.getvalue()
        assert "A, B, who are in different partitions" in err.getvalue()

    def test_an_unknown_study_and_a_stranger_are_refused(
        self, study: Study, subjects: list[str], annotator: User
    ) -> None:
        with pytest.raises(CommandError, match="no study 'nowhere'"):
            call_command("split", "--study", "nowhere")
        with pytest.raises(CommandError, match="Only an admin"):
            call_command("split", "--study", "lab", "--as", "annotator")
        assert Membership.objects.filter(user=annotator).exists()
