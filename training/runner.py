"""A run's own process: `python -m training.runner JOB_ID FENCE SUPERVISOR_PID`.

It renews the job's lease itself, writes each epoch as a row while its fence is the newest, keeps
its checkpoints in its attempt's own directory, and dies with the process that started it, so that
a resumed attempt never meets its orphan.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
import traceback
from typing import TYPE_CHECKING

from training.processes import CANCELLED, DONE, FAILED, FENCED, failure_path

if TYPE_CHECKING:
    from core.jobs import JobContext
    from training.backends.checkpoints import CheckpointStore
    from training.backends.contract import EpochRow
    from training.models import Run

PR_SET_PDEATHSIG = 1  # linux/prctl.h
NICENESS = 5  # a training never makes the pages slow
ASK_SECONDS = 1.0  # cancel is looked up at most so often


def main(arguments: list[str]) -> int:
    """Train the run of a job under a fence; the exit status says how it ended."""
    job_id, fence, supervisor = arguments[0], int(arguments[1]), int(arguments[2])
    die_with(supervisor)
    os.nice(NICENESS)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    return run(job_id, fence)


def die_with(supervisor: int) -> None:
    """End this process when its supervisor does (Linux); at once if it is gone already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != supervisor:
        sys.exit(FENCED)


def run(job_id: str, fence: int) -> int:
    """Train under a claim that somebody else holds the other end of."""
    from core.jobs import Cancelled, Fenced, Heartbeat, JobContext
    from core.models import Job
    from domain.errors import MyotraceError
    from training.backends.contract import Stopped

    job = Job.objects.get(pk=job_id)
    if job.fence != fence or job.state != Job.State.RUNNING:
        return FENCED
    context = JobContext(job)
    try:
        with Heartbeat(context):
            work(context)
    except (Stopped, Cancelled):
        return CANCELLED
    except Fenced:
        return FENCED
    except MyotraceError as error:
        return _failed(context, str(error))
    except MemoryError:
        return _failed(context, "Out of memory: use a smaller batch_size or image_size.")
    except Exception as error:
        traceback.print_exc()
        if _is_out_of_memory(error):
            return _failed(context, "Out of memory: use a smaller batch_size or image_size.")
        return _failed(context, f"Unexpected: {type(error).__name__}: {error}")
    return DONE


def work(context: JobContext) -> None:
    """What is left to do of a run: train and register, then remove the checkpoints."""
    from training.selectors import runs

    found = runs.of_job(context.job)
    store = checkpoint_store(context)
    if found.model is None:
        train_and_register(found, context, store)
    store.clear()


def train_and_register(run: Run, context: JobContext, store: CheckpointStore) -> None:
    """From the snapshot to a registered model whose ONNX file says what the network says."""
    from inference.card import read_card
    from inference.runtime import load
    from training import backends, cards
    from training.backends.equality import require_equal
    from training.preparation import prepare
    from training.services import results

    prepared = prepare(run.snapshot, lambda done, whole: _preparing(context, done, whole))
    for entry in prepared.left_out:
        context.log(
            f"Image {entry['image']} of {entry['subject']} was left out: its pixels are held out."
        )
    reporter = RunReporter(run, context, store)
    trained = backends.get(run.backend).train(prepared.data, run.settings, reporter)
    context.progress(1.0, "checking the exported model")
    onnx = cards.sign(trained.onnx, run)
    card = cards.card(run, trained, onnx, prepared.left_out)
    predictor = load(onnx, read_card(card))
    share = require_equal(
        lambda pixels, spacing: predictor.predict(pixels, spacing).label_map,
        trained.predict,
        prepared.data.validation,
    )
    card["training"]["onnx_differing_share"] = share
    with context.publish():
        results.register(run, onnx, card, trained.best_validation_dice)
    context.log(
        f"{run.model}: best validation Dice {trained.best_validation_dice:.3f} in epoch"
        f" {trained.best_epoch} of {trained.epochs}."
    )


def checkpoint_store(context: JobContext) -> CheckpointStore:
    """This attempt's checkpoints, and where those of the job's earlier attempts lie."""
    from core.data import job_directory
    from training.backends.checkpoints import CheckpointStore

    attempts = job_directory(str(context.job.pk))
    earlier = [attempts / str(number) / "checkpoints" for number in range(1, context.fence)]
    return CheckpointStore(context.directory / "checkpoints", earlier)


class RunReporter:
    """Writes epochs as rows and progress as the job's, and hears a cancel within seconds."""

    def __init__(self, run: Run, context: JobContext, checkpoints: CheckpointStore) -> None:
        self.checkpoints = checkpoints
        self._run, self._context = run, context
        self._asked_at, self._best = 0.0, -1.0

    def epoch(self, row: EpochRow) -> None:
        from training.services import results

        with self._context.publish():
            results.put_epoch(self._run, row)
        self._best = max(self._best, row.validation_dice)
        most = self._run.settings["max_epochs"]
        self._context.progress(
            row.number / most,
            f"epoch {row.number} of at most {most}, validation Dice {row.validation_dice:.3f}"
            f" (best {self._best:.3f})",
        )

    def should_stop(self) -> bool:
        from core.jobs import Cancelled

        if time.monotonic() - self._asked_at < ASK_SECONDS:
            return False
        self._asked_at = time.monotonic()
        try:
            self._context.raise_if_cancelled()
        except Cancelled:
            return True
        return False

    def log(self, line: str) -> None:
        self._context.log(line)


def _preparing(context: JobContext, done: int, whole: int) -> None:
    if done % 50 == 0:
        context.raise_if_cancelled()
        context.progress(0.0, f"preparing scan {done + 1} of {whole}")


def _is_out_of_memory(error: Exception) -> bool:
    return type(error).__name__ == "OutOfMemoryError" or "allocate memory" in str(error)


def _failed(context: JobContext, reason: str) -> int:
    failure_path(context.directory).write_text(reason)
    return FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
