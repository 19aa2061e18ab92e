"""A lock's later versions: corrected references, fresh subjects from the reserve, and release."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from annotation.models import (
    Correction,
    Image,
    Lock,
    Partition,
    Reference,
    Site,
    Study,
    Subject,
    SubjectPartition,
)
from annotation.selectors import locks, pool
from annotation.services import corrections, lock, proposals, review, sites, split, subjects
from core.models import AuditEvent, User
from domain.errors import Conflict, InvalidInput, NotAllowed, Refused
from tests.annotation.references import approve, approved_subjects
from tests.conftest import rectangle

MakeImage = Callable[..., Image]
PARTITIONS = {"T1": "test", "T2": "test", "A1": "train", "V1": "validation"}
RESERVE = {"R1": "reserve", "R2": "reserve", "R3": "reserve"}
WIDER = rectangle(4, 4, 50, 40)


@pytest.fixture
def approved(
    study: Study, make_image: MakeImage, annotator: User, expert: User, admin: User
) -> dict[str, Image]:
    made = approved_subjects(make_image, annotator, expert, [*PARTITIONS, *RESERVE])
    split.honour(study, {**PARTITIONS, **RESERVE}, actor=admin)
    return made


@pytest.fixture
def sealed(site: Site, approved: dict[str, Image], admin: User) -> Lock:
    """Version 1 with T1 and T2, of one look."""
    return lock.seal(site, admin, look_budget=1)


def current(image: Image) -> Reference:
    return Reference.objects.get(image=image, superseded_at__isnull=True)


def codes(sealed: Lock) -> list[str]:
    return sorted(one["subject"] for one in sealed.manifest["items"])


class TestCorrections:
    @pytest.fixture
    def proposed(self, sealed: Lock, approved: dict[str, Image], expert: User) -> Correction:
        correction = corrections.propose(approved["T1"], expert, "the fascia is inside")
        corrections.draw(correction, expert, [WIDER], seconds=20)
        return correction

    def test_a_proposal_changes_nothing_in_the_lock(
        self, site: Site, admin: User, approved: dict[str, Image], proposed: Correction
    ) -> None:
        assert current(approved["T1"]).revision == proposed.locked.revision
        assert proposed.revision.based_on == proposed.locked.revision
        opened = lock.open_references(site, admin, "evaluate")
        assert [item.revision_id for item in opened.items] == [
            row.revision_id for row in opened.lock.images.all()
        ]
        assert not lock.verify_lock(proposed.locked.lock)

    def test_the_next_version_takes_it(
        self,
        site: Site,
        admin: User,
        expert: User,
        sealed: Lock,
        approved: dict[str, Image],
        proposed: Correction,
    ) -> None:
        second = lock.seal(site, admin)
        reference = current(approved["T1"])
        assert (reference.revision, reference.how) == (proposed.revision, "corrected")
        assert (second.version, codes(second)) == (2, ["T1", "T2"])
        assert second.digest != sealed.digest
        assert not lock.verify_lock(sealed)
        assert not lock.verify_lock(second)
        proposed.refresh_from_db()
        assert (proposed.state, proposed.decided_by) == ("taken", admin)
        assert "version 2" in proposed.note
        assert list(locks.open_corrections(site)) == []

    def test_an_undrawn_proposal_waits(
        self, site: Site, admin: User, expert: User, sealed: Lock, approved: dict[str, Image]
    ) -> None:
        correction = corrections.propose(approved["T1"], expert, "too wide")
        with pytest.raises(Conflict, match="exactly these 2"):
            lock.seal(site, admin)
        assert list(locks.open_corrections(site)) == [correction]

    def test_an_admin_declines_with_a_reason(
        self,
        site: Site,
        admin: User,
        expert: User,
        approved: dict[str, Image],
        proposed: Correction,
    ) -> None:
        with pytest.raises(NotAllowed):
            proposals.decline(proposed, expert, "no")
        with pytest.raises(InvalidInput, match="why"):
            proposals.decline(proposed, admin, " ")
        proposals.decline(proposed, admin, "the fascia is outside, see the protocol")
        with pytest.raises(Conflict, match="exactly these 2"):
            lock.seal(site, admin)
        with pytest.raises(Conflict, match="decided"):
            corrections.draw(proposed, expert, [WIDER])
        again = corrections.propose(approved["T1"], expert, "look again")
        assert again.pk != proposed.pk

    def test_who_may_propose_and_what(
        self,
        sealed: Lock,
        approved: dict[str, Image],
        annotator: User,
        admin: User,
        expert: User,
    ) -> None:
        for person in (annotator, admin):
            with pytest.raises(NotAllowed, match="expert"):
                corrections.propose(approved["T1"], person, "wrong")
        with pytest.raises(InvalidInput, match="what is wrong"):
            corrections.propose(approved["T1"], expert, " ")
        with pytest.raises(Refused, match="not sealed"):
            corrections.propose(approved["A1"], expert, "wrong")
        corrections.propose(approved["T1"], expert, "wrong")
        with pytest.raises(Conflict, match="open already"):
            corrections.propose(approved["T1"], expert, "wrong")

    def test_review_still_refuses_and_says_how(
        self, sealed: Lock, approved: dict[str, Image], expert: User
    ) -> None:
        annotation = approved["T1"].annotations.get()
        with pytest.raises(Refused, match="Propose a correction"):
            review.return_(annotation, 1, expert, "wrong")

    def test_an_adjudicated_reference_stays_adjudicated(
        self, site: Site, admin: User, expert: User, approved: dict[str, Image]
    ) -> None:
        Reference.objects.filter(pk=current(approved["T1"]).pk).update(superseded_at=timezone.now())
        revision = approved["T1"].annotations.get().revisions.get()
        Reference.objects.create(
            image=approved["T1"], revision=revision, how="adjudicated", accepted_by=expert
        )
        lock.seal(site, admin)
        correction = corrections.propose(approved["T1"], expert, "wrong")
        drawn = corrections.draw(correction, expert, [WIDER])
        assert drawn.origin == "adjudication"
        lock.seal(site, admin)
        assert current(approved["T1"]).how == "adjudicated"

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE annotation_reference SET superseded_at = '2026-01-01'"
            " WHERE superseded_at IS NULL AND image_id = %s",
            "UPDATE annotation_reference SET revision_id = revision_id + 1 WHERE image_id = %s",
            "DELETE FROM annotation_reference WHERE image_id = %s",
        ],
    )
    def test_the_database_lets_nothing_else_supersede_a_sealed_reference(
        self, sealed: Lock, approved: dict[str, Image], expert: User, statement: str
    ) -> None:
        corrections.propose(approved["T2"], expert, "of another scan")
        with pytest.raises(DatabaseError, match="superseded"), transaction.atomic():
            connection.cursor().execute(statement, [approved["T1"].pk])

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE annotation_correction SET reason = 'x'",
            "UPDATE annotation_correction SET state = 'proposed', note = 'x'",
            "DELETE FROM annotation_correction",
        ],
    )
    def test_what_was_decided_stays(
        self, site: Site, admin: User, proposed: Correction, statement: str
    ) -> None:
        lock.seal(site, admin)
        with pytest.raises(DatabaseError, match="never"), transaction.atomic():
            connection.cursor().execute(statement)

    def test_withdrawn_consent_still_takes_the_reference_away(
        self, sealed: Lock, approved: dict[str, Image], admin: User
    ) -> None:
        subjects.withdraw(Subject.objects.get(code="T1"), actor=admin, reason="withdrew consent")
        assert not Reference.objects.filter(
            image=approved["T1"], superseded_at__isnull=True
        ).exists()

    def test_a_correction_of_a_withdrawn_subject_is_moot(
        self, study: Study, site: Site, admin: User, proposed: Correction
    ) -> None:
        subjects.withdraw(Subject.objects.get(code="T1"), actor=admin, reason="withdrew consent")
        assert codes(lock.seal(site, admin)) == ["T2"]
        assert list(locks.open_corrections(site)) == []

    def test_an_expert_proposes_and_draws_in_the_browser(
        self,
        study: Study,
        sealed: Lock,
        approved: dict[str, Image],
        expert: User,
        client_of: Callable[[User], Client],
    ) -> None:
        image = approved["T1"]
        client = client_of(expert)
        page = f"/studies/lab/images/{image.pk}/"
        assert "Is the sealed outline wrong?" in client.get(page).content.decode()
        sent = client.post(page, {"act": "correct", "correct-reason": "too narrow"})
        annotation = image.annotations.get()
        assert sent.url == f"/studies/lab/annotations/{annotation.pk}/review/"
        editor = client.get(sent.url).content.decode()
        assert "takes effect with the next version of the lock" in editor
        address = f"/api/v1/annotations/{annotation.pk}/review"
        body: dict[str, Any] = {"revision": 1, "decision": "approve"}
        early = client.post(address, json.dumps(body), content_type="application/json")
        assert early.status_code == 400
        assert "Correct the outline first" in early.content.decode()
        body = {**body, "decision": "correct", "regions": [WIDER]}
        answer = client.post(address, json.dumps(body), content_type="application/json")
        assert answer.status_code == 200, answer.content
        correction = Correction.objects.get()
        assert (correction.reason, correction.proposed_by) == ("too narrow", expert)
        assert correction.revision.author == expert
        assert current(image).revision == correction.locked.revision


class TestRotation:
    def test_it_is_refused_while_the_lock_serves(
        self, site: Site, admin: User, sealed: Lock
    ) -> None:
        with pytest.raises(Refused, match=r"still serves: 1 of 1 looks are left.*30 %"):
            lock.rotate(site, admin)

    def test_a_spent_lock_is_rotated_to_subjects_of_the_reserve(
        self, site: Site, admin: User, sealed: Lock
    ) -> None:
        lock.open_references(site, admin, "evaluate")
        fresh = lock.rotate(site, admin)
        assert (fresh.version, fresh.generation, fresh.look_budget) == (2, 2, 10)
        drawn = codes(fresh)
        assert len(drawn) == 2
        assert set(drawn) < set(RESERVE)
        moved = Subject.objects.filter(code__in=drawn, partition__partition=Partition.TEST)
        assert moved.count() == 2
        assert not lock.verify_lock(sealed)
        assert not lock.verify_lock(fresh)
        assert lock.open_references(site, admin, "evaluate").lock == fresh

    def test_a_cohort_that_grew_by_a_third_is_ground_enough(
        self, site: Site, admin: User, sealed: Lock, make_image: MakeImage
    ) -> None:
        for number in range(2):
            make_image(f"N{number}")
        assert locks.grounds_to_rotate(sealed) == []
        make_image("N2")
        (ground,) = locks.grounds_to_rotate(sealed)
        assert "43 % more subjects" in ground
        lock.rotate(site, admin)

    def test_the_draw_is_nobodys_choice(self, site: Site, admin: User, sealed: Lock) -> None:
        lock.open_references(site, admin, "evaluate")
        with transaction.atomic():
            first = codes(lock.rotate(site, admin))
            transaction.set_rollback(True)
        assert codes(lock.rotate(site, admin)) == first

    def test_an_empty_reserve_is_said(
        self,
        study: Study,
        site: Site,
        make_image: MakeImage,
        annotator: User,
        expert: User,
        admin: User,
    ) -> None:
        approve(make_image("T1"), annotator, expert)
        make_image("R1")
        split.honour(study, {"T1": "test", "R1": "reserve"}, actor=admin)
        lock.seal(site, admin, look_budget=1)
        lock.open_references(site, admin, "evaluate")
        with pytest.raises(Refused, match="No subject of the reserve has an approved reference"):
            lock.rotate(site, admin)
        assert Subject.objects.get(code="R1").partition.partition == "reserve"

    def test_only_admins_rotate(self, site: Site, expert: User, admin: User, sealed: Lock) -> None:
        lock.open_references(site, admin, "evaluate")
        with pytest.raises(NotAllowed):
            lock.rotate(site, expert)

    def test_a_later_version_of_the_same_generation_takes_no_retired_subject_back(
        self,
        site: Site,
        admin: User,
        sealed: Lock,
        approved: dict[str, Image],
        expert: User,
    ) -> None:
        lock.open_references(site, admin, "evaluate")
        fresh = lock.rotate(site, admin)
        image = fresh.images.first().image
        correction = corrections.propose(image, expert, "wrong")
        corrections.draw(correction, expert, [WIDER])
        third = lock.seal(site, admin)
        assert (third.version, third.generation) == (3, 2)
        assert codes(third) == codes(fresh)


class TestRelease:
    @pytest.fixture
    def rotated(self, site: Site, admin: User, sealed: Lock) -> Lock:
        lock.open_references(site, admin, "evaluate")
        return lock.rotate(site, admin)

    def test_retired_subjects_train_only_when_released(
        self,
        study: Study,
        site: Site,
        admin: User,
        approved: dict[str, Image],
        rotated: Lock,
    ) -> None:
        assert {"T1", "T2"}.isdisjoint(pool.training_subjects(site))
        assert approved["T1"].pixel_sha256 in pool.locked_pixel_hashes(study)
        assert lock.release(study, admin, "the lock was rotated") == ["T1", "T2"]
        assert {"T1", "T2"} < pool.training_subjects(site)
        assert approved["T1"].pixel_sha256 not in pool.locked_pixel_hashes(study)
        event = AuditEvent.objects.get(verb="retired test subjects released to training")
        assert event.details["subjects"] == ["T1", "T2"]
        assert not lock.verify_lock(site.locks.get(version=1))

    def test_nobody_is_released_whom_another_sites_lock_holds(
        self,
        study: Study,
        site: Site,
        admin: User,
        annotator: User,
        expert: User,
        make_image: MakeImage,
        approved: dict[str, Image],
    ) -> None:
        biceps = sites.create(study, "biceps", ["RF"], actor=None)
        approve(make_image("T2", site=biceps), annotator, expert)
        lock.seal(biceps, admin)
        lock.seal(site, admin, look_budget=1)
        lock.open_references(site, admin, "evaluate")
        lock.rotate(site, admin)
        assert lock.release(study, admin, "rotated") == ["T1"]
        with pytest.raises(DatabaseError, match="stays where it is"), transaction.atomic():
            SubjectPartition.objects.filter(subject__code="T2").update(partition="train")

    def test_nobody_is_retired_before_a_rotation(
        self, study: Study, admin: User, sealed: Lock
    ) -> None:
        with pytest.raises(Refused, match="No test subject is retired"):
            lock.release(study, admin, "to have more")

    def test_a_reason_and_the_right_are_asked_for(
        self, study: Study, admin: User, expert: User, rotated: Lock
    ) -> None:
        with pytest.raises(Refused, match="why"):
            lock.release(study, admin, " ")
        with pytest.raises(NotAllowed):
            lock.release(study, expert, "rotated")

    def test_a_released_subjects_reference_can_be_corrected_in_review(
        self, study: Study, admin: User, expert: User, approved: dict[str, Image], rotated: Lock
    ) -> None:
        lock.release(study, admin, "rotated")
        review.return_(approved["T1"].annotations.get(), 1, expert, "too narrow")
        assert not lock.verify_lock(Lock.objects.get(version=1))

    def test_a_late_correction_does_not_undo_a_review(
        self,
        study: Study,
        site: Site,
        admin: User,
        annotator: User,
        expert: User,
        approved: dict[str, Image],
        sealed: Lock,
    ) -> None:
        correction = corrections.propose(approved["T1"], expert, "wrong")
        lock.open_references(site, admin, "evaluate")
        fresh = lock.rotate(site, admin)
        lock.release(study, admin, "rotated")
        review.return_(approved["T1"].annotations.get(author=annotator), 1, expert, "too narrow")
        corrections.draw(correction, expert, [WIDER])
        other = corrections.propose(fresh.images.first().image, expert, "wrong, too")
        corrections.draw(other, expert, [WIDER])
        lock.seal(site, admin)
        correction.refresh_from_db()
        assert correction.state == "declined"
        assert "another reference" in correction.note
        assert not Reference.objects.filter(revision=correction.revision).exists()

    @pytest.mark.parametrize("partition", ["validation", "external", "reserve"])
    def test_the_database_lets_a_retired_subject_train_and_nothing_else(
        self, rotated: Lock, partition: str
    ) -> None:
        with pytest.raises(DatabaseError, match="stays where it is"), transaction.atomic():
            SubjectPartition.objects.filter(subject__code="T1").update(partition=partition)


class TestCommand:
    def test_rotate_and_release(self, study: Study, site: Site, admin: User, sealed: Lock) -> None:
        with pytest.raises(CommandError, match="still serves"):
            call_command("lock", site.slug, "--study", "lab", "--as", "admin", "--rotate")
        lock.open_references(site, admin, "evaluate")
        out = io.StringIO()
        call_command(
            "lock", site.slug, "--study", "lab", "--as", "admin", "--rotate", "--json", stdout=out
        )
        answer = json.loads(out.getvalue())
        assert (answer["version"], answer["generation"], answer["n_subjects"]) == (2, 2, 2)
