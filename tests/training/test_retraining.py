"""Training again by itself: after newly approved subjects, by a schedule, never two at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from annotation.models import Image, Partition, Site
from core.models import Job, Schedule, User
from core.services import jobs, schedules
from domain.errors import Conflict, InvalidInput, NotAllowed, Refused
from tests.training.studies import approved_scan
from training.models import DriftReport, RetrainPolicy, Run
from training.services import retraining, runs

pytestmark = pytest.mark.django_db
FAST = {"max_epochs": 2}


@pytest.fixture
def after_two(site: Site, admin: User) -> RetrainPolicy:
    return retraining.put_policy(
        site, admin, enabled=True, after_subjects=2, backend="prior", settings=FAST
    )


@pytest.fixture
def approve_one(
    make_image: Callable[..., Image], annotator: User, expert: User
) -> Callable[[str, int], Image]:
    def approve(code: str, seed: int) -> Image:
        return approved_scan(make_image, annotator, expert, code, Partition.TRAIN, seed)

    return approve


@pytest.mark.usefixtures("in_this_process")
def test_the_second_newly_approved_subject_starts_a_run(
    site: Site,
    admin: User,
    approved: dict[str, Image],
    approve_one: Callable[[str, int], Image],
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:
    jobs.run_inline(runs.start(site, "prior", FAST, admin).job)
    retraining.put_policy(
        site, admin, enabled=True, after_subjects=2, backend="prior", settings=FAST
    )
    with django_capture_on_commit_callbacks(execute=True):
        approve_one("TR7", 70)
    assert Run.objects.count() == 1
    with django_capture_on_commit_callbacks(execute=True):
        approve_one("TR7", 71)  # the same subject once more is not a new one
    assert Run.objects.count() == 1
    with django_capture_on_commit_callbacks(execute=True):
        approve_one("TR8", 80)
    newest = Run.objects.first()
    assert Run.objects.count() == 2
    assert newest.trigger == Run.Trigger.APPROVALS
    assert newest.settings["max_epochs"] == 2
    assert jobs.run_inline(newest.job).state == Job.State.DONE


def test_a_run_that_is_on_is_left_alone(
    site: Site,
    admin: User,
    approved: dict[str, Image],
    after_two: RetrainPolicy,
    approve_one: Callable[[str, int], Image],
) -> None:
    running = runs.start(site, "prior", FAST, admin)
    jobs.claim(str(running.job_id))
    for number in (7, 8, 9):
        approve_one(f"TR{number}", 10 * number)
    assert retraining.consider(site.pk) is None
    running.job.refresh_from_db()
    assert running.job.state == Job.State.RUNNING
    assert not running.job.cancel_requested
    Job.objects.update(state=Job.State.DONE)
    assert retraining.consider(site.pk) is not None


def test_without_a_rule_or_switched_off_nothing_starts(
    site: Site, admin: User, approved: dict[str, Image]
) -> None:
    assert retraining.consider(site.pk) is None
    retraining.put_policy(
        site, admin, enabled=False, after_subjects=1, backend="prior", settings={}
    )
    assert retraining.consider(site.pk) is None


@pytest.mark.usefixtures("in_this_process")
def test_a_schedule_trains_when_something_is_new(
    site: Site,
    admin: User,
    approved: dict[str, Image],
    approve_one: Callable[[str, int], Image],
) -> None:
    schedule = retraining.put_schedule(
        site, admin, enabled=True, hour=2, minute=30, days="0,3", backend="prior", settings=FAST
    )
    assert schedule.periodic_task.crontab.hour == "2"
    due(schedule)
    assert Run.objects.get().trigger == Run.Trigger.SCHEDULE
    jobs.run_inline(Run.objects.get().job)
    assert "Nothing was approved" in due(schedule).result["skipped"]
    approve_one("TR9", 90)
    due(schedule)
    assert Run.objects.count() == 2
    assert "being trained already" in due(schedule).result["skipped"]


def due(schedule: Schedule) -> Job:
    """What beat does when a schedule is due, and the worker after it."""
    schedules.submit_due(schedule.pk)
    return jobs.run_inline(Job.objects.filter(kind=retraining.SCHEDULED_KIND).first())


def test_rules_are_checked_when_they_are_made(site: Site, admin: User, expert: User) -> None:
    with pytest.raises(InvalidInput, match="at least one"):
        retraining.put_policy(
            site, admin, enabled=True, after_subjects=0, backend="prior", settings={}
        )
    with pytest.raises(InvalidInput, match="learning_rate"):
        retraining.put_policy(
            site,
            admin,
            enabled=True,
            after_subjects=5,
            backend="unet",
            settings={"learning_rate": -1},
        )
    with pytest.raises(NotAllowed):
        retraining.put_policy(
            site, expert, enabled=True, after_subjects=5, backend="prior", settings={}
        )


def test_a_drift_alarm_proposes_a_run_that_an_admin_starts(
    site: Site, admin: User, expert: User, approved: dict[str, Image]
) -> None:

    with pytest.raises(Refused, match="found no drift"):
        retraining.after_drift(site, admin)
    DriftReport.objects.create(site=site, state="alarm", reasons=["greyer scans"], figures={})
    assert not Run.objects.exists()
    with pytest.raises(NotAllowed):
        retraining.after_drift(site, expert)
    run = retraining.after_drift(site, admin)
    assert (run.trigger, run.backend) == ("drift", "unet")
    with pytest.raises(Conflict):
        retraining.after_drift(site, admin)
