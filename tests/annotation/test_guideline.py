"""A site's guideline: which outlines are its examples, who says so, and who sees them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from annotation.models import Assignment, Example, Image, Partition, Revision, SubjectPartition
from annotation.selectors.guideline import shown_examples
from annotation.selectors.readings import comparable_readings
from annotation.services import guideline, outlines, review, studies, subjects, workflow
from core.models import AuditEvent, User
from domain.errors import InvalidInput, NotAllowed, NotFound, Refused
from tests.conftest import rectangle

MakeImage = Callable[..., Image]
ClientOf = Callable[[User], Client]
WHY = "It follows the inner edge of the fascia."


def submitted(image: Image, author: User, right: int = 30) -> Revision:
    revision = outlines.save(image, author, [rectangle(5, 5, right, 30)], base=0)
    workflow.submit(revision.annotation, author)
    return revision


@pytest.fixture
def revision(image: Image, annotator: User) -> Revision:
    return submitted(image, annotator)


@pytest.fixture
def example(revision: Revision, expert: User) -> Example:
    return guideline.show_example(revision, "good", WHY, actor=expert)


@pytest.fixture
def elsewhere(make_image: MakeImage) -> Image:
    """Another scan of the site."""
    return make_image("S777")


def edit_page(client: Client, image: Image) -> str:
    return client.get(f"/studies/lab/images/{image.pk}/edit/").content.decode()


def seen_by(user: User, image: Image) -> list[Example]:
    return [one.example for one in shown_examples(user, image.site)]


def test_an_expert_shows_changes_and_withdraws_an_example(
    image: Image,
    elsewhere: Image,
    revision: Revision,
    expert: User,
    annotator: User,
    client_of: ClientOf,
) -> None:
    address, client = f"/studies/lab/images/{image.pk}/", client_of(expert)
    said = {"example-revision": revision.pk, "example-verdict": "good", "example-reason": WHY}
    assert client.post(address, {**said, "act": "example"}).status_code == 302
    (example,) = Example.objects.all()
    assert (example.revision, example.verdict, example.shown_by) == (revision, "good", expert)
    assert WHY in edit_page(client_of(annotator), elsewhere)
    assert WHY in client.get(address).content.decode()
    site_page = f"/studies/lab/sites/{image.site.slug}/"
    assert WHY in client_of(annotator).get(site_page).content.decode()
    assert "Withdraw" not in client_of(annotator).get(site_page).content.decode()

    changed = {**said, "example-verdict": "bad", "example-reason": "Too  wide.\n"}
    client.post(address, {**changed, "act": "example"})
    example.refresh_from_db()
    assert (example.verdict, example.reason) == ("bad", "Too wide.")

    withdrawal = f"{site_page}examples/{example.pk}/withdraw/"
    assert client_of(annotator).post(withdrawal).status_code == 404
    assert client.post(withdrawal).status_code == 302
    assert seen_by(expert, image) == []
    assert client.post(withdrawal).status_code == 302
    assert "Too wide." not in edit_page(client_of(annotator), elsewhere)
    verbs = AuditEvent.objects.filter(verb__startswith="example").order_by("sequence")
    assert [one.verb for one in verbs] == ["example shown", "example shown", "example withdrawn"]


def test_annotators_and_strangers_show_nothing(
    image: Image, revision: Revision, annotator: User, stranger: User, client_of: ClientOf
) -> None:
    with pytest.raises(NotAllowed):
        guideline.show_example(revision, "good", WHY, actor=annotator)
    with pytest.raises(NotFound):
        guideline.show_example(revision, "good", WHY, actor=stranger)
    said = {"example-revision": revision.pk, "example-verdict": "good", "example-reason": WHY}
    client_of(annotator).post(f"/studies/lab/images/{image.pk}/", {**said, "act": "example"})
    assert not Example.objects.exists()


def test_an_example_is_withdrawn_only_through_its_own_site(
    example: Example, admin: User, client_of: ClientOf
) -> None:
    other = studies.create("other", actor=None)
    client = client_of(admin)
    for site in (f"{other.name}/sites/rectus-femoris", "lab/sites/no-such-site"):
        assert client.post(f"/studies/{site}/examples/{example.pk}/withdraw/").status_code == 404
    assert Example.objects.filter(pk=example.pk).exists()


@pytest.mark.parametrize(
    ("verdict", "reason"), [("fine", WHY), ("good", "  \n"), ("bad", "x" * 201)]
)
def test_an_example_says_what_it_shows(
    revision: Revision, expert: User, verdict: str, reason: str
) -> None:
    with pytest.raises(InvalidInput):
        guideline.show_example(revision, verdict, reason, actor=expert)


def test_a_draft_is_no_example(image: Image, annotator: User, expert: User) -> None:
    draft = outlines.save(image, annotator, [rectangle(5, 5, 30, 30)], base=0)
    with pytest.raises(Refused):
        guideline.show_example(draft, "good", WHY, actor=expert)


def test_what_was_returned_stays_a_bad_example_while_its_author_goes_on(
    image: Image, revision: Revision, annotator: User, expert: User
) -> None:
    review.return_(revision.annotation, 1, expert, "Too wide.")
    newer = outlines.save(image, annotator, [rectangle(5, 5, 20, 30)], base=1)
    example = guideline.show_example(revision, "bad", "Too wide.", actor=expert)
    assert seen_by(annotator, image) == [example]
    with pytest.raises(Refused):
        guideline.show_example(newer, "good", WHY, actor=expert)


def test_no_outline_of_a_test_subject_is_shown(
    image: Image, example: Example, revision: Revision, annotator: User, expert: User
) -> None:
    SubjectPartition.objects.create(subject=image.subject, partition=Partition.TEST)
    assert seen_by(annotator, image) == []
    assert seen_by(expert, image) == []
    with pytest.raises(Refused):
        guideline.show_example(revision, "bad", WHY, actor=expert)


@pytest.mark.usefixtures("example")
def test_the_example_of_a_withdrawn_subject_is_gone(image: Image, admin: User) -> None:
    subjects.withdraw(image.subject, actor=admin, reason="letter of 3 March")
    assert not Example.objects.exists()


@pytest.mark.usefixtures("example")
def test_nobody_is_shown_the_scan_that_they_outline(
    image: Image, other_annotator: User, client_of: ClientOf
) -> None:
    assert WHY not in edit_page(client_of(other_annotator), image)


def test_who_is_to_read_a_scan_blind_does_not_see_it(
    image: Image,
    example: Example,
    revision: Revision,
    annotator: User,
    other_annotator: User,
    expert: User,
) -> None:
    reading = Assignment.objects.create(image=image, person=other_annotator, blind=True, slot=5)
    assert seen_by(other_annotator, image) == []
    assert seen_by(annotator, image) == [example]
    with pytest.raises(Refused):
        guideline.show_example(revision, "bad", WHY, actor=expert)
    Assignment.objects.filter(pk=reading.pk).update(person=None)
    assert seen_by(annotator, image) == []
    Assignment.objects.filter(pk=reading.pk).update(done_at="2026-03-02T10:00Z")
    assert seen_by(other_annotator, image) == [example]


def test_a_guideline_stays_short(
    make_image: MakeImage, annotator: User, expert: User, example: Example
) -> None:
    for number in range(guideline.MOST - 1):
        one = submitted(make_image(f"S9{number:02d}"), annotator)
        guideline.show_example(one, "good", WHY, actor=expert)
    one_more = submitted(make_image("S999"), annotator)
    with pytest.raises(Refused, match="withdraw one first"):
        guideline.show_example(one_more, "good", WHY, actor=expert)
    again = guideline.show_example(example.revision, "bad", WHY, actor=expert)
    assert again.verdict == "bad"


def test_good_examples_come_first(
    make_image: MakeImage, image: Image, annotator: User, expert: User
) -> None:
    for subject, verdict in (("S1", "bad"), ("S2", "good")):
        one = submitted(make_image(subject), annotator)
        guideline.show_example(one, verdict, WHY, actor=expert)
    assert [one.verdict for one in seen_by(annotator, image)] == ["good", "bad"]


def test_what_was_withdrawn_can_be_shown_again(
    image: Image, example: Example, revision: Revision, expert: User
) -> None:
    guideline.withdraw_example(example, actor=expert)
    assert seen_by(expert, image) == []
    assert guideline.show_example(revision, "bad", WHY, actor=expert) == example
    assert seen_by(expert, image) == [example]


@pytest.mark.parametrize("is_example", [True, False])
def test_who_could_see_the_example_has_no_independent_reading_of_its_scan(
    image: Image,
    revision: Revision,
    other_annotator: User,
    expert: User,
    is_example: bool,
) -> None:
    if is_example:
        example = guideline.show_example(revision, "good", WHY, actor=expert)
        guideline.withdraw_example(example, actor=expert)
    Assignment.objects.create(image=image, person=other_annotator, blind=True, slot=1)
    submitted(image, other_annotator, right=28)
    readers = {one.reader for one in comparable_readings(image.site)}
    assert readers == (set() if is_example else {"annotator", "other-annotator"})
