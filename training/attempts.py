"""What the attempts of a job leave for the next one: checkpoints and finished members."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.data import job_directory
from core.durable import write_file
from training.backends.checkpoints import CheckpointStore
from training.members import FinishedMembers

if TYPE_CHECKING:
    from core.jobs import JobContext


class Attempt:
    """An attempt's own directory to write to, and those of the job's earlier attempts to read."""

    def __init__(self, context: JobContext) -> None:
        attempts = job_directory(str(context.job.pk))
        self._here = context.directory
        self._earlier = [attempts / str(number) for number in range(1, context.fence)]

    def checkpoints(self, name: str) -> CheckpointStore:
        """The checkpoints of one of the job's trainings."""
        return CheckpointStore(*self._places(lambda attempt: attempt / "checkpoints" / name))

    @property
    def finished(self) -> FinishedMembers:
        """The trainings of this job that are over."""
        return FinishedMembers(*self._places(lambda attempt: attempt / "finished"))

    def remember(self, name: str, value: Any) -> None:
        """Keep what is done so far (JSON) for a later attempt."""
        write_file(self._here / "finished" / f"{name}.json", json.dumps(value).encode())

    def recall(self, name: str) -> Any:
        """What the newest attempt kept under that name; None if nothing whole."""
        for attempt in (self._here, *reversed(self._earlier)):
            try:
                return json.loads((attempt / "finished" / f"{name}.json").read_bytes())
            except (OSError, ValueError):
                continue
        return None

    def clear(self) -> None:
        """Remove checkpoints and finished members: the result is kept elsewhere."""
        for attempt in (self._here, *self._earlier):
            shutil.rmtree(attempt / "checkpoints", ignore_errors=True)
            shutil.rmtree(attempt / "finished", ignore_errors=True)

    def _places(self, below: Callable[[Path], Path]) -> tuple[Path, list[Path]]:
        return below(self._here), [below(attempt) for attempt in self._earlier]
