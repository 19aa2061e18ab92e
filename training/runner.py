"""A long job's own process: `python -m training.runner JOB_ID FENCE SUPERVISOR_PID`.

It renews the job's lease itself, writes results only while its fence is the newest, keeps its
checkpoints in its attempt's own directory, and dies with the process that started it, so that a
resumed attempt never meets its orphan. What it does is in `training.work`.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING

from training.processes import CANCELLED, DONE, FAILED, FENCED, failure_path

if TYPE_CHECKING:
    from core.jobs import JobContext

PR_SET_PDEATHSIG = 1  # linux/prctl.h
NICENESS = 5  # a training never makes the pages slow


def main(arguments: list[str]) -> int:
    """Do the work of a job under a fence; the exit status says how it ended."""
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
    """Work under a claim that somebody else holds the other end of."""
    from core.jobs import Cancelled, Fenced, Heartbeat, JobContext
    from core.models import Job
    from domain.errors import MyotraceError
    from training.backends.contract import Stopped
    from training.work import work

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
    except Exception as error:
        traceback.print_exc()
        return _failed(context, _in_words(error))
    return DONE


def _in_words(error: Exception) -> str:
    from training.backends.contract import is_out_of_memory

    if is_out_of_memory(error):
        return "Out of memory: use a smaller batch_size or image_size."
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return (
            "The disk is full. The last complete checkpoint is kept: make room in the data"
            " directory, then repeat the run."
        )
    return f"Unexpected: {type(error).__name__}: {error}"


def _failed(context: JobContext, reason: str) -> int:
    failure_path(context.directory).write_text(reason)
    return FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
