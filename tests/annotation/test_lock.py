"""Sealing test references, opening them, and what never leaves them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, transaction
from django.utils import timezone

from annotation.models import (
    HELD_OUT,
    Image,
    Lock,
    LockLook,
    Partition,
    Reference,
    Site,
    Study,
    Subject,
)
from annotation.selectors import images, locks, pool, queue, references
from annotation.services import lock, review, split, subjects
from core import triggers
from core.models import AuditEvent, User
from domain.errors import Conflict, InvalidInput, NotAllowed, Refused
from tests.annotation.references import approve, approved_subjects
from tests.conftest import noise, rectangle

PARTITIONS = {"T1": "test", "T2": "test", "A1": "train", "V1": "validation", "X1": "external"}


@pytest.fixture
def approved(
    study: Study,
    make_image: Callable[..., Image],
    annotator: User,
    expert: User,
    admin: User,
) -> dict[str, Image]:
    """One approved image of each of two test, a train, a validation and an external subject."""
    made = approved_subjects(make_image, annotator, expert, list(PARTITIONS))
    split.honour(study, PARTITIONS, actor=admin)
    return made


class TestSealing:
    def test_manifest_digest_and_basis(
        self, site: Site, approved: dict[str, Image], admin: User
    ) -> None:
        sealed = lock.seal(site, admin)
        assert (sealed.version, sealed.sealed_by) == (1, admin)
        items = sealed.manifest["items"]
        assert [one["subject"] for one in items] == ["T1", "T2"]
        assert sealed.digest == lock.manifest_digest(items)
        assert sealed.digest != lock.manifest_digest(items[:1])
        assert sealed.basis == "2 single readings approved by an expert"
        assert not lock.verify_lock(sealed)
        event = AuditEvent.objects.get(verb="test references sealed")
        assert event.details["digest"] == sealed.digest

    def test_the_digest_does_not_depend_on_order(self, approved: dict[str, Image]) -> None:
        items = [{"image": i, "pixel_sha256": str(i), "revision_digest": "d"} for i in (11, 2, 30)]
        assert lock.manifest_digest(items) == lock.manifest_digest(reversed(items))

    def test_the_basis_names_pre_labels_and_outside_references(
        self,
        study: Study,
        site: Site,
        make_image: Callable[..., Image],
        annotator: User,
        expert: User,
        admin: User,
    ) -> None:
        from annotation.services import outlines
        from annotation.services import references as truth

        approve(make_image("T1"), annotator, expert, suggestion_version="v1")
        revision = outlines.save(
            make_image("T2"), annotator, [rectangle(1, 1, 9, 9)], base=0, origin="imported"
        )
        truth.accept_outside(revision, actor=admin)
        split.honour(study, {"T1": "test", "T2": "test"}, actor=admin)
        basis = lock.seal(site, admin).basis
        assert "1 approved outside" in basis
        assert "1 of them begun from a pre-label" in basis

    def test_the_same_references_are_not_sealed_twice(
        self, site: Site, approved: dict[str, Image], admin: User
    ) -> None:
        lock.seal(site, admin)
        with pytest.raises(Conflict, match="exactly these 2 references"):
            lock.seal(site, admin)

    def test_new_test_subjects_make_a_new_version(
        self,
        study: Study,
        site: Site,
        approved: dict[str, Image],
        make_image: Callable[..., Image],
        annotator: User,
        expert: User,
        admin: User,
    ) -> None:
        first = lock.seal(site, admin)
        approve(make_image("T3"), annotator, expert)
        split.honour(study, {"T3": "test"}, actor=admin)
        second = lock.seal(site, admin)
        assert (second.version, len(second.manifest["items"])) == (2, 3)
        assert locks.current_lock(site) == second
        assert not lock.verify_lock(first)
        assert not lock.verify_lock(second)

    def test_nothing_to_seal(
        self, study: Study, site: Site, make_image: Callable[..., Image], admin: User
    ) -> None:
        make_image("T1")
        with pytest.raises(Refused, match="no test subjects"):
            lock.seal(site, admin)
        split.honour(study, {"T1": "test"}, actor=admin)
        with pytest.raises(Refused, match="approved reference"):
            lock.seal(site, admin)

    def test_only_admins_seal(
        self, site: Site, approved: dict[str, Image], annotator: User, expert: User
    ) -> None:
        for person in (annotator, expert):
            with pytest.raises(NotAllowed):
                lock.seal(site, person)
        assert not Lock.objects.exists()

    def test_a_sealed_reference_cannot_be_returned(
        self, site: Site, approved: dict[str, Image], admin: User, expert: User
    ) -> None:
        lock.seal(site, admin)
        annotation = approved["T1"].annotations.get()
        with pytest.raises(Refused, match="sealed"):
            review.return_(annotation, 1, expert, "the fascia is inside")
        assert Reference.objects.filter(image=approved["T1"], superseded_at=None).exists()


class TestOpening:
    def test_each_look_is_counted_and_audited(
        self, site: Site, approved: dict[str, Image], admin: User
    ) -> None:
        lock.seal(site, admin)
        for number in (1, 2):
            opened = lock.open_references(site, admin, "evaluate RF-v1")
            assert [item.subject_code for item in opened.items] == ["T1", "T2"]
            assert opened.items[0].regions
            assert LockLook.objects.count() == number
        events = AuditEvent.objects.filter(verb="locked references opened").order_by("sequence")
        assert [event.details["look"] for event in events] == [1, 2]
        assert events[0].actor_name == "admin"
        state = locks.lock_state(site)
        assert state is not None
        assert (state.n_images, state.n_subjects, state.n_looks) == (2, 2, 2)

    def test_without_a_lock_a_purpose_or_the_right_nothing_opens(
        self, site: Site, approved: dict[str, Image], admin: User, expert: User
    ) -> None:
        with pytest.raises(Refused, match="not locked yet"):
            lock.open_references(site, admin, "evaluate")
        lock.seal(site, admin)
        with pytest.raises(Refused, match="what the locked references"):
            lock.open_references(site, admin, " ")
        with pytest.raises(NotAllowed):
            lock.open_references(site, expert, "evaluate")
        assert not LockLook.objects.exists()

    def test_withdrawn_subjects_are_left_out_and_named(
        self, site: Site, approved: dict[str, Image], admin: User
    ) -> None:
        sealed = lock.seal(site, admin)
        subjects.withdraw(Subject.objects.get(code="T2"), actor=admin, reason="withdrew consent")
        opened = lock.open_references(site, admin, "evaluate")
        assert [item.subject_code for item in opened.items] == ["T1"]
        assert opened.look.details["erased"] == [approved["T2"].pk]
        assert not lock.verify_lock(sealed)


class TestTheLookBudget:
    def test_a_spent_budget_opens_nothing_more_and_says_what_to_do(
        self, site: Site, approved: dict[str, Image], admin: User
    ) -> None:
        sealed = lock.seal(site, admin, look_budget=2)
        assert [lock.open_references(site, admin, "evaluate").number for _ in range(2)] == [1, 2]
        assert locks.looks_left(sealed) == 0
        with pytest.raises(Refused, match=r"spent: 2 of 2 looks.*go on serving.*rotate"):
            lock.open_references(site, admin, "evaluate")
        assert LockLook.objects.count() == 2

    def test_an_aborted_look_stands_in_the_ledger(
        self, site: Site, approved: dict[str, Image], admin: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sealed = lock.seal(site, admin)

        def fail(lock: Lock) -> list[object]:
            raise OSError("the disk is gone")

        monkeypatch.setattr("annotation.services.lock._items", fail)
        with pytest.raises(OSError, match="disk"):
            lock.open_references(site, admin, "evaluate RF-v1")
        entries = locks.ledger(sealed)
        assert [(one.number, one.look.purpose, one.look.actor) for one in entries] == [
            (1, "evaluate RF-v1", admin)
        ]

    @pytest.mark.parametrize("budget", [0, -1, 101])
    def test_an_impossible_budget_seals_nothing(
        self, site: Site, approved: dict[str, Image], admin: User, budget: int
    ) -> None:
        with pytest.raises(InvalidInput, match="between 1 and 100"):
            lock.seal(site, admin, look_budget=budget)
        assert not Lock.objects.exists()

    def test_the_database_counts_too_and_never_raises_a_budget(
        self, site: Site, approved: dict[str, Image], admin: User
    ) -> None:
        sealed = lock.seal(site, admin, look_budget=1)
        lock.open_references(site, admin, "evaluate")
        with pytest.raises(DatabaseError, match="budget"), transaction.atomic():
            LockLook.objects.create(lock=sealed, purpose="once more", actor=admin)
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            Lock.objects.update(look_budget=99)

    def test_a_new_version_has_a_budget_of_its_own(
        self,
        study: Study,
        site: Site,
        approved: dict[str, Image],
        make_image: Callable[..., Image],
        annotator: User,
        expert: User,
        admin: User,
    ) -> None:
        lock.seal(site, admin, look_budget=1)
        lock.open_references(site, admin, "evaluate")
        approve(make_image("T3"), annotator, expert)
        split.honour(study, {"T3": "test"}, actor=admin)
        second = lock.seal(site, admin)
        assert (locks.looks_at(second), locks.looks_left(second)) == (0, 10)


class TestVerifying:
    def test_a_changed_manifest_row_or_reference_is_found(
        self, site: Site, approved: dict[str, Image], admin: User
    ) -> None:
        sealed = lock.seal(site, admin)
        sealed.manifest["items"][0]["revision_digest"] = "0" * 64
        problems = lock.verify_lock(sealed)
        assert any("does not match its digest" in problem for problem in problems)
        assert any("does not have the outline" in problem for problem in problems)

    def test_a_superseded_reference_is_found_and_stops_evaluation(
        self, site: Site, approved: dict[str, Image], admin: User
    ) -> None:
        sealed = lock.seal(site, admin)
        triggers.remove()
        Reference.objects.filter(image=approved["T1"]).update(superseded_at=timezone.now())
        assert ["reference of image" in problem for problem in lock.verify_lock(sealed)] == [True]
        with pytest.raises(Refused, match="does not verify"):
            lock.open_references(site, admin, "evaluate")
        assert LockLook.objects.count() == 1, "the look counts all the same"

    def test_verify_walks_all_locks(
        self, site: Site, approved: dict[str, Image], admin: User
    ) -> None:
        lock.seal(site, admin)
        assert list(lock.damaged_locks()) == []


class TestNothingLeaks:
    def test_the_pool_holds_train_and_validation_only(
        self, site: Site, approved: dict[str, Image]
    ) -> None:
        items = pool.training_items(site)
        assert {item.subject_code: item.partition for item in items} == {
            "A1": "train",
            "V1": "validation",
        }
        assert all(item.reader == "annotator" and item.selected is not None for item in items)

    def test_unapproved_work_and_unassigned_subjects_are_in_no_pool(
        self,
        study: Study,
        site: Site,
        approved: dict[str, Image],
        make_image: Callable[..., Image],
        annotator: User,
        expert: User,
    ) -> None:
        from annotation.services import outlines

        approve(make_image("unassigned"), annotator, expert)
        outlines.save(make_image("A1"), annotator, [rectangle(1, 1, 9, 9)], base=0)
        assert {item.subject_code for item in pool.training_items(site)} == {"A1", "V1"}
        assert len(pool.training_items(site)) == 2

    @pytest.mark.parametrize("partition", list(Partition.values))
    def test_references_by_partition(
        self, site: Site, approved: dict[str, Image], partition: str
    ) -> None:
        if partition in HELD_OUT:
            with pytest.raises(InvalidInput, match="counts the look"):
                references.current(site, partition=partition)
            return
        items = references.current(site, partition=partition)
        assert [PARTITIONS[item.subject_code] for item in items] == [partition]

    def test_pixels_of_test_and_external_subjects_are_known_before_anything_is_sealed(
        self, study: Study, approved: dict[str, Image], make_image: Callable[..., Image]
    ) -> None:
        unread = make_image("T1")
        hashes = pool.locked_pixel_hashes(study)
        assert unread.pixel_sha256 in hashes
        assert {approved[code].pixel_sha256 for code in ("T1", "T2", "X1")} < hashes
        assert approved["A1"].pixel_sha256 not in hashes

    def test_queries_ask_for_no_test_subject_and_no_copy_of_one(
        self,
        study: Study,
        site: Site,
        approved: dict[str, Image],
        make_image: Callable[..., Image],
    ) -> None:
        make_image("T1")
        make_image("X1")
        test_pixels = noise(77)
        make_image("T2", pixels=test_pixels)
        copy = make_image("A1", pixels=test_pixels)
        wanted = make_image("A1")
        candidates = pool.query_candidates(site)
        assert wanted in candidates
        assert copy not in candidates
        assert {one.subject.code for one in candidates} == {"A1"}

    def test_no_pre_label_waits_for_a_test_subject(
        self, study: Study, site: Site, approved: dict[str, Image], make_image: Callable[..., Image]
    ) -> None:
        test_image, train_image = make_image("T1"), make_image("A1")
        awaiting = list(images.awaiting_prelabel(site))
        assert train_image in awaiting
        assert test_image not in awaiting

    def test_a_test_subjects_scan_is_drawn_without_help(
        self,
        study: Study,
        approved: dict[str, Image],
        make_image: Callable[..., Image],
        annotator: User,
    ) -> None:
        test_image = make_image("T1")
        asked = {item.image: item.asked for item in queue.queue_of(annotator, study)}
        assert asked[test_image] != "correct the pre-label"


class TestCommand:
    def test_json(self, site: Site, approved: dict[str, Image], admin: User) -> None:
        out = io.StringIO()
        call_command("lock", site.slug, "--study", "lab", "--as", "admin", "--json", stdout=out)
        answer = json.loads(out.getvalue())
        assert (answer["version"], answer["n_images"], answer["n_subjects"]) == (1, 2, 2)
        assert answer["digest"] == Lock.objects.get().digest
        assert answer["sealed_by"] == "admin"

    def test_it_wants_to_know_who(self, site: Site, approved: dict[str, Image]) -> None:
        with pytest.raises(CommandError, match="--as"):
            call_command("lock", site.slug, "--study", "lab")

    def test_an_unknown_site_is_named(self, study: Study, site: Site, admin: User) -> None:
        with pytest.raises(CommandError, match=site.slug):
            call_command("lock", "biceps", "--study", "lab", "--as", "admin")
