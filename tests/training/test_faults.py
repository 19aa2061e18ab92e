"""kill -9 of a run's own process and of its worker: the run goes on and ends with one model."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.faults.installation import Installation, kill_group

pytestmark = pytest.mark.training

PREPARE = """
from annotation.services import members, scans, sites, studies
from core.services import users
from domain.calibration import PixelSpacing
from tests.training.studies import approved_study
study = studies.create("lab", actor=None)
site = sites.create(study, "rectus-femoris", ["RF"], actor=None)
people = {}
for role in ("annotator", "expert", "admin"):
    people[role] = users.create(role, actor=None)
    members.add(study, people[role], role, actor=None)

def make_image(code, pixels):
    image, _ = scans.add_image(
        study, site=site, subject_code=code, pixels=pixels, actor=None,
        spacing=PixelSpacing(0.1, 0.1, "phantom"),
    )
    return image

approved_study(make_image, people["annotator"], people["expert"])
"""
EPOCHS = 40
LEASE_SECONDS = 12


class TrainingInstallation(Installation):
    """An installation whose lost jobs are found within seconds."""

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "MYOTRACE_JOB_LEASE_SECONDS": str(LEASE_SECONDS)}

    def worker(self) -> AbstractContextManager[subprocess.Popen[bytes]]:
        celery = [sys.executable, "-m", "celery", "--app", "config.celery:application", "worker"]
        return self.process([*celery, "--queues", "training,short", "--concurrency", "2"])

    def reconciler(self) -> AbstractContextManager[subprocess.Popen[bytes]]:
        return self.process([sys.executable, "manage.py", "reconcile", "--every", "1"])

    def row(self, query: str) -> tuple[Any, ...]:
        """The first row of a query on the database as it is now."""
        path = next(self.data.glob("*.sqlite3"))
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)
        try:
            return connection.execute(query).fetchone()  # type: ignore[no-any-return]
        finally:
            connection.close()

    def job(self) -> dict[str, Any]:
        row = self.row("SELECT state, attempts, error, log FROM core_job WHERE kind = 'train'")
        return dict(zip(("state", "attempts", "error", "log"), row, strict=True))

    def epochs(self) -> int:
        return int(self.row("SELECT count(*) FROM training_epoch")[0])

    def models(self) -> int:
        return int(self.row("SELECT count(*) FROM inference_modelversion")[0])


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of an installation with a study that is ready to train."""
    return TrainingInstallation(tmp_path_factory.mktemp("prepared")).prepare(PREPARE)


@pytest.fixture
def here(prepared: Path, tmp_path: Path) -> TrainingInstallation:
    return TrainingInstallation(Path(shutil.copytree(prepared, tmp_path / "data")))


SLOW_PRIOR = ("prior", f"max_epochs={EPOCHS}", "seconds_per_epoch=0.3")
SHORT_EPOCHS_OF_NNUNET = (
    "nnunet",
    "plans=small",
    "max_epochs=500",
    "iterations_per_epoch=2",
    "validation_iterations=1",
)


@contextmanager
def training(
    here: TrainingInstallation, backend: str = SLOW_PRIOR[0], *settings: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A run that takes a while, under way: yields the worker."""
    given = [part for one in settings or SLOW_PRIOR[1:] for part in ("--set", one)]
    started = here.manage("train", "rectus-femoris", "--study", "lab", "--backend", backend, *given)
    assert started.returncode == 0, started.stderr
    with here.reconciler(), here.worker() as worker:
        wait_until(lambda: here.epochs() >= 3, "the third epoch")
        yield worker


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 150.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.1)


def runner_pids() -> list[int]:
    """The processes of `training.runner` that this test's installation started."""
    pids = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if b"training.runner" in words:
                    pids.append(int(entry.name))
    return pids


def own_runner(here: TrainingInstallation) -> int:
    """The runner whose environment names this installation's data directory."""
    marker = f"MYOTRACE_DATA={here.data}".encode()
    mine = [pid for pid in runner_pids() if marker in environment_of(pid)]
    assert len(mine) == 1
    return mine[0]


def environment_of(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def assert_one_whole_result(here: TrainingInstallation) -> None:
    job = here.job()
    assert (job["state"], job["error"]) == ("done", ""), job["log"]
    assert "Resumed after epoch" in job["log"]
    assert here.models() == 1
    assert here.epochs() == EPOCHS
    verified = here.manage("verify", "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_a_killed_process_is_started_again_and_goes_on(here: TrainingInstallation) -> None:
    with training(here):
        before = here.epochs()
        os.kill(own_runner(here), signal.SIGKILL)
        wait_until(lambda: here.job()["state"] == "done", "the end of the run")
    assert "signal 9" in here.job()["log"]
    assert here.job()["attempts"] == 1
    assert before >= 3
    assert_one_whole_result(here)


def test_a_killed_worker_takes_its_process_along_and_another_goes_on(
    here: TrainingInstallation,
) -> None:
    with training(here) as worker:
        orphan = own_runner(here)
        kill_group(worker)
        wait_until(lambda: not is_alive(orphan), "the end of the orphan", seconds=5)
        reached = here.epochs()
        assert here.job()["state"] == "running"
        with here.worker():
            wait_until(lambda: here.job()["attempts"] == 2, "the second attempt")
            wait_until(lambda: here.job()["state"] == "done", "the end of the run")
    assert 3 <= reached < EPOCHS
    assert_one_whole_result(here)


def test_cancel_takes_effect_within_ten_seconds_and_leaves_a_checkpoint(
    here: TrainingInstallation,
) -> None:
    with training(here):
        assert_cancelled_within_ten_seconds(here)


def test_nnu_net_in_a_prefork_worker_goes_on_after_a_kill_and_stops_when_cancelled(
    here: TrainingInstallation,
) -> None:
    with training(here, *SHORT_EPOCHS_OF_NNUNET):
        before = here.epochs()
        os.kill(own_runner(here), signal.SIGKILL)
        wait_until(lambda: "Resumed after epoch" in here.job()["log"], "the second process")
        resumed = int(here.job()["log"].rpartition("Resumed after epoch ")[2].partition(".")[0])
        # The kill may fall between an epoch's row and its checkpoint.
        assert resumed >= before - 1
        wait_until(lambda: here.epochs() > resumed + 1, "another epoch")
        assert_cancelled_within_ten_seconds(here)


def assert_cancelled_within_ten_seconds(here: TrainingInstallation) -> None:
    process = own_runner(here)
    here.run_python(
        "from core.models import User\n"
        "from training.models import Run\n"
        "from training.services import runs\n"
        "runs.cancel(Run.objects.get(), User.objects.get(username='admin'))\n"
    )
    wait_until(lambda: here.job()["state"] == "cancelled", "the cancel", seconds=10)
    assert not is_alive(process)
    assert here.models() == 0
    kept = list(here.data.glob("jobs/*/*/checkpoints/member-1/checkpoint-*.sha256"))
    assert 1 <= len(kept) <= 2
