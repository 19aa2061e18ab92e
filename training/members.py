"""The members of a run: each trained, proven and kept, then made into one model.

A run of one network has one member. What is finished is kept in the attempt's directory, so that a
run that was killed goes on at the member and the epoch where it was.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.durable import write_file
from inference.card import read_card
from inference.runtime import Predictor, load, most_probable
from training import cards
from training.backends.contract import OutOfMemory, TrainingFailed
from training.backends.ensemble import merge
from training.backends.equality import require_equal

if TYPE_CHECKING:
    from training.backends.contract import Backend, Reporter, TrainingData


@dataclass(frozen=True)
class Member:
    """A trained network as an ONNX file that says what the network says.

    card holds what only the backend knows of the model's card; differing_share is the largest
    share of a validation scan's pixels to which file and network give different labels.
    """

    onnx: bytes
    card: dict[str, Any]
    epochs: int
    best_epoch: int
    best_validation_dice: float
    differing_share: float


class FinishedMembers:
    """Members that are trained already, by name: written into one directory, read from all."""

    def __init__(self, directory: Path, earlier: Sequence[Path] = ()) -> None:
        self._directory = directory
        self._all = (directory, *earlier)

    def keep(self, name: str, member: Member) -> None:
        """Write the file, then the record that names its hash."""
        facts = asdict(member)
        onnx = facts.pop("onnx")
        write_file(self._directory / f"{name}.onnx", onnx)
        facts["sha256"] = hashlib.sha256(onnx).hexdigest()
        write_file(self._directory / f"{name}.json", json.dumps(facts).encode())

    def find(self, name: str) -> Member | None:
        """The member of that name, if it is whole in any attempt."""
        for directory in self._all:
            try:
                facts = json.loads((directory / f"{name}.json").read_bytes())
                onnx = (directory / f"{name}.onnx").read_bytes()
            except (OSError, ValueError):
                continue
            if hashlib.sha256(onnx).hexdigest() == facts.pop("sha256", ""):
                return Member(onnx=onnx, **facts)
        return None

    def clear(self) -> None:
        """Remove what was kept in all attempts."""
        for directory in self._all:
            for path in [*directory.glob("*.onnx"), *directory.glob("*.json")]:
                path.unlink(missing_ok=True)


def train_member(
    backend: Backend, data: TrainingData, settings: Mapping[str, Any], reporter: Reporter
) -> Member:
    """Train one network and prove its ONNX file against it.

    Where memory does not suffice it is tried once more with half the batch. Raises Stopped when
    asked to stop, TrainingFailed when the training cannot go on.
    """
    try:
        trained = backend.train(data, settings, reporter)
    except OutOfMemory as error:
        halved = error.batch_size // 2
        if not halved:
            raise
        reporter.log(f"{error} It is tried once more with batch_size {halved}.")
        trained = backend.train(data, {**settings, "batch_size": halved}, reporter)
    predictor = _ready(data, trained.card, trained.onnx, members=1)
    share = require_equal(
        lambda pixels, spacing: predictor.predict(pixels, spacing).label_map,
        trained.predict,
        data.validation,
    )
    return Member(
        onnx=trained.onnx,
        card=trained.card,
        epochs=trained.epochs,
        best_epoch=trained.best_epoch,
        best_validation_dice=trained.best_validation_dice,
        differing_share=share,
    )


def seeded(settings: Mapping[str, Any], member: int) -> dict[str, Any]:
    """The settings of the n-th member: its seed is the run's plus n - 1."""
    return {**settings, "seed": settings["seed"] + member - 1}


def joined(members: Sequence[Member], data: TrainingData) -> bytes:
    """One ONNX file of all members. Raises TrainingFailed where one says in it what it did not say.

    Each member's labels on the validation scans are compared with those of its own file.
    """
    onnx = merge([member.onnx for member in members])
    if len(members) == 1:
        return onnx
    together = _ready(data, members[0].card, onnx, members=len(members))
    alone = [_ready(data, member.card, member.onnx, members=1) for member in members]
    for scan in data.validation:
        answers = together.predict(scan.pixels, scan.spacing).members
        assert answers is not None, "a file of several members answers for each"
        for answer, single in zip(answers, alone, strict=True):
            expected = single.predict(scan.pixels, scan.spacing).label_map
            if not np.array_equal(most_probable(answer), expected):
                raise TrainingFailed(
                    "A network says something else in the ensemble's file than alone, so it was"
                    " not registered. Keep the run's log and report this."
                )
    return onnx


def predictor_of(members: Sequence[Member], data: TrainingData) -> Predictor:
    """The members as one model, ready to predict without being registered."""
    onnx = merge([member.onnx for member in members])
    return _ready(data, members[0].card, onnx, members=len(members))


def _ready(data: TrainingData, card: dict[str, Any], onnx: bytes, *, members: int) -> Predictor:
    described = cards.runnable(data.site, data.labels, {**card, "members": members}, onnx)
    return load(onnx, read_card(described))
