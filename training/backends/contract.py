"""What a backend is given, reports and hands back: plain data, no Django, no torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from domain.calibration import PixelSpacing
from domain.errors import MyotraceError
from training.backends.checkpoints import CheckpointStore

LabelMap = NDArray[np.uint8]
Predict = Callable[[NDArray[np.uint8], PixelSpacing | None], LabelMap]
"""Stored pixels uint8 (h, w) and their calibration -> the label of each pixel."""


class TrainingFailed(MyotraceError):
    """The training cannot go on; the message says why and what to change."""


class OutOfMemory(TrainingFailed):
    """Memory did not suffice for `batch_size` scans or patches a step."""

    def __init__(self, batch_size: int) -> None:
        super().__init__(
            f"Out of memory with {batch_size} a step: use a smaller batch_size or image_size."
        )
        self.batch_size = batch_size


def is_out_of_memory(error: BaseException) -> bool:
    """Whether Python or torch ran out of memory; torch is known by name, it is not loaded here."""
    named = type(error).__name__ == "OutOfMemoryError" or "allocate memory" in str(error)
    return isinstance(error, MemoryError) or named


@contextmanager
def memory_for(batch_size: int) -> Iterator[None]:
    """Raise OutOfMemory in place of whatever is raised when memory runs out."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise OutOfMemory(batch_size) from error
        raise


class Stopped(Exception):
    """The training was asked to stop; its newest checkpoint is complete."""


@dataclass(frozen=True)
class TrainingImage:
    """One scan with its reference: `pixels` and `label_map` are uint8 (h, w) of the same shape.

    The label map holds 0 for background and 1..n in the order of the site's labels. `spacing` is
    None without a calibration.
    """

    pixels: NDArray[np.uint8]
    label_map: LabelMap
    subject: str
    spacing: PixelSpacing | None = None


@dataclass(frozen=True)
class TrainingData:
    """A snapshot, decoded. The two sequences may decode an image each time it is asked for."""

    site: str
    labels: tuple[str, ...]
    train: Sequence[TrainingImage]
    validation: Sequence[TrainingImage]
    digest: str

    @property
    def classes(self) -> int:
        """Labels and the background."""
        return len(self.labels) + 1

    def check(self) -> None:
        """Raise TrainingFailed unless there is something to learn from and to select on."""
        if not self.labels:
            raise TrainingFailed(f"The site {self.site} has no label: add one, then train again.")
        if not self.train:
            raise TrainingFailed(
                f"The site {self.site} has no approved image of a training subject:"
                " approve some, or assign the split again."
            )
        if not self.validation:
            raise TrainingFailed(
                f"The site {self.site} has no approved image of a validation subject, so no epoch"
                " can be chosen: approve some, or assign the split again."
            )
        missing = self._never_shown()
        if missing:
            raise TrainingFailed(
                f"No training scan of {self.site} shows {', '.join(missing)}: approve outlines of"
                " it on training subjects, or retire the label."
            )

    def _never_shown(self) -> list[str]:
        """The labels that are on no training scan, in the site's order."""
        shown: set[int] = set()
        for scan in self.train:
            shown.update(np.unique(scan.label_map).tolist())
            if len(shown) == self.classes:
                return []
        return [label for n, label in enumerate(self.labels, start=1) if n not in shown]


@dataclass(frozen=True)
class EpochRow:
    """One finished epoch. `validation_dice`: mean over labels, then images, then subjects."""

    number: int
    train_loss: float
    validation_loss: float
    validation_dice: float
    learning_rate: float
    seconds: float


class Reporter(Protocol):
    """Where a backend reports to and asks whether to go on."""

    @property
    def checkpoints(self) -> CheckpointStore:
        """This attempt's checkpoints, and those of earlier attempts of the same run."""

    def epoch(self, row: EpochRow) -> None:
        """An epoch ended; called once per number and attempt."""

    def should_stop(self) -> bool:
        """Whether to raise `Stopped`; asked before every batch, so it must be cheap."""

    def log(self, line: str) -> None:
        """One line for the run's log."""


@dataclass(frozen=True)
class Trained:
    """The result: an ONNX file, what only the backend knows of its card, and its own prediction.

    `card` holds family, input, normalisation, postprocessing, libraries, training. `predict` is
    the trained network itself (not the ONNX file), for the proof that both say the same.
    """

    onnx: bytes
    card: dict[str, Any]
    predict: Predict
    epochs: int
    best_epoch: int
    best_validation_dice: float


class Backend(Protocol):
    """A way to train a model for a site, found by its name."""

    name: str

    def settings(self, given: Mapping[str, object]) -> dict[str, Any]:
        """Every setting, the given ones checked; InvalidInput names the one that is wrong."""

    def describe(self) -> list[dict[str, Any]]:
        """Name, kind, default, limits and help of every setting, for forms and documentation."""

    def train(self, data: TrainingData, settings: Mapping[str, Any], reporter: Reporter) -> Trained:
        """Train to the end, from the newest valid checkpoint if there is one.

        Raises Stopped when asked to stop, TrainingFailed when the training cannot go on.
        """
