"""Watching a run's own process from the worker: start, relay of cancel, restart after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from core.jobs import Cancelled, Fenced, JobContext
from training.backends.contract import TrainingFailed
from training.processes import CANCELLED, DONE, FAILED, FENCED, failure_path
from training.selectors import runs
from training.services import devices

if TYPE_CHECKING:
    from training.models import Run
    from training.services.devices import Leased

PROCESS_STARTS = 3
POLL_SECONDS = 0.5
STOP_SECONDS = 8.0  # cancel takes effect within 10 s, polling included


class DeviceLost(Exception):
    """Another run has the device by now: this attempt's lease had run out."""


def supervise(context: JobContext) -> dict[str, Any]:
    """Run the training of a job in a process of its own, to its end, and say what came of it."""
    supervise_process(context)
    return _result(runs.of_job(context.job))


def supervise_process(context: JobContext) -> None:
    """Run a job's runner to its end.

    A process that is killed is started again in the same attempt and goes on from its last
    checkpoint, up to three times. Raises Cancelled, Fenced, or TrainingFailed with the reason.
    """
    killed = 0
    while killed < PROCESS_STARTS:
        try:
            code = run_process(context)
        except DeviceLost as lost:
            context.raise_if_cancelled()
            _tell(context, f"{lost} This one ends and looks for another.")
            continue
        if code == DONE:
            return
        _raise_for(code, context)
        killed += 1
        _tell(context, f"The training process was ended by signal {-code} ({killed}. time).")
    raise TrainingFailed(
        f"The training process was killed {PROCESS_STARTS} times, probably for want of memory:"
        " start again with a smaller batch_size or image_size."
    )


def run_process(context: JobContext) -> int:
    """Start the runner on a device of its own and wait for its end.

    It is asked to stop when the job is cancelled. Raises DeviceLost.
    """
    log = context.directory / "runner.log"
    with devices.leased(context) as device, log.open("ab") as output:
        if device is not None:
            _tell(context, f"Trains on {device}.")
        process = subprocess.Popen(
            command(str(context.job.pk), context.fence),
            cwd=settings.BASE_DIR,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **(device.environment if device else {})},
        )
        try:
            return _watch(process, context, device)
        finally:
            _end(process)


def command(job_id: str, fence: int) -> list[str]:
    """How the runner is called; it dies with this very process."""
    return [sys.executable, "-m", "training.runner", job_id, str(fence), str(os.getpid())]


def _result(run: Run) -> dict[str, Any]:
    return {
        "run": run.pk,
        "model": run.model.name if run.model else None,
        "epochs": run.epochs.count(),
        "best_validation_dice": run.best_validation_dice,
    }


def _watch(process: subprocess.Popen[bytes], context: JobContext, device: Leased | None) -> int:
    while True:
        try:
            return process.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        if device is not None and not device.keep():
            raise DeviceLost(f"Another run has {device} by now.")
        try:
            context.raise_if_cancelled()
        except Cancelled:
            return _wait_for_stop(process)


def _wait_for_stop(process: subprocess.Popen[bytes]) -> int:
    """The runner sees the cancelled row itself; one that does not is ended."""
    try:
        return process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        return CANCELLED


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)  # nnU-Net's pools too
        process.wait()


def _raise_for(code: int, context: JobContext) -> None:
    """Raise what an exit status stands for; a signal's (negative) raises nothing."""
    context.raise_if_cancelled()
    if code == CANCELLED:
        raise Cancelled("Cancelled on request. The last checkpoint is kept.")
    if code == FENCED:
        raise Fenced("Another attempt has taken this job over.")
    if code == FAILED:
        raise TrainingFailed(_read(failure_path(context.directory)))
    if code >= 0:
        tail = _read(context.directory / "runner.log")[-1500:]
        raise TrainingFailed(
            f"The training process ended with status {code}. Its last words: {tail}"
        )


def _read(path: Path) -> str:
    return path.read_text(errors="replace").strip() if path.exists() else ""


def _tell(context: JobContext, line: str) -> None:
    """Add to the log that the runner wrote meanwhile."""
    context.job.refresh_from_db(fields=["log"])
    context.log(line)
