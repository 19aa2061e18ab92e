"""Runs: from the snapshot to a registered model, one at a time, resumed, cancelled, repeated."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from typing import Any

import pytest

from annotation.models import Site
from core.data import models_directory
from core.models import AuditEvent, Job, User
from core.services import jobs
from domain.errors import Conflict, InvalidInput, NotAllowed
from inference.card import read_card
from inference.models import ModelVersion
from training import runner, work
from training.attempts import Attempt
from training.backends import prior
from training.models import Epoch, Evaluation, Run
from training.selectors import runs as run_selector
from training.services import evaluation, runs, supervision

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("approved")]
FAST = {"max_epochs": 3}


def started(site: Site, actor: User, **settings: object) -> Run:
    return runs.start(site, "prior", {**FAST, **settings}, actor)


@pytest.mark.usefixtures("in_this_process")
def test_a_run_ends_in_one_registered_model(
    site: Site, admin: User, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    run = started(site, admin)
    with django_capture_on_commit_callbacks(execute=True):
        job = jobs.run_inline(run.job)
    assert (job.state, job.error) == (Job.State.DONE, "")
    run.refresh_from_db()
    model = ModelVersion.objects.get()
    assert run.model == model
    assert [epoch.number for epoch in run.epochs.all()] == [1, 2, 3]
    assert run.best_validation_dice == max(epoch.validation_dice for epoch in run.epochs.all())
    assert run.best_validation_dice > 0.7
    assert job.result["model"] == model.name == "rectus-femoris-v1"
    assert (models_directory() / f"{model.sha256}.onnx").exists()
    evaluated = jobs.run_inline(Job.objects.get(kind=evaluation.KIND))
    assert evaluated.state == Job.State.DONE
    assert Evaluation.objects.get().partition == "validation"
    assert list(Attempt(jobs_context(job)).checkpoints("member-1").valid()) == []


def jobs_context(job: Job):  # type: ignore[no-untyped-def]
    from core.jobs import JobContext

    return JobContext(job)


@pytest.mark.usefixtures("in_this_process")
def test_the_card_says_where_the_model_came_from(site: Site, admin: User) -> None:
    run = started(site, admin, seed=5)
    jobs.run_inline(run.job)
    model = ModelVersion.objects.get()
    card = json.loads((models_directory() / f"{model.sha256}.json").read_text())
    assert read_card(card).sha256 == model.sha256
    assert card["snapshot_digest"] == run.snapshot.digest
    assert card["seed"] == 5
    assert card["code_version"].startswith("0.1.0")
    assert {"numpy", "onnx", "onnxruntime", "python"} <= set(card["libraries"])
    assert card["training"]["settings"] == run.settings
    assert card["training"]["onnx_differing_share"] <= 1e-4


@pytest.mark.usefixtures("in_this_process")
def test_two_runs_on_the_same_snapshot_give_two_models(site: Site, admin: User) -> None:
    first, second = started(site, admin), None
    jobs.run_inline(first.job)
    second = runs.again(first, admin)
    jobs.run_inline(second.job)
    assert second.snapshot == first.snapshot
    assert second.settings == first.settings
    assert ModelVersion.objects.count() == 2


def test_a_site_has_one_run_at_a_time(site: Site, admin: User) -> None:
    first = started(site, admin)
    with pytest.raises(Conflict, match=f"run {first.pk}"):
        started(site, admin)
    assert Run.objects.count() == 1
    runs.cancel(first, admin)
    assert started(site, admin).job.state == Job.State.QUEUED


def test_wrong_settings_are_refused_before_anything_is_queued(site: Site, admin: User) -> None:
    with pytest.raises(InvalidInput, match="max_epochs"):
        started(site, admin, max_epochs=0)
    with pytest.raises(InvalidInput, match="no backend 'magic'"):
        runs.start(site, "magic", {}, admin)
    assert not Job.objects.exists()


def test_only_admins_start_and_cancel(site: Site, admin: User, expert: User) -> None:
    with pytest.raises(NotAllowed):
        started(site, expert)
    run = started(site, admin)
    with pytest.raises(NotAllowed):
        runs.cancel(run, expert)
    assert AuditEvent.objects.filter(verb="run started").count() == 1


@pytest.mark.usefixtures("in_this_process")
def test_a_second_attempt_goes_on_from_the_first_ones_checkpoint(
    site: Site, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(site, admin)
    monkeypatch.setattr(supervision, "run_process", lambda context: killed_after(context, 2))
    claimed = jobs.claim(str(run.job.pk))
    with pytest.raises(Killed):
        supervision.run_process(jobs_context(claimed))
    assert [epoch.number for epoch in run.epochs.all()] == [1, 2]
    monkeypatch.undo()
    monkeypatch.setattr(
        supervision, "run_process", lambda context: runner.run(str(context.job.pk), context.fence)
    )
    Job.objects.update(state=Job.State.LOST)
    job = jobs.run_inline(run.job)
    assert (job.state, job.attempts) == (Job.State.DONE, 2)
    assert "Resumed after epoch" in job.log
    assert [epoch.number for epoch in run.epochs.all()] == [1, 2, 3]
    assert ModelVersion.objects.count() == 1


class Killed(BaseException):
    """Stands for the end of a process: nothing on the way out runs."""


def killed_after(context, epochs: int) -> int:  # type: ignore[no-untyped-def]
    kept = work.RunReporter.epoch

    def epoch(self: work.RunReporter, row: prior.EpochRow) -> None:
        kept(self, row)
        if row.number == epochs:
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(work.RunReporter, "epoch", epoch)
        return runner.run(str(context.job.pk), context.fence)


@pytest.mark.usefixtures("in_this_process")
def test_cancelled_between_epochs_it_stops_and_keeps_its_checkpoint(
    site: Site, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(site, admin)
    kept = work.RunReporter.epoch

    def epoch(self: work.RunReporter, row: prior.EpochRow) -> None:
        kept(self, row)
        if row.number == 2:
            runs.cancel(run, admin)
            self._asked_at = 0.0

    monkeypatch.setattr(work.RunReporter, "epoch", epoch)
    job = jobs.run_inline(run.job)
    assert job.state == Job.State.CANCELLED
    assert not ModelVersion.objects.exists()
    store = Attempt(jobs_context(job)).checkpoints("member-1")
    assert next(store.valid()).epoch == 2


def test_a_zombie_writes_nothing(site: Site, admin: User) -> None:
    run = started(site, admin)
    claimed = jobs.claim(str(run.job.pk))
    Job.objects.update(fence=claimed.fence + 1)
    assert runner.run(str(claimed.pk), claimed.fence) == runner.FENCED
    assert not Epoch.objects.exists()


def test_overtaken_in_the_middle_it_ends_without_a_model(
    site: Site, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(site, admin)
    claimed = jobs.claim(str(run.job.pk))
    kept = work.RunReporter.epoch

    def epoch(self: work.RunReporter, row: prior.EpochRow) -> None:
        kept(self, row)
        Job.objects.update(fence=claimed.fence + 1)

    monkeypatch.setattr(work.RunReporter, "epoch", epoch)
    assert runner.run(str(claimed.pk), claimed.fence) == runner.FENCED
    assert [row.number for row in Epoch.objects.all()] == [1]
    assert not ModelVersion.objects.exists()


@pytest.mark.usefixtures("in_this_process")
def test_a_model_that_differs_from_its_network_is_not_registered(
    site: Site, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prior, "predict", lambda model, pixels, spec: pixels * 0 + 1)
    job = jobs.run_inline(started(site, admin).job)
    assert job.state == Job.State.FAILED
    assert "not registered" in job.error
    assert not ModelVersion.objects.exists()


def test_a_process_that_is_killed_each_time_ends_in_words(
    site: Site, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = []
    monkeypatch.setattr(supervision, "run_process", lambda context: starts.append(1) or -9)
    job = jobs.run_inline(started(site, admin).job)
    assert len(starts) == supervision.PROCESS_STARTS
    assert job.state == Job.State.FAILED
    assert "want of memory" in job.error
    assert "signal 9" in job.log


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("the sky fell"), "Unexpected: RuntimeError: the sky fell"),
        (OSError(errno.ENOSPC, "No space left"), "The disk is full. The last complete checkpoint"),
        (MemoryError(), "Out of memory: use a smaller batch_size"),
    ],
)
def test_a_reason_reaches_the_run_in_words(
    site: Site, admin: User, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(work, "train", fail)
    run = started(site, admin)
    jobs.run_inline(run.job)
    answer = run_selector.as_json(run_selector.newest(site))
    assert answer["state"] == "failed"
    assert answer["error"].startswith(words)


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize(
    ("backend", "settings"),
    [
        ("prior", {"max_epochs": 3}),
        (
            "unet",
            {
                "max_epochs": 2,
                "image_size": 64,
                "encoder": "tu-mobilenetv3_small_100",
                "batch_size": 4,
                "members": 2,
            },
        ),
    ],
)
def test_a_run_is_reproduced_from_its_snapshot(
    site: Site, admin: User, backend: str, settings: dict[str, Any]
) -> None:
    first = runs.start(site, backend, settings, admin)
    assert jobs.run_inline(first.job).state == Job.State.DONE
    assert run_selector.reproduction(first) is None
    second = runs.reproduce(first, admin)
    assert second.snapshot == first.snapshot
    assert jobs.run_inline(second.job).state == Job.State.DONE
    found = run_selector.reproduction(second)
    assert found is not None
    assert found["same"], found
    assert found["epochs"] == first.epochs.count()
    Epoch.objects.filter(run=first, number=2).update(train_loss=9.0)
    changed = run_selector.reproduction(second)
    assert changed is not None
    assert not changed["same"]
    assert changed["loss_difference"] > 1


def test_only_admins_reproduce(site: Site, admin: User, expert: User) -> None:
    run = started(site, admin)
    with pytest.raises(NotAllowed):
        runs.reproduce(run, expert)
    with pytest.raises(Conflict):
        runs.reproduce(run, admin)
