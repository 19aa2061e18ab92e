"""One training a device: leased, renewed, given back, and free again when its holder is gone."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from annotation.models import Site
from core.jobs import Cancelled, JobContext
from core.models import Job, User
from core.services import jobs
from training import processes
from training.models import DeviceLease
from training.services import devices, runs, supervision

pytestmark = pytest.mark.django_db


@pytest.fixture
def attempt(site: Site) -> Callable[[], JobContext]:
    """`attempt()`: a claimed job of its own."""

    def make() -> JobContext:
        job = jobs.claim(str(jobs.submit("train", {"site": site.pk}).pk))
        assert job is not None
        return JobContext(job)

    return make


@pytest.fixture
def two_devices(settings: Any) -> None:
    settings.TRAINING_DEVICES = ["0", "GPU-5a"]


def name_of(device: devices.Leased | None) -> str | None:
    return device.environment["CUDA_VISIBLE_DEVICES"] if device else None


@pytest.mark.usefixtures("two_devices")
def test_each_has_a_device_until_there_is_none(attempt: Callable[[], JobContext]) -> None:
    first, second = devices.lease(attempt()), devices.lease(attempt())
    assert (name_of(first), name_of(second)) == ("0", "GPU-5a")
    assert devices.lease(attempt()) is None
    assert first is not None
    first.give_back()
    assert name_of(devices.lease(attempt())) == "0"


@pytest.mark.usefixtures("two_devices")
def test_another_computer_has_devices_of_its_own(
    attempt: Callable[[], JobContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    devices.lease(attempt())
    monkeypatch.setattr(devices.socket, "gethostname", lambda: "other")
    assert name_of(devices.lease(attempt())) == "0"
    assert DeviceLease.objects.filter(device="0", lease_until__isnull=False).count() == 2


@pytest.mark.parametrize("moved", [timedelta(seconds=-1), timedelta(days=30)])
def test_what_a_dead_worker_held_is_free_when_its_lease_is_over(
    attempt: Callable[[], JobContext], settings: Any, moved: timedelta
) -> None:
    """Run out, or far ahead because the clock was set back since."""
    settings.TRAINING_DEVICES, settings.JOB_HEARTBEAT_SECONDS = ["0"], 0
    dead = devices.lease(attempt())
    assert dead is not None
    assert dead.keep()
    DeviceLease.objects.update(lease_until=timezone.now() + moved)
    heir = attempt()
    taken = devices.lease(heir)
    assert taken is not None
    assert not dead.keep(), "it wakes up and finds that it has lost the device"
    dead.give_back()
    row = DeviceLease.objects.get()
    assert (row.job, row.fence) == (heir.job, heir.fence)
    assert taken.keep()


def test_who_finds_none_free_waits_says_so_and_hears_a_cancel(
    attempt: Callable[[], JobContext],
    admin: User,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.TRAINING_DEVICES = ["0"]
    devices.lease(attempt())
    waiting = attempt()
    said = []

    def sleep(_: float) -> None:
        said.append(Job.objects.get(pk=waiting.job.pk).message)
        jobs.cancel(waiting.job, admin)

    monkeypatch.setattr(devices.time, "sleep", sleep)
    with pytest.raises(Cancelled), devices.leased(waiting):
        pytest.fail("it has no device")
    assert said == ["waits for a free device"]


def test_without_names_nothing_is_leased(attempt: Callable[[], JobContext]) -> None:
    with devices.leased(attempt()) as device:
        assert device is None
    assert not DeviceLease.objects.exists()


@pytest.mark.usefixtures("approved")
def test_the_runner_s_process_gets_its_device_and_gives_it_back(
    site: Site, admin: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TRAINING_DEVICES = ["7"]
    program = "import os, sys; sys.exit(int(os.environ['CUDA_VISIBLE_DEVICES']) + 3)"
    monkeypatch.setattr(supervision, "command", lambda *_: [sys.executable, "-c", program])
    job = jobs.run_inline(runs.start(site, "prior", {}, admin).job)
    assert "Trains on device 7 of" in job.log
    assert job.state == Job.State.CANCELLED, "10 is the status of a runner that was asked to stop"
    row = DeviceLease.objects.get()
    assert (row.job, row.lease_until) == (None, None)


def test_a_training_whose_device_was_given_to_another_is_ended(
    attempt: Callable[[], JobContext], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TRAINING_DEVICES = ["0"]
    monkeypatch.setattr(devices.Leased, "keep", lambda self: False)
    program = "import time; time.sleep(600)"
    monkeypatch.setattr(supervision, "command", lambda *_: [sys.executable, "-c", program])
    with pytest.raises(supervision.DeviceLost, match="Another run has device 0"):
        supervision.run_process(attempt())


def test_a_lost_device_is_no_lack_of_memory(
    attempt: Callable[[], JobContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = [supervision.DeviceLost("Another run has device 0 by now.")] * 5 + [processes.DONE]

    def run_process(context: JobContext) -> int:
        end = ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return end

    monkeypatch.setattr(supervision, "run_process", run_process)
    context = attempt()
    supervision.supervise_process(context)
    assert not ends
    assert Job.objects.get(pk=context.job.pk).log.count("looks for another") == 5
