"""Several processes that ask at the same moment, on one database, and one that is killed."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.installation import kill_group
from tests.training.test_faults import PREPARE, TrainingInstallation, wait_until

pytestmark = pytest.mark.training

PROGRAM = """
import django, os, pathlib, time
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()
from django.conf import settings
from annotation.models import Site
from core.jobs import JobContext
from core.models import User
from core.services import jobs
from domain.errors import Conflict
from training.services import devices, retraining, runs

def say(name, words):
    (settings.MYOTRACE_DATA / f"{name}-{os.getpid()}").write_text(words)

site, admin = Site.objects.get(), User.objects.get(username="admin")
"""
WAIT_FOR_THE_OTHERS = """
say("ready", "")
while not (settings.MYOTRACE_DATA / "go").exists():
    time.sleep(0.001)
"""
LEASE = """
job = jobs.claim(str(jobs.submit("train", {"site": site.pk}).pk))
""" + WAIT_FOR_THE_OTHERS + """
while True:
    device = devices.lease(JobContext(job))
    say("device", device.environment["CUDA_VISIBLE_DEVICES"] if device else "")
    if device:
        break
    time.sleep(0.05)
while device.keep():
    time.sleep(0.2)
"""  # fmt: skip
BY_HAND = WAIT_FOR_THE_OTHERS + """
try:
    say("run", f"run {runs.start(site, 'prior', {}, admin).pk}")
except Conflict as conflict:
    say("run", str(conflict))
"""  # fmt: skip
BY_RULE = WAIT_FOR_THE_OTHERS + """
run = retraining.consider(site.pk)
say("run", f"run {run.pk}" if run else "none")
"""  # fmt: skip
WITH_A_RULE = """
from annotation.models import Site
from training.models import RetrainPolicy
RetrainPolicy.objects.create(site=Site.objects.get(), after_subjects=1, backend="prior",
                             settings={})
"""  # fmt: skip


class Here(TrainingInstallation):
    """Two devices, and leases that run out within seconds."""

    @property
    def environment(self) -> dict[str, str]:
        return {
            **super().environment,
            "MYOTRACE_JOB_LEASE_SECONDS": "4",
            "MYOTRACE_DEVICES": "0,GPU-5a",
        }

    def said(self, name: str) -> dict[int, str]:
        """What each process has said last, by its number."""
        return {
            int(path.name.rpartition("-")[2]): path.read_text()
            for path in self.data.glob(f"{name}-*")
        }


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Here(tmp_path_factory.mktemp("prepared")).prepare(PREPARE)


@pytest.fixture
def here(prepared: Path, tmp_path: Path) -> Here:
    return Here(Path(shutil.copytree(prepared, tmp_path / "data")))


def start_at_once(here: Here, stack: ExitStack, bodies: Sequence[str]) -> dict[int, object]:
    """A process for each body; all go on at the same moment."""
    started = [
        stack.enter_context(here.process([sys.executable, "-c", PROGRAM + body])) for body in bodies
    ]
    wait_until(lambda: len(here.said("ready")) == len(bodies), "all processes")
    (here.data / "go").touch()
    return {process.pid: process for process in started}


def test_no_two_share_a_device_and_that_of_a_killed_one_is_free_again(here: Here) -> None:
    with ExitStack() as stack:
        processes = start_at_once(here, stack, [LEASE] * 4)
        wait_until(lambda: len(here.said("device")) == 4, "an answer for each")
        held = {pid: device for pid, device in here.said("device").items() if device}
        assert sorted(held.values()) == ["0", "GPU-5a"]
        victim, device = next(iter(held.items()))
        kill_group(processes[victim])
        wait_until(
            lambda: sum(one == device for one in here.said("device").values()) == 2, "an heir"
        )
        heirs = [pid for pid, one in here.said("device").items() if one == device and pid != victim]
        assert len(heirs) == 1
        other = next(pid for pid in held if pid != victim)
        assert here.said("device")[other] == held[other], "who lives keeps what it has"
        waits = [pid for pid, one in here.said("device").items() if not one]
        assert len(waits) == 1, "the fourth waits on"


def test_of_four_who_ask_for_a_run_at_once_one_gets_it(here: Here) -> None:
    here.run_python(WITH_A_RULE)
    with ExitStack() as stack:
        start_at_once(here, stack, [BY_HAND, BY_RULE] * 2)
        wait_until(lambda: len(here.said("run")) == 4, "an answer for each")
    answers = sorted(here.said("run").values())
    assert sum(answer.startswith("run ") for answer in answers) == 1, json.dumps(answers)
    refused = [answer for answer in answers if not answer.startswith("run ")]
    assert all(answer == "none" or "is being trained already" in answer for answer in refused)
    assert here.row("SELECT count(*) FROM training_run") == (1,)
    assert here.row("SELECT count(*) FROM core_job WHERE kind = 'train'") == (1,)
    assert here.row("SELECT count(*) FROM training_snapshot") == (1,)
    assert here.row("SELECT count(*) FROM core_auditevent WHERE verb = 'run started'") == (1,)
