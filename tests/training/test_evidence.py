"""Live evidence of a site: figures from rows, the page, the API and the share read in pairs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from annotation.models import Image, Lock, Partition, Reference, Site, SubjectPartition
from annotation.selectors.locks import current_lock
from annotation.services import double_reading, outlines, review, suggestions, workflow
from core.models import Job, User
from tests.conftest import rectangle
from training import evidence_pages
from training.models import Evaluation, Pick, QueryRound, Run, Snapshot
from training.scoring import SCORING_VERSION
from training.selectors import evidence

pytestmark = pytest.mark.django_db

OFFERED = rectangle(10, 10, 40, 30)
WITH, WITHOUT = 20.0, 60.0


@pytest.fixture
def worked_on(make_image, annotator: User, expert: User) -> Callable[..., Image]:
    """`worked_on("S1", right)`: an approved scan; `offered=False` without a pre-label."""

    def make(code: str, right: float = 40, *, offered: bool = True) -> Image:
        image = make_image(code)
        seconds = WITH if offered else WITHOUT
        if offered:
            suggestions.offer(image, [OFFERED], source="model", version="v1")
        revision = outlines.save(
            image, annotator, [rectangle(10, 10, right, 30)], base=0, seconds=seconds
        )
        workflow.submit(revision.annotation, annotator)
        review.approve(revision.annotation, 1, expert)
        return image

    return make


@pytest.fixture
def read_in_pairs(
    site: Site, make_image, annotator: User, other_annotator: User, admin: User
) -> Callable[..., None]:
    """`read_in_pairs(8)`: so many subjects, the reading with the pre-label always nearer to it."""
    double_reading.set_paired_share(site, 1.0, actor=admin)

    def make(n: int, first: int = 0) -> None:
        for number in range(first, first + n):
            image = make_image(f"P{number}")
            SubjectPartition.objects.create(subject=image.subject, partition=Partition.TRAIN)
            image = Image.objects.get(pk=image.pk)
            suggestions.offer(image, [OFFERED], source="model", version="v1")
            for person in (annotator, other_annotator):
                outlines.begin(image, person)
            for one in image.assignments.all():
                right = 41 + number % 2 if one.with_pre_label else 46 + number % 3
                revision = outlines.save(
                    image,
                    one.person,
                    [rectangle(10, 10, right, 30)],
                    base=0,
                    seconds=WITH if one.with_pre_label else WITHOUT,
                )
                workflow.submit(revision.annotation, one.person)

    return make


def address(site: Site) -> str:
    return f"/studies/{site.study.name}/sites/{site.slug}/evidence/"


def test_time_is_told_with_and_without_a_pre_label(site: Site, worked_on) -> None:
    for number in range(6):
        worked_on(f"S{number}")
        worked_on(f"N{number}", offered=False)
    times = evidence.of_site(site).times
    assert (times.with_pre_label.estimate.value, times.without.estimate.value) == (WITH, WITHOUT)
    assert times.with_pre_label.estimate.ci95 == (WITH, WITH)
    assert (times.without.n_images, times.without.n_subjects) == (6, 6)
    (week,) = times.periods
    assert week.begins.weekday() == 0


def test_long_work_is_shown_by_month_and_short_work_by_week(site: Site, worked_on) -> None:
    images = [worked_on(f"S{number}") for number in range(3)]
    days = [datetime(2026, 1, 14, tzinfo=UTC) + timedelta(days=one) for one in (0, 2, 9)]

    def approve_on(moments: list[datetime]) -> list[str]:
        for image, moment in zip(images, moments, strict=True):
            Reference.objects.filter(image=image).update(created_at=moment)
        periods = evidence.of_site(site).corrections.periods
        return [f"{one.begins} {one.dice.n_images}" for one in periods]

    assert approve_on(days) == ["2026-01-12 2", "2026-01-19 1"]
    later = [days[0], days[1], days[0] + timedelta(days=200)]
    assert approve_on(later) == ["2026-01-01 2", "2026-08-01 1"]


def test_corrections_are_those_of_the_random_share_once_there_is_one(site: Site, worked_on) -> None:
    images = [worked_on(f"S{number}", 40 + 10 * (number % 2)) for number in range(6)]
    every = evidence.of_site(site).corrections
    assert (every.share, every.dice.n_images) == ("all", 6)
    assert every.dice.estimate.value == pytest.approx((1 + 2 * 30 / 70) / 2)
    assert every.unchanged.estimate.value == 0.5
    chosen = QueryRound.objects.create(site=site, strategy="entropy", seed=1, pool_size=6)
    for rank, image in enumerate(images[:3], start=1):
        share = Pick.Share.RANDOM if rank == 1 else Pick.Share.STRATEGY
        Pick.objects.create(round=chosen, image=image, rank=rank, share=share)
    drawn = evidence.of_site(site).corrections
    assert (drawn.share, drawn.dice.n_images) == ("random", 1)
    assert drawn.unchanged.estimate.value == 1.0
    assert drawn.unchanged.estimate.ci95[0] < 0.1


def test_eight_subjects_read_in_pairs_show_the_pull(site: Site, read_in_pairs) -> None:
    read_in_pairs(8)
    found = evidence.of_site(site).anchoring
    assert (found.n_images, found.n_subjects) == (8, 8)
    assert found.dice.ci95[0] > 0
    assert found.csa_closer.ci95[0] > 0
    assert found.csa_shift.ci95[1] < 0
    assert found.seconds_ratio.value == pytest.approx(WITH / WITHOUT)


def test_seven_do_not(site: Site, read_in_pairs) -> None:
    read_in_pairs(7)
    found = evidence.of_site(site).anchoring
    assert found.dice.value is None
    assert found.dice.reason == "not decidable: 7 of at least 8 subjects"


class TestLearningCurve:
    @pytest.fixture
    def learnt(self, site: Site, admin: User, make_model) -> Callable[..., Run]:
        """`learnt(4)`: a model with a run on so many training subjects, and an evaluation."""

        def make(n: int, dice: float, partition: str = "validation") -> Run:
            items = [{"subject": f"T{one}", "partition": "train"} for one in range(n)]
            items.append({"subject": "V0", "partition": "validation"})
            snapshot = Snapshot.objects.create(
                site=site, digest=f"{n:064d}", manifest={"items": [*items, *items]}
            )
            run = Run.objects.create(
                site=site,
                snapshot=snapshot,
                job=Job.objects.create(kind="train", scope=site.study.name, requested_by=admin),
                backend="prior",
                seed=1,
                model=make_model(0.1 * Run.objects.count()),
            )
            evaluate(run, dice, partition)
            return run

        return make

    def test_each_model_stands_at_the_subjects_that_it_learnt_from(
        self, site: Site, learnt, locked: Site
    ) -> None:
        sealed = current_lock(locked)
        first, second = learnt(4, 0.7), learnt(9, 0.8)
        evaluate(second, 0.82, "validation")
        evaluate(second, 0.79, "test", sealed)
        evaluate(second, 0.5, "development")
        found = evidence.of_site(site).learning
        assert [(one.model_id, one.curve, one.n_subjects, one.dice) for one in found] == [
            (first.model_id, "validation", 4, 0.7),
            (second.model_id, "validation", 9, 0.82),
            (second.model_id, "locked test, version 1", 9, 0.79),
        ]

    def test_a_run_that_repeats_another_is_no_point_of_its_own(self, site: Site, learnt) -> None:
        first, again = learnt(4, 0.7), learnt(4, 0.7)
        Run.objects.filter(pk=again.pk).update(reproduces=first)
        assert [one.model_id for one in evidence.of_site(site).learning] == [first.model_id]

    def test_its_points_open_their_models(self, site: Site, learnt) -> None:
        run = learnt(4, 0.7)
        figure = evidence_pages.learning_curve(evidence.of_site(site))
        assert [mark.href for mark in figure.marks] == [
            f"/studies/{site.study.name}/models/{run.model_id}/"
        ]


def evaluate(run: Run, dice: float, partition: str, lock: Lock | None = None) -> None:
    Evaluation.objects.create(
        model=run.model,
        partition=partition,
        lock=lock,
        metrics_version=SCORING_VERSION,
        summary={"dice": {"mean": dice, "ci95": [dice - 0.1, dice + 0.1]}},
    )


class TestPage:
    def test_an_empty_site_says_what_is_missing(
        self, site: Site, expert: User, client_of: Callable[[User], Client]
    ) -> None:
        page = client_of(expert).get(address(site)).content.decode()
        assert "No outline with a time was handed in yet." in page
        assert "not decidable: 0 of at least 8 subjects" in page
        assert "No model of this site was trained and evaluated yet." in page
        assert "0 % of the site's scans are read in pairs" in page

    def test_what_is_known_is_shown_and_every_plot_can_be_saved(
        self, site: Site, expert: User, worked_on, read_in_pairs, client_of
    ) -> None:
        worked_on("S1", 50)
        read_in_pairs(8)
        client = client_of(expert)
        page = client.get(address(site)).content.decode()
        assert "8 images of 8 subjects so far" in page
        assert "Of all scans: no query round has drawn a random share yet" in page
        assert "CSA, nearer to the pre-label by" in page
        for name in ("seconds", "corrections", "unchanged"):
            assert client.get(address(site), {"figure": name})["Content-Type"] == "image/svg+xml"

    def test_more_scans_cost_no_more_queries(
        self, site: Site, expert: User, worked_on, read_in_pairs, client_of
    ) -> None:
        client = client_of(expert)

        def queries() -> int:
            with CaptureQueriesContext(connection) as captured:
                assert client.get(address(site)).status_code == 200
            return len(captured)

        worked_on("S1")
        read_in_pairs(1)
        queries()  # what a process asks once is asked now
        few = queries()
        for number in range(2, 6):
            worked_on(f"S{number}")
        read_in_pairs(3, first=1)
        assert queries() == few <= 40

    def test_a_longitudinal_site_has_no_csa(self, site: Site, expert: User, client_of) -> None:
        Site.objects.filter(pk=site.pk).update(plane=Site.Plane.LONGITUDINAL)
        assert "CSA" not in client_of(expert).get(address(site)).content.decode()

    def test_an_admin_sets_the_share_and_is_told_why_not(
        self, site: Site, admin: User, expert: User, annotator: User, make_user, client_of
    ) -> None:
        refused = client_of(admin).post(address(site), {"share": "7.5"})
        assert refused.status_code == 422
        assert "Two readings need two annotators" in refused.content.decode()
        make_user("second", "annotator", site.study)
        assert client_of(expert).post(address(site), {"share": "7.5"}).status_code == 404
        assert client_of(admin).post(address(site), {"share": "7.5"}).status_code == 302
        site.refresh_from_db()
        assert site.paired_share == 0.075
        assert 'value="7.5"' in client_of(admin).get(address(site)).content.decode()

    def test_the_overview_leads_to_it(self, site: Site, expert: User, client_of) -> None:
        assert (
            address(site) in client_of(expert).get(f"/studies/{site.study.name}/").content.decode()
        )


def test_the_api_gives_the_same_figures(
    site: Site, expert: User, worked_on, read_in_pairs, client_of
) -> None:
    worked_on("S1", 50)
    read_in_pairs(8)
    answer = client_of(expert).get(
        f"/api/v1/sites/{site.slug}/evidence/", {"study": site.study.name}
    )
    said, found = answer.json(), evidence.of_site(site)
    assert said["site"] == site.slug
    assert said["corrections"]["dice"]["value"] == found.corrections.dice.estimate.value
    assert said["corrections"]["share"] == "all"
    assert said["anchoring"]["dice"]["ci95"] == list(found.anchoring.dice.ci95)
    assert said["anchoring"]["n_subjects"] == 8
    assert said["seconds"]["with_pre_label"]["n_subjects"] == 9
    assert len(said["seconds"]["periods"]) == len(found.times.periods)
    assert said["learning"] == []
