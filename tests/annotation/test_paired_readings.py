"""Two annotators read a scan, one with the pre-label and one who cannot come to see it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from annotation.models import (
    Annotation,
    Assignment,
    Image,
    Partition,
    Reference,
    Site,
    Study,
    SubjectPartition,
)
from annotation.policies import can_see_suggestion
from annotation.selectors import comparisons, effort, images, queue, starts, thumbnails
from annotation.selectors.annotations import current_suggestion
from annotation.services import (
    double_reading,
    members,
    outlines,
    review,
    split,
    suggestions,
    workflow,
)
from core.models import AuditEvent, User
from domain.errors import InvalidInput, NotAllowed, Refused
from tests.conftest import rectangle

OFFERED = rectangle(10, 10, 40, 30)


@pytest.fixture
def make_offered(make_image: Callable[..., Image]) -> Callable[..., Image]:
    """`make_offered("S1")`: a scan of a training subject with a pre-label."""

    def make(code: str, partition: str = Partition.TRAIN, **fields: object) -> Image:
        image = make_image(code, **fields)
        SubjectPartition.objects.get_or_create(
            subject=image.subject, defaults={"partition": partition}
        )
        image = Image.objects.get(pk=image.pk)
        suggestions.offer(image, [OFFERED], source="model", version="v1", uncertainty_map=b"png")
        return image

    return make


@pytest.fixture
def in_pairs(site: Site, annotator: User, other_annotator: User, admin: User) -> Site:
    """A site all of whose scans are read in pairs."""
    double_reading.set_paired_share(site, 1.0, actor=admin)
    return site


@pytest.fixture
def pair(in_pairs: Site, make_offered: Callable[..., Image]) -> Image:
    return make_offered("S1")


@pytest.fixture
def opened(
    pair: Image, annotator: User, other_annotator: User, client_of: Callable[[User], Client]
) -> dict[str, User]:
    """Both annotators have opened the scan: who reads it `with` the pre-label, who `without`."""
    for person in (annotator, other_annotator):
        assert client_of(person).get(edit_page(pair)).status_code == 200
    people = {one.with_pre_label: one.person for one in pair.assignments.all()}
    return {"with": people[True], "without": people[False]}


def edit_page(image: Image) -> str:
    return f"/studies/{image.study.name}/images/{image.pk}/edit/"


def flags(image: Image) -> list[tuple[bool, bool]]:
    return sorted(image.assignments.values_list("blind", "with_pre_label"))


def outlined(image: Image, person: User, x1: float) -> Annotation:
    annotation = outlines.save(image, person, [rectangle(10, 10, x1, 30)], base=0).annotation
    return workflow.submit(annotation, person)


class TestPlanning:
    def test_a_scan_is_paired_when_it_gets_its_pre_label(
        self, in_pairs: Site, make_image: Callable[..., Image], make_offered: Callable[..., Image]
    ) -> None:
        assert flags(make_image("S1")) == []
        assert flags(make_offered("S2")) == [(True, False), (True, True)]

    def test_setting_the_share_pairs_what_nobody_has_begun_and_0_takes_it_back(
        self,
        site: Site,
        annotator: User,
        other_annotator: User,
        admin: User,
        make_offered: Callable[..., Image],
    ) -> None:
        begun, untouched = make_offered("S1"), make_offered("S2")
        outlines.save(begun, annotator, [OFFERED], base=0)
        assert double_reading.set_paired_share(site, 1.0, actor=admin) == 1
        assert flags(begun) == [(False, False)]
        assert flags(untouched) == [(True, False), (True, True)]
        assert double_reading.set_paired_share(site, 0.0, actor=admin) == 0
        assert flags(untouched) == []
        assert AuditEvent.objects.filter(verb="paired reading set").count() == 2

    def test_the_draw_is_fixed_and_gives_both_orders(
        self, site: Site, annotator: User, other_annotator: User, admin: User, make_offered
    ) -> None:
        made = [make_offered(f"S{number:02d}") for number in range(24)]

        def paired() -> dict[int, int]:
            found = Assignment.objects.filter(with_pre_label=True)
            return dict(found.values_list("image", "slot"))

        double_reading.set_paired_share(site, 0.5, actor=admin)
        half = paired()
        assert 4 <= len(half) <= 20
        double_reading.set_paired_share(site, 1.0, actor=admin)
        assert len(paired()) == len(made)
        assert half.items() <= paired().items()
        assert set(paired().values()) == {0, 1}

    def test_more_scans_are_planned_with_no_more_statements(
        self,
        site: Site,
        annotator: User,
        other_annotator: User,
        admin: User,
        make_offered: Callable[..., Image],
    ) -> None:
        def statements(share: float) -> int:
            with CaptureQueriesContext(connection) as captured:
                double_reading.set_paired_share(site, share, actor=admin)
            return len(captured)

        made = [make_offered(f"S{number}") for number in range(6)]
        few = [statements(share) for share in (1.0, 0.0)]
        made += [make_offered(f"S{number}") for number in range(6, 24)]
        assert [statements(share) for share in (1.0, 0.0)] == few
        assert double_reading.set_paired_share(site, 1.0, actor=admin) == len(made)

    def test_test_subjects_are_blind_for_all(
        self,
        in_pairs: Site,
        study: Study,
        admin: User,
        make_image: Callable[..., Image],
        make_offered: Callable[..., Image],
    ) -> None:
        unplaced = make_image("T1")
        suggestions.offer(unplaced, [OFFERED], source="model", version="v1")
        assert flags(unplaced) == []
        split.honour(study, {"T1": "test"}, actor=admin)
        assert flags(unplaced) == [(True, False), (True, False)]
        paired = make_offered("T2")
        SubjectPartition.objects.filter(subject=paired.subject).update(partition=Partition.RESERVE)
        double_reading.plan_subjects([paired.subject_id])
        assert flags(paired) == [(True, False), (True, False)]

    def test_the_split_pairs_whom_it_places_for_training(
        self, in_pairs: Site, study: Study, admin: User, make_image: Callable[..., Image]
    ) -> None:
        image = make_image("A1")
        suggestions.offer(image, [OFFERED], source="model", version="v1")
        split.honour(study, {"A1": "train"}, actor=admin)
        assert flags(image) == [(True, False), (True, True)]

    def test_sweeps_and_scans_read_blind_by_both_are_no_pairs(
        self,
        in_pairs: Site,
        study: Study,
        admin: User,
        make_image: Callable[..., Image],
        make_offered: Callable[..., Image],
    ) -> None:
        make_image("S1", take=1, frame=0)
        assert flags(make_offered("S1", take=1, frame=1)) == []
        double_reading.set_share(study, 1.0, actor=admin)
        assert flags(make_offered("S2")) == [(True, False), (True, False)]

    def test_it_needs_two_annotators_an_admin_and_a_fraction(
        self, site: Site, annotator: User, admin: User, expert: User
    ) -> None:
        with pytest.raises(Refused, match="two annotators"):
            double_reading.set_paired_share(site, 0.1, actor=admin)
        with pytest.raises(InvalidInput):
            double_reading.set_paired_share(site, 1.5, actor=admin)
        with pytest.raises(NotAllowed):
            double_reading.set_paired_share(site, 0.1, actor=expert)


class TestSight:
    def test_before_it_is_opened_no_annotator_sees_the_pre_label(
        self, pair: Image, annotator: User, client_of: Callable[[User], Client]
    ) -> None:
        answer = client_of(annotator).get(f"/api/v1/images/{pair.pk}/suggestion")
        assert answer.status_code == 404
        assert thumbnails.of_images([pair], annotator, "annotator")[pair.pk].outlines == ()
        item = queue.next_for(annotator, pair.study)
        assert item is not None
        assert item.asked == "outline"

    def test_opening_it_settles_who_reads_with_and_who_without(
        self, pair: Image, opened: dict[str, User], client_of: Callable[[User], Client]
    ) -> None:
        for arm, status in (("with", 200), ("without", 404)):
            client = client_of(opened[arm])
            for what in ("suggestion", "uncertainty"):
                answer = client.get(f"/api/v1/images/{pair.pk}/{what}")
                assert answer.status_code == status, (arm, what)
            page = client.get(edit_page(pair)).content.decode()
            assert ("Take over" in page) == (arm == "with")
            drawn = thumbnails.of_images([pair], opened[arm], "annotator")[pair.pk].outlines
            assert bool(drawn) == (arm == "with")
        assert pair.assignments.count() == 2

    def test_the_queue_says_what_is_asked_once_it_is_opened(
        self, pair: Image, opened: dict[str, User]
    ) -> None:
        asked = {arm: queue.next_for(person, pair.study).asked for arm, person in opened.items()}
        assert asked == {"with": "correct the pre-label", "without": "draw without help"}

    def test_the_pre_label_is_all_that_the_two_differ_in(
        self, pair: Image, opened: dict[str, User]
    ) -> None:
        outlined(pair, opened["without"], 36)
        for person in opened.values():
            assert starts.starts(person, pair) == []
            assert comparisons.comparisons(person, pair, None) == []

    def test_without_stays_without_when_all_is_done(
        self,
        pair: Image,
        opened: dict[str, User],
        expert: User,
        client_of: Callable[[User], Client],
    ) -> None:
        outlined(pair, opened["with"], 39)
        work = outlined(pair, opened["without"], 36)
        review.approve(work, 1, expert)
        answer = client_of(opened["without"]).get(f"/api/v1/images/{pair.pk}/suggestion")
        assert answer.status_code == 404

    def test_the_work_keeps_what_its_author_had_before_them(
        self, pair: Image, opened: dict[str, User]
    ) -> None:
        shown, hidden = (outlined(pair, opened[arm], 38) for arm in ("with", "without"))
        assert (shown.offered, shown.blind) == (current_suggestion(pair), False)
        assert (hidden.offered, hidden.blind) == (None, True)

    def test_a_third_annotator_comes_too_late_and_sees_nothing(
        self,
        pair: Image,
        opened: dict[str, User],
        study: Study,
        make_user: Callable[..., User],
        client_of: Callable[[User], Client],
    ) -> None:
        third = make_user("third", "annotator", study)
        page = client_of(third).get(edit_page(pair)).content.decode()
        assert "Somebody else reads this scan" in page
        assert "Take over" not in page
        assert pair.assignments.filter(person=third).count() == 0

    def test_a_pair_still_gets_the_next_model_s_pre_label(self, pair: Image) -> None:
        assert pair in images.awaiting_prelabel(pair.site, version="v2")
        suggestions.offer(pair, [OFFERED], source="model", version="v2")
        assert flags(pair) == [(True, False), (True, True)]


class TestWhatThePageShowed:
    """A page may be older than the pair, or than the pre-label."""

    @pytest.fixture
    def saved(self, client_of: Callable[[User], Client]) -> Callable[..., Annotation]:
        """`saved(image, person, offered_version="v1")`: a first save by the API."""

        def save(image: Image, person: User, **said: object) -> Annotation:
            answer = client_of(person).put(
                f"/api/v1/images/{image.pk}/annotation",
                {"regions": [rectangle(10, 10, 38, 30)], **said},
                content_type="application/json",
                headers={"If-Match": '"0"'},
            )
            assert answer.status_code == 200, answer.content
            annotation = Annotation.objects.get(image=image, author=person)
            return workflow.submit(annotation, person)

        return save

    @pytest.mark.parametrize(
        "said",
        [{"offered_version": "v1"}, {"origin": "pre-label", "suggestion_version": "v1"}],
    )
    def test_who_had_the_pre_label_before_the_scan_was_paired_is_not_without(
        self,
        site: Site,
        annotator: User,
        other_annotator: User,
        admin: User,
        make_offered: Callable[..., Image],
        saved: Callable[..., Annotation],
        said: dict[str, str],
    ) -> None:
        image = make_offered("S1")
        double_reading.set_paired_share(site, 1.0, actor=admin)
        if image.assignments.get(slot=0).with_pre_label:
            outlines.begin(image, other_annotator)
        work = saved(image, annotator, **said)
        assert not image.assignments.get(person=annotator).with_pre_label
        assert (work.offered, work.blind) == (current_suggestion(image), False)
        outlined(image, other_annotator, 36)
        assert effort.paired_readings(site) == []

    def test_the_pre_label_that_the_page_showed_is_kept_not_a_later_one(
        self,
        pair: Image,
        opened: dict[str, User],
        annotator: User,
        make_image: Callable[..., Image],
        saved: Callable[..., Annotation],
    ) -> None:
        scratch = make_image("S2")
        shown = current_suggestion(pair)
        for image in (pair, scratch):
            suggestions.offer(image, [OFFERED], source="model", version="v2")
        assert saved(pair, opened["with"], offered_version="v1").offered == shown
        assert saved(scratch, annotator, offered_version="").offered is None

    def test_a_client_that_does_not_say_had_what_it_may_see(
        self, pair: Image, opened: dict[str, User], saved: Callable[..., Annotation]
    ) -> None:
        assert saved(pair, opened["with"]).offered == current_suggestion(pair)
        without = saved(pair, opened["without"])
        assert (without.offered, without.blind) == (None, True)


class TestAtOnce:
    """Another request takes a reading while this one waits for the scan."""

    @pytest.fixture
    def meanwhile(self) -> Callable[..., AbstractContextManager[None]]:
        """`meanwhile(act, before)`: `act` comes in before the lock on the scan, or without a lock
        as late as before the first statement that has the words `before` in it."""
        lock = 'FROM "annotation_scan" INNER JOIN "annotation_take"'

        def race(act: Callable[[], object], before: str) -> AbstractContextManager[None]:
            waiting = [act]

            def execute(run, sql, params, many, context):
                if waiting and (lock in sql or before in sql):
                    waiting.pop()()
                return run(sql, params, many, context)

            return connection.execute_wrapper(execute)

        return race

    def test_the_second_of_two_people_gets_the_other_reading(
        self,
        pair: Image,
        annotator: User,
        other_annotator: User,
        client_of: Callable[[User], Client],
        meanwhile: Callable,
    ) -> None:
        with meanwhile(lambda: outlines.begin(pair, other_annotator), 'UPDATE "annotation_assign'):
            assert client_of(annotator).get(edit_page(pair)).status_code == 200
        people = [one.person for one in pair.assignments.order_by("slot")]
        assert people == [other_annotator, annotator]

    def test_who_opens_it_twice_has_it_once(
        self, pair: Image, annotator: User, client_of: Callable[[User], Client], meanwhile: Callable
    ) -> None:
        with meanwhile(lambda: outlines.begin(pair, annotator), '"person_id" IS NULL'):
            assert client_of(annotator).get(edit_page(pair)).status_code == 200
        people = [one.person for one in pair.assignments.order_by("slot")]
        assert people == [annotator, None]


class TestTakesOfAScan:
    """They look alike: whoever saw the pre-label of one cannot read another without."""

    @pytest.fixture
    def takes(self, in_pairs: Site, make_offered: Callable[..., Image]) -> list[Image]:
        return [make_offered("S1", take=1), make_offered("S1", take=2)]

    def test_a_person_reads_all_alike_in_whatever_order_they_come(
        self, takes: list[Image], annotator: User, other_annotator: User
    ) -> None:
        outlines.begin(takes[0], annotator)
        outlines.begin(takes[1], other_annotator)
        outlines.begin(takes[1], annotator)
        outlines.begin(takes[0], other_annotator)
        for person in (annotator, other_annotator):
            arms = [image.assignments.get(person=person).with_pre_label for image in takes]
            assert arms[0] == arms[1]

    def test_a_take_that_comes_later_goes_to_the_same_people(
        self,
        takes: list[Image],
        make_offered: Callable[..., Image],
        annotator: User,
        other_annotator: User,
    ) -> None:
        for person in (annotator, other_annotator):
            outlines.begin(takes[0], person)
        later = make_offered("S1", take=3)
        for person in (annotator, other_annotator):
            first, third = (image.assignments.get(person=person) for image in (takes[0], later))
            assert first.with_pre_label == third.with_pre_label

    def test_another_scan_goes_to_whoever_comes(
        self, takes: list[Image], make_offered: Callable[..., Image], annotator: User
    ) -> None:
        outlines.begin(takes[0], annotator)
        assert not make_offered("S2").assignments.filter(person__isnull=False).exists()

    def test_a_scan_of_which_one_take_was_read_with_help_is_no_pair(
        self, in_pairs: Site, make_image: Callable, make_offered: Callable, annotator: User
    ) -> None:
        outlines.save(make_image("S1", take=1), annotator, [OFFERED], base=0)
        assert flags(make_offered("S1", take=2)) == []

    def test_a_scan_with_a_sweep_is_no_pair(
        self, in_pairs: Site, make_image: Callable, make_offered: Callable
    ) -> None:
        for frame in (0, 1):
            make_image("S1", take=1, frame=frame)
        assert flags(make_offered("S1", take=2)) == []


class TestLeaving:
    """Somebody who took a reading and did not begin it leaves, or gets another role."""

    @pytest.fixture(params=["removed", "expert", "admin"])
    def leave(self, request: pytest.FixtureRequest, study: Study, admin: User) -> Callable:
        def go(person: User) -> None:
            if request.param == "removed":
                members.remove(study, person, actor=admin)
            else:
                members.add(study, person, request.param, actor=admin)

        return go

    def test_a_third_annotator_takes_the_reading_over(
        self,
        pair: Image,
        opened: dict[str, User],
        study: Study,
        make_user: Callable[..., User],
        leave: Callable[[User], None],
    ) -> None:
        third = make_user("third", "annotator", study)
        outlined(pair, opened["without"], 36)
        leave(opened["with"])
        assert queue.next_for(third, study).image == pair
        assert outlined(pair, third, 38).offered == current_suggestion(pair)
        assert effort.paired_readings(pair.site) != []

    def test_what_was_begun_is_approved_alone_if_nobody_can_read_the_other(
        self,
        pair: Image,
        opened: dict[str, User],
        expert: User,
        study: Study,
        make_user: Callable[..., User],
        leave: Callable[[User], None],
    ) -> None:
        work = outlined(pair, opened["without"], 36)
        leave(opened["with"])
        assert not can_see_suggestion(opened["without"], pair)
        with pytest.raises(Refused, match="reads this scan already"):
            outlines.save(pair, make_user("later", "annotator", study), [OFFERED], base=0)
        review.approve(work, 1, expert)
        assert Reference.objects.get(image=pair).how == Reference.How.SINGLE_EXPERT

    def test_what_was_not_begun_is_read_as_any_scan_if_nobody_can_read_the_other(
        self,
        pair: Image,
        opened: dict[str, User],
        make_offered: Callable[..., Image],
        leave: Callable[[User], None],
    ) -> None:
        untouched = make_offered("S2")
        leave(opened["with"])
        assert flags(untouched) == []
        assert list(pair.assignments.values_list("slot", "person", "blind")) == [
            (0, opened["without"].pk, False)
        ]
        assert can_see_suggestion(opened["without"], pair)

    def test_a_pair_that_the_share_no_longer_asks_for_is_taken_back(
        self,
        pair: Image,
        annotator: User,
        study: Study,
        site: Site,
        admin: User,
        make_user: Callable[..., User],
        leave: Callable[[User], None],
    ) -> None:
        make_user("third", "annotator", study)
        outlines.begin(pair, annotator)
        double_reading.set_paired_share(site, 0.0, actor=admin)
        assert len(flags(pair)) == 2
        leave(annotator)
        assert flags(pair) == []

    def test_what_they_had_begun_stays_theirs(
        self,
        pair: Image,
        opened: dict[str, User],
        study: Study,
        make_user: Callable[..., User],
        leave: Callable[[User], None],
    ) -> None:
        make_user("third", "annotator", study)
        outlines.save(pair, opened["with"], [OFFERED], base=0)
        leave(opened["with"])
        assert {one.person for one in pair.assignments.all()} == set(opened.values())


class TestTheExpert:
    def test_does_not_read_a_pair(
        self, pair: Image, expert: User, client_of: Callable[[User], Client]
    ) -> None:
        assert queue.next_for(expert, pair.study) is None
        page = client_of(expert).get(edit_page(pair)).content.decode()
        assert "Two annotators read this scan" in page
        with pytest.raises(Refused, match="Two annotators"):
            outlines.save(pair, expert, [OFFERED], base=0)

    @pytest.mark.parametrize("first", ["with", "without"])
    def test_waits_for_both_and_decides(
        self, pair: Image, opened: dict[str, User], expert: User, first: str
    ) -> None:
        second = {"with": "without", "without": "with"}[first]
        work = outlined(pair, opened[first], 36)
        with pytest.raises(Refused, match="second reader"):
            review.approve(work, 1, expert)
        outlined(pair, opened[second], 38)
        review.approve(work, 1, expert)
        assert Reference.objects.get(image=pair).how == Reference.How.ADJUDICATED


def test_an_ordinary_scan_keeps_what_was_offered_too(
    site: Site, annotator: User, make_offered: Callable[..., Image], make_image
) -> None:
    image = make_offered("S1")
    assert outlined(image, annotator, 38).offered == current_suggestion(image)
    assert outlined(make_image("S2"), annotator, 38).offered is None


def test_what_was_offered_before_this_was_kept_is_found_again(
    annotator: User, expert: User, make_offered: Callable[..., Image], make_image
) -> None:
    """The migration's function on work that was begun after, before and without a pre-label."""
    helped, early = make_offered("S1"), make_image("S2")
    outlined(helped, annotator, 38)
    outlined(early, annotator, 38)
    suggestions.offer(early, [OFFERED], source="model", version="v2")
    suggestions.offer(helped, [OFFERED], source="model", version="v2")
    Annotation.objects.update(offered=None)
    import_module("annotation.migrations.0011_offered_before").record_offered(apps, None)
    found = {one.image: one.offered for one in Annotation.objects.all()}
    assert found[helped].version == "v1"
    assert found[early] is None
