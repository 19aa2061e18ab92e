"""Runs of several members: each from its own seed, resumed where it was, one file of all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from annotation.models import Site
from core.data import models_directory
from core.jobs import JobContext
from core.models import Job, User
from core.services import jobs
from domain.errors import InvalidInput
from inference.card import read_card
from inference.models import ModelVersion
from inference.runtime import load
from tests.training.examples import RecordingReporter, ellipse_data
from training import backends, runner, work
from training.backends.contract import EpochRow, OutOfMemory, TrainingFailed
from training.members import FinishedMembers, Member, train_member
from training.models import Run
from training.services import runs, supervision

FAST = {"max_epochs": 2, "members": 3}
MEMBER = Member(b"onnx", {"family": "unet"}, 5, 3, 0.9, 0.0)


class Killed(BaseException):
    """Stands for the end of a process: nothing on the way out runs."""


@pytest.mark.django_db
@pytest.mark.usefixtures("approved", "in_this_process")
def test_a_run_of_three_members_ends_in_one_file_that_answers_for_each(
    site: Site, admin: User
) -> None:
    run = runs.start(site, "prior", FAST, admin)
    job = jobs.run_inline(run.job)
    assert (job.state, job.error) == (Job.State.DONE, "")
    assert [(epoch.member, epoch.number) for epoch in run.epochs.all()] == [
        (member, number) for member in (1, 2, 3) for number in (1, 2)
    ]
    model = ModelVersion.objects.get()
    card = read_card(model.card)
    assert card.members == 3
    assert len(model.card["training"]["best_epoch"]) == 3
    onnx = (models_directory() / f"{model.sha256}.onnx").read_bytes()
    data = ellipse_data(train=1, validation=1)
    predicted = load(onnx, card, threads=1).predict(data.train[0].pixels)
    assert predicted.members is not None
    assert predicted.members.shape[0] == 3


@pytest.mark.django_db
@pytest.mark.usefixtures("approved")
def test_a_run_killed_in_its_second_member_goes_on_there(
    site: Site, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.start(site, "prior", FAST, admin)
    trained: list[int] = []
    kept_epoch = work.RunReporter.epoch

    def epoch(self: work.RunReporter, row: EpochRow) -> None:
        kept_epoch(self, row)
        trained.append(self.stage.number)
        if (self.stage.number, row.number, len(trained)) == (2, 1, 3):
            raise Killed

    monkeypatch.setattr(work.RunReporter, "epoch", epoch)
    claimed = jobs.claim(str(run.job.pk))
    with pytest.raises(Killed):
        runner.run(str(claimed.pk), claimed.fence)
    assert trained == [1, 1, 2]
    monkeypatch.setattr(supervision, "run_process", in_process)
    Job.objects.update(state=Job.State.LOST)
    job = jobs.run_inline(run.job)
    assert (job.state, job.attempts) == (Job.State.DONE, 2), job.error
    assert trained[3:] in ([2, 3, 3], [2, 2, 3, 3]), "the first member was not trained again"
    assert Run.objects.get().epochs.count() == 6
    assert read_card(ModelVersion.objects.get().card).members == 3


def in_process(context: JobContext) -> int:
    return runner.run(str(context.job.pk), context.fence)


@pytest.mark.parametrize("backend", sorted(backends.BACKENDS))
@pytest.mark.parametrize("members", [0, 6, "many"])
def test_one_to_five_members(backend: str, members: object) -> None:
    with pytest.raises(InvalidInput, match="members"):
        backends.get(backend).settings({"members": members})
    assert backends.get(backend).settings({"members": 5})["members"] == 5


def test_a_finished_member_is_found_whole_or_not_at_all(tmp_path: Path) -> None:
    earlier, here = tmp_path / "1", tmp_path / "2"
    FinishedMembers(earlier).keep("member-1", MEMBER)
    store = FinishedMembers(here, [earlier])
    assert store.find("member-1") == MEMBER
    assert store.find("member-2") is None
    (earlier / "member-1.onnx").write_bytes(b"torn")
    assert store.find("member-1") is None
    (earlier / "member-1.json").write_text(json.dumps({})[:1])
    assert store.find("member-1") is None


class Hungry:
    """A backend whose memory suffices for `room` scans a step."""

    name = "hungry"

    def __init__(self, room: int) -> None:
        self.room = room
        self.asked: list[int] = []

    def train(self, data: Any, settings: Any, reporter: Any) -> Any:
        self.asked.append(settings["batch_size"])
        if settings["batch_size"] > self.room:
            raise OutOfMemory(settings["batch_size"])
        return backends.get("prior").train(data, {"max_epochs": 1}, reporter)


def test_out_of_memory_is_tried_once_more_with_half_the_batch(tmp_path: Path) -> None:
    data, reporter = ellipse_data(train=4, validation=2), RecordingReporter(tmp_path)
    backend = Hungry(room=4)
    member = train_member(backend, data, {"batch_size": 8}, reporter)
    assert backend.asked == [8, 4]
    assert member.epochs == 1
    assert any("tried once more with batch_size 4" in line for line in reporter.lines)


@pytest.mark.parametrize(("batch_size", "asked"), [(16, [16, 8]), (1, [1])])
def test_out_of_memory_twice_ends_in_words(
    tmp_path: Path, batch_size: int, asked: list[int]
) -> None:
    backend = Hungry(room=0)
    with pytest.raises(TrainingFailed, match="Out of memory with"):
        train_member(
            backend, ellipse_data(train=2, validation=2), {"batch_size": batch_size},
            RecordingReporter(tmp_path),
        )  # fmt: skip
    assert backend.asked == asked


def test_torch_out_of_memory_is_known_without_torch() -> None:
    from training.backends.contract import memory_for

    class OutOfMemoryError(RuntimeError):
        """As torch names it."""

    for error in (OutOfMemoryError("CUDA"), MemoryError(), RuntimeError("can't allocate memory")):
        with pytest.raises(OutOfMemory, match="Out of memory with 8"), memory_for(8):
            raise error
    with pytest.raises(RuntimeError, match="other"), memory_for(8):
        raise RuntimeError("other")
