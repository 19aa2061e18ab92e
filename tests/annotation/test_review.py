"""Submit, approve, correct, return."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from annotation.models import Annotation, Image, Issue, Membership, Reference, Review, Study
from annotation.selectors.queue import next_for, queue_of, waiting_for_review
from annotation.services import outlines, review, workflow
from core.models import AuditEvent, User
from domain.errors import Conflict, InvalidInput, NotAllowed, NotFound, Refused
from tests.conftest import rectangle


@pytest.fixture
def submitted(image: Image, annotator: User) -> Annotation:
    revision = outlines.save(image, annotator, [rectangle(5, 5, 20, 20)], base=0)
    return workflow.submit(revision.annotation, annotator)


def current_reference(image: Image) -> Reference | None:
    return Reference.objects.filter(image=image, superseded_at__isnull=True).first()


def test_an_approved_revision_is_the_reference(submitted: Annotation, expert: User) -> None:
    review.approve(submitted, 1, expert)
    reference = current_reference(submitted.image)
    assert reference is not None
    assert reference.revision.annotation == submitted
    assert reference.how == Reference.How.SINGLE_EXPERT
    submitted.image.refresh_from_db()
    assert submitted.image.state == Image.State.APPROVED


def test_nothing_is_submitted_without_an_outline_or_a_decision(
    image: Image, annotator: User
) -> None:
    revision = outlines.save(image, annotator, [], base=0)
    with pytest.raises(Refused, match="nothing to submit"):
        workflow.submit(revision.annotation, annotator)


def test_submitted_work_is_closed_until_it_is_taken_back(
    submitted: Annotation, annotator: User
) -> None:
    with pytest.raises(Refused, match="waits for review"):
        outlines.save(submitted.image, annotator, [rectangle(5, 5, 22, 20)], base=1)
    workflow.take_back(submitted, annotator)
    assert outlines.save(submitted.image, annotator, [rectangle(5, 5, 22, 20)], base=1).number == 2


def test_nobody_approves_their_own_work(image: Image, expert: User) -> None:
    revision = outlines.save(image, expert, [rectangle(5, 5, 20, 20)], base=0)
    annotation = workflow.submit(revision.annotation, expert)
    for act in (
        lambda: review.approve(annotation, 1, expert),
        lambda: review.correct_and_approve(annotation, 1, expert, [rectangle(5, 5, 9, 9)]),
        lambda: review.return_(annotation, 1, expert, "no"),
    ):
        with pytest.raises(NotAllowed, match="own work"):
            act()
    assert not Review.objects.exists()


def test_only_experts_review(
    submitted: Annotation, admin: User, other_annotator: User, stranger: User
) -> None:
    for person, refusal in (
        (admin, NotAllowed),
        (other_annotator, NotAllowed),
        (stranger, NotFound),
    ):
        with pytest.raises(refusal):
            review.approve(submitted, 1, person)


def test_only_the_revision_that_was_looked_at_is_approved(
    submitted: Annotation, annotator: User, expert: User
) -> None:
    workflow.take_back(submitted, annotator)
    outlines.save(submitted.image, annotator, [rectangle(5, 5, 40, 40)], base=1)
    workflow.submit(submitted, annotator)
    with pytest.raises(Conflict):
        review.approve(submitted, 1, expert)
    assert current_reference(submitted.image) is None


def test_a_correction_is_the_experts_own_revision_based_on_the_reviewed_one(
    submitted: Annotation, expert: User
) -> None:
    review.correct_and_approve(submitted, 1, expert, [rectangle(6, 6, 21, 21)])
    reference = current_reference(submitted.image)
    assert reference is not None
    assert reference.how == Reference.How.CORRECTED
    assert reference.revision.author == expert
    assert reference.revision.based_on == submitted.revisions.get(number=1)
    submitted.refresh_from_db()
    assert submitted.state == Annotation.State.APPROVED


def test_returned_work_comes_back_first_with_its_remarks(
    submitted: Annotation, annotator: User, expert: User, study: Study
) -> None:
    issue = {"x": 7.5, "y": 9, "text": "fascia is part of the muscle here"}
    review.return_(submitted, 1, expert, "see the remark", [issue])
    item = next_for(annotator, study)
    assert item is not None
    assert (item.image, item.asked, item.reason) == (
        submitted.image,
        "returned to you",
        "see the remark",
    )
    assert Issue.objects.get().text == issue["text"]
    outlines.save(submitted.image, annotator, [rectangle(5, 5, 25, 20)], base=1)
    submitted.refresh_from_db()
    workflow.submit(submitted, annotator)
    assert Issue.objects.get().resolved_at is not None


def test_a_return_needs_a_reason_and_remarks_need_a_place(
    submitted: Annotation, expert: User
) -> None:
    with pytest.raises(InvalidInput, match="why"):
        review.return_(submitted, 1, expert, "  ")
    for issue in ({"text": "where?"}, {"x": float("nan"), "y": 1, "text": "?"}, {"x": 1, "y": 1}):
        with pytest.raises(InvalidInput):
            review.return_(submitted, 1, expert, "see", [issue])
    submitted.refresh_from_db()
    assert submitted.state == Annotation.State.SUBMITTED


def test_returning_approved_work_withdraws_its_reference(
    submitted: Annotation, expert: User
) -> None:
    review.approve(submitted, 1, expert)
    review.return_(submitted, 1, expert, "seen again: wrong muscle")
    assert current_reference(submitted.image) is None
    assert Reference.objects.get().superseded_at is not None
    submitted.image.refresh_from_db()
    assert submitted.image.state == Image.State.RETURNED


def test_an_unusable_image_leaves_the_flow_without_a_reference(
    image: Image, annotator: User, expert: User
) -> None:
    revision = outlines.save(
        image, annotator, [], base=0, decision="unusable", reason="probe lost contact"
    )
    workflow.submit(revision.annotation, annotator)
    review.approve(revision.annotation, 1, expert)
    image.refresh_from_db()
    assert image.state == Image.State.UNUSABLE
    assert current_reference(image) is None


def test_an_absent_muscle_is_a_reference_without_regions(
    image: Image, annotator: User, expert: User
) -> None:
    revision = outlines.save(image, annotator, [], base=0, decision="absent", reason="amputated")
    workflow.submit(revision.annotation, annotator)
    review.approve(revision.annotation, 1, expert)
    reference = current_reference(image)
    assert reference is not None
    assert reference.revision.regions == []


def test_two_experts_cannot_both_decide(
    submitted: Annotation, expert: User, study: Study, make_user: Callable[..., User]
) -> None:
    second = make_user("second-expert", Membership.Role.EXPERT, study)
    review.approve(submitted, 1, expert)
    stale = Annotation.objects.get(pk=submitted.pk)
    with pytest.raises(Conflict):
        review.approve(stale, 1, second)
    assert Review.objects.count() == 1


def test_the_queue_of_an_annotator_has_no_finished_or_taken_scans(
    submitted: Annotation,
    make_image: Callable[..., Image],
    other_annotator: User,
    expert: User,
    study: Study,
) -> None:
    fresh = make_image()
    assert [item.image for item in queue_of(other_annotator, study)] == [fresh]
    assert list(waiting_for_review(expert, study)) == [submitted]
    review.approve(submitted, 1, expert)
    assert not waiting_for_review(expert, study).exists()


def test_each_decision_leaves_a_trace(submitted: Annotation, expert: User) -> None:
    review.approve(submitted, 1, expert)
    event = AuditEvent.objects.get(verb="annotation approved")
    assert event.actor == expert
    assert event.details["digest"] == submitted.revisions.get().digest
