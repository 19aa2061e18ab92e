"""Jobs: claim, lease, fence, cancel, reconcile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from core import jobs as registry
from core.jobs import Fenced, JobContext
from core.models import Job, User
from core.services import jobs
from domain.errors import Conflict, Refused

Handler = Callable[[JobContext], dict[str, Any] | None]


@pytest.fixture
def handle(monkeypatch: pytest.MonkeyPatch) -> Callable[[Handler], None]:
    """`handle(function)`: the handler of jobs of kind `test`."""
    monkeypatch.setattr(registry, "_handlers", dict(registry._handlers))

    def set_handler(function: Handler) -> None:
        registry.register("test", function)

    set_handler(lambda context: None)
    return set_handler


@pytest.fixture
def job(db: None, handle: Callable[[Handler], None]) -> Job:
    return jobs.submit("test", {"number": 1})


def test_a_job_runs_to_its_end_and_keeps_its_result(
    job: Job, handle: Callable[[Handler], None]
) -> None:
    handle(lambda context: {"doubled": context.params["number"] * 2})
    done = jobs.run(str(job.pk))
    assert done is not None
    assert (done.state, done.result, done.progress) == (Job.State.DONE, {"doubled": 2}, 1.0)


def test_a_second_delivery_is_harmless(job: Job) -> None:
    assert jobs.run(str(job.pk)) is not None
    assert jobs.run(str(job.pk)) is None
    job.refresh_from_db()
    assert job.attempts == 1


def test_a_running_job_is_not_to_be_had_before_its_lease_ends(job: Job) -> None:
    first = jobs.claim(str(job.pk))
    assert first is not None
    assert jobs.claim(str(job.pk)) is None
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    second = jobs.claim(str(job.pk))
    assert second is not None
    assert second.fence == first.fence + 1


def test_a_zombie_writes_nothing(job: Job) -> None:
    first = jobs.claim(str(job.pk))
    assert first is not None
    zombie = JobContext(first)
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.claim(str(job.pk)) is not None
    with pytest.raises(Fenced):
        zombie.progress(0.5)
    with pytest.raises(Fenced), zombie.publish():
        pytest.fail("a zombie reached its results")


def test_a_refusal_is_the_reason_that_the_user_reads(
    job: Job, handle: Callable[[Handler], None]
) -> None:
    def refuse(context: JobContext) -> None:
        raise Refused("There is nothing to train on.")

    handle(refuse)
    failed = jobs.run(str(job.pk))
    assert failed is not None
    assert (failed.state, failed.error) == (Job.State.FAILED, "There is nothing to train on.")


def test_an_unexpected_error_fails_with_its_name_and_a_log(
    job: Job, handle: Callable[[Handler], None]
) -> None:
    def break_down(context: JobContext) -> None:
        raise ZeroDivisionError("division by zero")

    handle(break_down)
    failed = jobs.run(str(job.pk))
    assert failed is not None
    assert "ZeroDivisionError" in failed.error
    assert "Traceback" in failed.log


def test_cancelling_ends_a_queued_job_at_once_and_a_running_one_at_its_next_look(
    job: Job, admin: User, handle: Callable[[Handler], None]
) -> None:
    jobs.cancel(job, admin)
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED

    def cancel_and_look(context: JobContext) -> None:
        jobs.cancel(context.job, admin)
        context.raise_if_cancelled()

    handle(cancel_and_look)
    running = jobs.run(str(jobs.submit("test", {}).pk))
    assert running is not None
    assert running.state == Job.State.CANCELLED


def test_an_exclusive_key_admits_one_active_job(
    db: None, handle: Callable[[Handler], None]
) -> None:
    first = jobs.submit("test", {}, exclusive="train:1")
    with pytest.raises(Conflict):
        jobs.submit("test", {}, exclusive="train:1")
    jobs.run(str(first.pk))
    assert jobs.submit("test", {}, exclusive="train:1").state == Job.State.QUEUED


def test_the_reconciler_takes_up_expired_jobs_and_gives_up_in_the_end(
    job: Job, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    announced: list[Job] = []
    monkeypatch.setattr(jobs, "publish", announced.append)
    for attempt in range(1, settings.JOB_MAX_ATTEMPTS + 1):
        assert jobs.claim(str(job.pk)) is not None
        Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        jobs.reconcile()
        job.refresh_from_db()
        last = attempt == settings.JOB_MAX_ATTEMPTS
        assert job.state == (Job.State.FAILED if last else Job.State.LOST)
    assert len(announced) == settings.JOB_MAX_ATTEMPTS - 1
    assert "worker was lost" in job.error


def test_the_reconciler_rings_again_for_a_silent_job(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    announced: list[Job] = []
    monkeypatch.setattr(jobs, "publish", announced.append)
    Job.objects.filter(pk=job.pk).update(published_at=timezone.now())
    jobs.reconcile()
    assert announced == []
    Job.objects.filter(pk=job.pk).update(published_at=timezone.now() - timedelta(minutes=2))
    jobs.reconcile()
    assert announced == [job]


@pytest.mark.parametrize("jump", [timedelta(days=1), timedelta(days=-1)])
def test_a_clock_that_jumps_leaves_no_job_behind(
    job: Job, jump: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dead worker's job is taken up again, and a lost doorbell rings, whatever the clock did."""
    running, waiting = job, jobs.submit("test", {})
    claimed = jobs.claim(str(running.pk))
    assert claimed is not None
    Job.objects.filter(pk=waiting.pk).update(published_at=timezone.now())
    now = timezone.now() + jump
    monkeypatch.setattr(jobs.timezone, "now", lambda: now)
    rung: list[object] = []
    monkeypatch.setattr(jobs, "publish", lambda job: rung.append(job.pk))
    assert jobs.reconcile()["lost"] == 1
    assert set(rung) == {running.pk, waiting.pk}
    again = jobs.claim(str(running.pk))
    assert again is not None
    assert again.fence == claimed.fence + 1
    with pytest.raises(Fenced):
        JobContext(claimed).renew()


def test_a_worker_that_lives_through_a_jump_keeps_its_job(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed = jobs.claim(str(job.pk))
    assert claimed is not None
    now = timezone.now() - timedelta(hours=3)
    monkeypatch.setattr(jobs.timezone, "now", lambda: now)
    JobContext(claimed).renew()
    assert jobs.reconcile()["lost"] == 0
    assert jobs.claim(str(claimed.pk)) is None
