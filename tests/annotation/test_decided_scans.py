"""A decided scan leaves the review, and its reference changes only on purpose."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction
from django.test import Client

from annotation.models import Annotation, Image, Membership, Reference, Review, Study
from annotation.selectors.agreement import of_site
from annotation.selectors.queue import ready_for_review, waiting_for_readers, waiting_for_review
from annotation.services import (
    double_reading,
    lock,
    outlines,
    references,
    review,
    split,
    workflow,
)
from core.models import AuditEvent, User
from domain.errors import Conflict, InvalidInput, NotAllowed, NotFound, Refused
from tests.conftest import rectangle

State = Annotation.State


def submitted(image: Image, person: User, x1: float) -> Annotation:
    revision = outlines.save(image, person, [rectangle(5, 5, x1, 30)], base=0)
    return workflow.submit(revision.annotation, person)


def standing(image: Image) -> Reference | None:
    return Reference.objects.filter(image=image, superseded_at__isnull=True).first()


def stands(image: Image) -> Reference:
    found = standing(image)
    assert found is not None
    return found


def state_of(annotation: Annotation) -> str:
    return Annotation.objects.get(pk=annotation.pk).state


@pytest.fixture
def twice(
    study: Study,
    annotator: User,
    other_annotator: User,
    admin: User,
    make_image: Callable[..., Image],
) -> Image:
    double_reading.set_share(study, 1.0, actor=admin)
    return make_image("S1")


@pytest.fixture
def pair(twice: Image, annotator: User, other_annotator: User) -> tuple[Annotation, Annotation]:
    return submitted(twice, annotator, 40), submitted(twice, other_annotator, 44)


@pytest.fixture
def second(study: Study, make_user: Callable[..., User]) -> User:
    return make_user("second-expert", Membership.Role.EXPERT, study)


Pair = tuple[Annotation, Annotation]


class TestSettled:
    def test_the_sibling_leaves_the_review_and_stays_in_the_agreement(
        self, pair: Pair, expert: User
    ) -> None:
        first, other = pair
        review.approve(first, 1, expert)
        assert (state_of(first), state_of(other)) == (State.APPROVED, State.SETTLED)
        assert not waiting_for_review(expert, first.image.study).exists()
        (together,) = of_site(first.image.site)
        assert together.overlap.n_images == 1

    def test_a_correction_settles_the_sibling_too(self, pair: Pair, expert: User) -> None:
        first, other = pair
        review.correct_and_approve(first, 1, expert, [rectangle(5, 5, 42, 30)])
        assert (state_of(first), state_of(other)) == (State.APPROVED, State.SETTLED)

    def test_so_does_the_decision_that_a_scan_has_no_outline(
        self, twice: Image, annotator: User, other_annotator: User, expert: User
    ) -> None:
        revision = outlines.save(
            twice, annotator, [], base=0, decision="unusable", reason="probe lost contact"
        )
        blank = workflow.submit(revision.annotation, annotator)
        other = submitted(twice, other_annotator, 44)
        review.approve(blank, 1, expert)
        twice.refresh_from_db()
        assert (state_of(other), twice.state) == (State.SETTLED, Image.State.UNUSABLE)
        assert not waiting_for_review(expert, twice.study).exists()

    def test_so_does_an_acceptance_from_outside(
        self, twice: Image, annotator: User, other_annotator: User, admin: User
    ) -> None:
        outside = outlines.save(twice, annotator, [rectangle(5, 5, 40, 30)], base=0)
        other = submitted(twice, other_annotator, 44)
        references.accept_outside(outside, actor=admin)
        assert state_of(other) == State.SETTLED

    def test_settled_work_is_neither_changed_nor_taken_back_nor_returned(
        self, pair: Pair, expert: User, other_annotator: User
    ) -> None:
        first, other = pair
        review.approve(first, 1, expert)
        other.refresh_from_db()
        with pytest.raises(Refused, match="decided"):
            outlines.save(other.image, other_annotator, [rectangle(1, 1, 9, 9)], base=1)
        with pytest.raises(Conflict):
            workflow.take_back(other, other_annotator)
        with pytest.raises(Conflict, match="is decided"):
            review.return_(other, 1, expert, "look again")

    def test_work_that_comes_in_after_the_decision_is_settled_at_once(
        self, twice: Image, annotator: User, other_annotator: User, expert: User
    ) -> None:
        first = submitted(twice, annotator, 40)
        late = outlines.save(twice, other_annotator, [rectangle(5, 5, 44, 30)], base=0).annotation
        review.approve(first, 1, expert, decide_now=True)
        workflow.submit(late, other_annotator)
        assert state_of(late) == State.SETTLED
        assert not ready_for_review(expert, twice.study).exists()
        (together,) = of_site(twice.site)
        assert together.overlap.n_images == 1

    def test_the_reference_keeps_what_it_was_decided_from(self, pair: Pair, expert: User) -> None:
        first, other = pair
        review.correct_and_approve(first, 1, expert, [rectangle(5, 5, 42, 30)])
        sources = {first.revisions.get(), other.revisions.get()}
        assert set(stands(first.image).sources.all()) == sources
        event = AuditEvent.objects.get(verb="annotation approved")
        assert set(event.details["sources"]) == {one.pk for one in sources}


class TestOutstanding:
    def test_a_return_touches_one_reading_and_the_other_waits_for_it(
        self, pair: Pair, expert: User, annotator: User
    ) -> None:
        first, other = pair
        review.return_(first, 1, expert, "the fascia")
        assert (state_of(first), state_of(other)) == (State.RETURNED, State.SUBMITTED)
        study = first.image.study
        assert not ready_for_review(expert, study).exists()
        assert list(waiting_for_readers(expert, study)) == [other]
        with pytest.raises(Refused, match="second reader"):
            review.approve(other, 1, expert)
        outlines.save(first.image, annotator, [rectangle(5, 5, 41, 30)], base=1)
        first.refresh_from_db()
        workflow.submit(first, annotator)
        assert ready_for_review(expert, study).count() == 2

    def test_deciding_now_is_an_act_of_its_own_and_leaves_a_trace(
        self, twice: Image, annotator: User, expert: User
    ) -> None:
        first = submitted(twice, annotator, 40)
        review.approve(first, 1, expert, decide_now=True)
        assert stands(twice).how == Reference.How.SINGLE_EXPERT
        event = AuditEvent.objects.get(verb="annotation approved")
        assert event.details["readings_not_waited_for"] == 1


class TestReplacing:
    def test_a_reference_that_is_not_named_stays(
        self, pair: Pair, expert: User, second: User
    ) -> None:
        first, other = pair
        review.approve(first, 1, expert)
        before = stands(first.image)
        acts = (
            lambda: review.approve(other, 1, second),
            lambda: review.approve(other, 1, second, "better", replaces=before.pk + 1),
            lambda: review.approve(other, 1, second, " ", replaces=before.pk),
            lambda: review.correct_and_approve(other, 1, second, [rectangle(1, 1, 9, 9)]),
        )
        for act in acts:
            with pytest.raises(Conflict):
                act()
        assert stands(first.image) == before
        assert (state_of(first), state_of(other)) == (State.APPROVED, State.SETTLED)
        assert Review.objects.count() == 1

    def test_no_caller_puts_one_over_it_in_silence(
        self, pair: Pair, expert: User, admin: User
    ) -> None:
        first, other = pair
        review.approve(first, 1, expert)
        revision = other.revisions.get()
        with pytest.raises(Conflict, match="expert approved"):
            references.put(first.image, revision, how="single_expert", accepted_by=expert)
        with pytest.raises(Conflict, match="expert approved"):
            references.accept_outside(revision, actor=admin)
        with pytest.raises(IntegrityError), transaction.atomic():
            Reference.objects.create(
                image=first.image, revision=revision, how="outside", accepted_by=admin
            )
        assert stands(first.image).revision.annotation == first

    def test_named_and_with_a_reason_it_gives_way_and_stays_listed(
        self, pair: Pair, expert: User, second: User
    ) -> None:
        first, other = pair
        review.approve(first, 1, expert)
        before = stands(first.image)
        review.approve(other, 1, second, "A leaves the fascia out", replaces=before.pk)
        after = stands(first.image)
        assert (after.revision.annotation, after.replaces) == (other, before)
        assert after.reason == "A leaves the fascia out"
        assert (state_of(first), state_of(other)) == (State.SETTLED, State.APPROVED)
        assert Review.objects.filter(decision="approve").count() == 2
        event = AuditEvent.objects.filter(verb="annotation approved").latest("id")
        assert event.details["replaces"] == before.pk

    def test_over_http_it_is_409_until_it_is_named(
        self, pair: Pair, expert: User, second: User, client_of: Callable[[User], Client]
    ) -> None:
        first, other = pair
        client = client_of(expert)
        body = {"revision": 1, "decision": "approve"}
        done = post(client, f"/api/v1/annotations/{first.pk}/review", body)
        assert (done.status_code, done.json()["reference"]) == (200, stands(first.image).pk)
        address = f"/api/v1/annotations/{other.pk}/review"
        assert post(client_of(second), address, body).status_code == 409
        named = {**body, "replaces": stands(first.image).pk}
        assert post(client_of(second), address, named).status_code == 409
        assert post(client_of(second), address, {**named, "reason": "B"}).status_code == 200


def post(client: Client, address: str, body: dict[str, object]) -> object:
    return client.post(address, body, content_type="application/json")


class TestUndoing:
    def test_an_approval_is_undone_with_a_reason_and_stays_listed(
        self, pair: Pair, expert: User
    ) -> None:
        first, other = pair
        review.approve(first, 1, expert)
        before = stands(first.image)
        with pytest.raises(InvalidInput, match="why"):
            review.withdraw(before, expert, " ")
        review.withdraw(before, expert, "the wrong muscle")
        assert standing(first.image) is None
        assert (state_of(first), state_of(other)) == (State.SUBMITTED, State.SUBMITTED)
        listed = Review.objects.order_by("id").values_list("decision", "reviewer", "reason")
        assert list(listed) == [
            ("approve", expert.pk, ""),
            ("withdraw", expert.pk, "the wrong muscle"),
        ]
        first.image.refresh_from_db()
        assert first.image.state == Image.State.SUBMITTED
        event = AuditEvent.objects.get(verb="approval withdrawn")
        assert (event.actor, event.details["reference"]) == (expert, before.pk)
        assert ready_for_review(expert, first.image.study).count() == 2

    def test_an_undone_correction_is_kept_and_waits_for_nobody(
        self, pair: Pair, expert: User, second: User
    ) -> None:
        first, _ = pair
        review.correct_and_approve(first, 1, expert, [rectangle(5, 5, 42, 30)])
        review.withdraw(stands(first.image), expert, "not yet")
        own = Annotation.objects.get(image=first.image, author=expert)
        assert state_of(own) == State.SETTLED
        assert set(ready_for_review(second, first.image.study)) == set(pair)
        review.correct_and_approve(first, 1, expert, [rectangle(5, 5, 43, 30)])
        assert stands(first.image).revision.number == 2

    def test_the_approval_that_there_is_no_outline_is_undone_too(
        self, image: Image, annotator: User, expert: User
    ) -> None:
        revision = outlines.save(image, annotator, [], base=0, decision="skipped", reason="x")
        work = workflow.submit(revision.annotation, annotator)
        review.approve(work, 1, expert)
        review.reopen(work, 1, expert, "it can be seen")
        assert state_of(work) == State.SUBMITTED
        with pytest.raises(Conflict, match="undone meanwhile"):
            review.reopen(work, 1, expert, "again")

    def test_after_anothers_approval_it_is_refused_in_words(
        self, pair: Pair, expert: User, second: User
    ) -> None:
        first, other = pair
        review.approve(first, 1, expert)
        mine = stands(first.image)
        review.approve(other, 1, second, "B follows the fascia", replaces=mine.pk)
        with pytest.raises(Conflict, match="second-expert approved"):
            review.withdraw(mine, expert, "undone at once")
        with pytest.raises(Conflict):
            review.reopen(first, 1, expert, "undone at once")
        assert stands(first.image).accepted_by == second

    def test_it_is_undone_once(self, pair: Pair, expert: User, second: User) -> None:
        first, _ = pair
        review.approve(first, 1, expert)
        reference = stands(first.image)
        review.withdraw(reference, second, "the wrong muscle")
        with pytest.raises(Conflict, match="withdrawn meanwhile"):
            review.withdraw(reference, expert, "undone at once")

    def test_only_experts_undo(
        self, pair: Pair, expert: User, admin: User, annotator: User, stranger: User
    ) -> None:
        review.approve(pair[0], 1, expert)
        reference = stands(pair[0].image)
        for person, refusal in (
            (annotator, NotAllowed),
            (admin, NotAllowed),
            (stranger, NotFound),
        ):
            with pytest.raises(refusal):
                review.withdraw(reference, person, "no")

    def test_a_sealed_reference_is_not_withdrawn(
        self,
        study: Study,
        make_image: Callable[..., Image],
        annotator: User,
        other_annotator: User,
        expert: User,
        admin: User,
        client_of: Callable[[User], Client],
    ) -> None:
        image = make_image("T1")
        split.honour(study, {"T1": "test"}, actor=admin)
        first, other = submitted(image, annotator, 40), submitted(image, other_annotator, 44)
        review.approve(first, 1, expert)
        lock.seal(image.site, admin)
        reference = stands(image)
        answer = post(
            client_of(expert), f"/api/v1/references/{reference.pk}/withdraw", {"reason": "wrong"}
        )
        assert answer.status_code == 409
        assert "sealed" in answer.json()["detail"]
        with pytest.raises(Refused, match="sealed"):
            review.approve(other, 1, expert, "better", replaces=reference.pk)
        assert stands(image) == reference
        assert not ready_for_review(expert, study).exists()


class TestTwoExpertsAtOnce:
    def test_the_second_learns_who_decided(self, pair: Pair, expert: User, second: User) -> None:
        """Both looked at the open pair; each takes another reading."""
        first, other = pair
        seen_before = Annotation.objects.get(pk=other.pk)
        review.approve(first, 1, expert)
        with pytest.raises(Conflict, match="expert approved an outline"):
            review.approve(seen_before, 1, second)
        with pytest.raises(Conflict, match="expert approved an outline"):
            review.correct_and_approve(seen_before, 1, second, [rectangle(1, 1, 9, 9)])
        assert stands(first.image).revision.annotation == first

    def test_what_slips_past_all_checks_stops_at_the_database(
        self, pair: Pair, expert: User, second: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, other = pair
        review.approve(first, 1, expert)
        monkeypatch.setattr(references, "current_reference", lambda image: None)
        with pytest.raises(Conflict, match="same moment"):
            references.put(
                first.image, other.revisions.get(), how="single_expert", accepted_by=second
            )


class TestMigration:
    """What stood there before scans left the review when they were decided."""

    def settle(self) -> None:
        import_module("annotation.migrations.0017_settle_decided_scans").settle(apps, None)

    def test_readings_of_decided_scans_are_settled_and_named_as_sources(
        self, pair: Pair, expert: User, make_image: Callable[..., Image], annotator: User
    ) -> None:
        first, other = pair
        review.approve(first, 1, expert)
        reference = stands(first.image)
        Annotation.objects.filter(pk=other.pk).update(state=State.SUBMITTED)
        undecided = submitted(make_image("S2"), annotator, 40)
        before = set(reference.sources.all())
        with_no_sources(reference)
        self.settle()
        states = [state_of(one) for one in (first, other, undecided)]
        assert states == [State.APPROVED, State.SETTLED, State.SUBMITTED]
        assert set(reference.sources.all()) == before

    def test_so_are_those_beside_a_decision_without_an_outline(
        self, twice: Image, annotator: User, other_annotator: User, expert: User
    ) -> None:
        revision = outlines.save(twice, annotator, [], base=0, decision="unusable", reason="x")
        blank = workflow.submit(revision.annotation, annotator)
        other = submitted(twice, other_annotator, 44)
        review.approve(blank, 1, expert)
        Annotation.objects.filter(pk=other.pk).update(state=State.SUBMITTED)
        Image.objects.filter(pk=twice.pk).update(state="submitted")
        self.settle()
        twice.refresh_from_db()
        assert (state_of(other), twice.state) == (State.SETTLED, Image.State.UNUSABLE)


def with_no_sources(reference: Reference) -> None:
    """As it was before references kept their sources: the trigger refuses it otherwise."""
    from core import triggers

    triggers.remove()
    reference.sources.clear()
    triggers.install()
