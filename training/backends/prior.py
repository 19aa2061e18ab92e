"""A backend without a network: where a label usually lies, and how bright it usually is.

For each label and pixel of the input it counts how often the label was there (a location prior),
and for each label the mean and spread of its normalised grey values (one Gaussian). Both together
give a probability by Bayes' rule; the picture is smoothed first, and each epoch tries another
weight of the grey values against the place and keeps the best by validation Dice. It trains in
less than a second, needs numpy and onnx only, and is what the tests of the whole loop train.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.recipes.unet import (
    INPUT_NAME,
    NORMALISATION,
    OUTPUT_NAME,
    input_spec,
    prepare,
    prepare_label_map,
    restore,
)
from inference.runtime import most_probable
from training.backends.contract import EpochRow, LabelMap, Reporter, Stopped, Trained, TrainingData
from training.backends.selection import image_dice, mean_by_subject
from training.backends.settings import describe, integer, members, number, parse

OPSET = 17
SMALLEST_SPREAD = 0.1  # of normalised grey values: a label of one grey does not decide alone
PRIOR_BLUR = 1.5  # px of the input: a place next to a seen one is nearly as likely
GREY_WINDOW = 5  # px of the input: speckle is averaged before it is judged

Maps = NDArray[np.float64]


@dataclass(frozen=True)
class PriorSettings:
    """Settings of the location prior."""

    image_size: int = integer(64, 32, 256, "Side of the square input in px, rounded to 32.")
    max_epochs: int = integer(5, 1, 1000, "How many weights of the grey values are tried.")
    seed: int = integer(1, 0, 2**31 - 1, "Stored with the run; nothing here is drawn at random.")
    members: int = members()
    seconds_per_epoch: float = number(
        0.0, 0.0, 60.0, "Wait so long in each epoch: for watching, cancelling and resuming a run."
    )


@dataclass(frozen=True)
class PriorModel:
    """`log_prior` (C, H, W), `means` and `spreads` (C,) of normalised grey, the greys' weight."""

    log_prior: Maps
    means: Maps
    spreads: Maps
    weight: float

    def scores(self, smoothed: NDArray[np.float32]) -> NDArray[np.float32]:
        """Log-probability up to a constant: smoothed input (H, W) -> float32 (C, H, W)."""
        scale, shift = self.per_class()
        distance = smoothed[None] * scale[:, None, None] - shift[:, None, None]
        return self.offset() - distance * distance

    def per_class(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """`scale` and `shift` (C,), so that (grey * scale - shift)^2 is the grey's penalty."""
        scale = np.sqrt(self.weight / 2) / self.spreads
        return scale.astype(np.float32), (scale * self.means).astype(np.float32)

    def offset(self) -> NDArray[np.float32]:
        """What does not depend on the picture: float32 (C, H, W)."""
        spread = self.weight * np.log(self.spreads)[:, None, None]
        return (self.log_prior - spread).astype(np.float32)


class PriorBackend:
    """A location prior with one Gaussian of grey for each label: for tests of the whole loop."""

    name = "prior"

    def settings(self, given: Mapping[str, object]) -> dict[str, Any]:
        """Every setting, the given ones checked; InvalidInput names the one that is wrong."""
        return asdict(parse(PriorSettings, given))

    def describe(self) -> list[dict[str, Any]]:
        """Name, kind, default, limits and help of every setting."""
        return describe(PriorSettings)

    def train(self, data: TrainingData, settings: Mapping[str, Any], reporter: Reporter) -> Trained:
        """Count, then choose the weight of the grey values by validation Dice."""
        data.check()
        parsed = parse(PriorSettings, settings)
        side = 32 * max(1, round(parsed.image_size / 32))
        card_input = input_spec(side, side)
        search = WeightSearch(data, parsed, card_input)
        search.run(reporter)
        model = search.model(search.best_epoch)
        return Trained(
            onnx=to_onnx(model),
            card={
                "family": "unet",  # it is served by the U-Net's recipe
                "input": card_input,
                "normalisation": NORMALISATION,
                "libraries": {name: version(name) for name in ("numpy", "onnx")},
            },
            predict=lambda pixels, spacing: predict(model, pixels, card_input),
            epochs=search.epoch,
            best_epoch=search.best_epoch,
            best_validation_dice=search.best_dice,
        )


class WeightSearch:
    """Epoch n gives the grey values the weight (n - 1) / max_epochs; resumable after each."""

    def __init__(
        self, data: TrainingData, settings: PriorSettings, card_input: Mapping[str, Any]
    ) -> None:
        self.data, self.parsed, self.card_input = data, settings, card_input
        self.log_prior, self.means, self.spreads = _statistics(data, card_input)
        self.epoch, self.best_epoch, self.best_dice = 0, 0, -1.0
        facts = [asdict(settings), data.digest, data.classes]
        self.fingerprint = hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    def model(self, epoch: int) -> PriorModel:
        """The model of an epoch, numbered from 1."""
        weight = (epoch - 1) / self.parsed.max_epochs
        return PriorModel(self.log_prior, self.means, self.spreads, weight)

    def run(self, reporter: Reporter) -> None:
        """All epochs that are left. Raises Stopped when asked to stop."""
        self._resume(reporter)
        while self.epoch < self.parsed.max_epochs:
            row = self._run_epoch(reporter)
            self.epoch = row.number
            if row.validation_dice > self.best_dice:
                self.best_epoch, self.best_dice = row.number, row.validation_dice
            reporter.epoch(row)
            reporter.checkpoints.save(self.epoch, self._write)

    def _run_epoch(self, reporter: Reporter) -> EpochRow:
        started = time.monotonic()
        _wait(self.parsed.seconds_per_epoch, reporter)
        model = self.model(self.epoch + 1)
        train_loss, _ = _assess(model, self.data, "train", self.card_input)
        validation_loss, dice = _assess(model, self.data, "validation", self.card_input)
        return EpochRow(
            number=self.epoch + 1,
            train_loss=train_loss,
            validation_loss=validation_loss,
            validation_dice=dice,
            learning_rate=0.0,
            seconds=time.monotonic() - started,
        )

    def _resume(self, reporter: Reporter) -> None:
        for checkpoint in reporter.checkpoints.valid():
            state = json.loads(checkpoint.path.read_text())
            if state["fingerprint"] == self.fingerprint:
                self.epoch, self.best_epoch = state["epoch"], state["best_epoch"]
                self.best_dice = state["best_dice"]
                reporter.log(f"Resumed after epoch {self.epoch}.")
                return

    def _write(self, path: Path) -> None:
        state = {
            "fingerprint": self.fingerprint,
            "epoch": self.epoch,
            "best_epoch": self.best_epoch,
            "best_dice": self.best_dice,
        }
        path.write_text(json.dumps(state))


def predict(
    model: PriorModel, pixels: NDArray[np.uint8], card_input: Mapping[str, Any]
) -> LabelMap:
    """Grey pixels uint8 (h, w) -> the most probable label of each, uint8 (h, w), by numpy alone."""
    tensor, placement = prepare(pixels, card_input)
    return most_probable(restore(_softmax(model.scores(_smooth(tensor[0, 0]))), placement))


def to_onnx(model: PriorModel) -> bytes:
    """The same arithmetic as `PriorModel.scores`, as an ONNX graph of opset 17."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    classes, height, width = model.log_prior.shape
    scale, shift = (part.reshape(1, classes, 1, 1) for part in model.per_class())
    border = GREY_WINDOW // 2
    nodes = [
        helper.make_node(
            "AveragePool",
            [INPUT_NAME],
            ["smoothed"],
            kernel_shape=[GREY_WINDOW, GREY_WINDOW],
            pads=[border] * 4,
            count_include_pad=1,
        ),
        helper.make_node("Mul", ["smoothed", "scale"], ["scaled"]),
        helper.make_node("Sub", ["scaled", "shift"], ["distance"]),
        helper.make_node("Mul", ["distance", "distance"], ["penalty"]),
        helper.make_node("Sub", ["offset", "penalty"], ["scores"]),
        helper.make_node("Softmax", ["scores"], [OUTPUT_NAME], axis=1),
    ]
    weights = {"scale": scale, "shift": shift, "offset": model.offset()[None]}
    graph = helper.make_graph(
        nodes,
        "location-prior",
        [helper.make_tensor_value_info(INPUT_NAME, TensorProto.FLOAT, ["scans", 1, height, width])],
        [
            helper.make_tensor_value_info(
                OUTPUT_NAME, TensorProto.FLOAT, ["scans", classes, height, width]
            )
        ],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    opset = helper.make_opsetid("", OPSET)
    proto = helper.make_model(graph, opset_imports=[opset], ir_version=10)
    onnx.checker.check_model(proto)
    exported: bytes = proto.SerializeToString()
    return exported


def _statistics(data: TrainingData, card_input: Mapping[str, Any]) -> tuple[Maps, Maps, Maps]:
    shape = (data.classes, card_input["height"], card_input["width"])
    counts = np.zeros(shape)
    sums = np.zeros((3, data.classes))
    for image in data.train:
        grey = _smooth(prepare(image.pixels, card_input)[0][0, 0]).ravel()
        label_map = prepare_label_map(image.label_map, card_input)
        for label in range(data.classes):
            counts[label] += label_map == label
        flat = label_map.ravel()
        for power in range(3):
            sums[power] += np.bincount(flat, weights=grey**power, minlength=data.classes)
    blurred = ndimage.gaussian_filter(counts, (0, PRIOR_BLUR, PRIOR_BLUR)) + 1e-2
    log_prior = np.log(blurred / blurred.sum(axis=0))
    seen = np.maximum(sums[0], 1)
    means = sums[1] / seen
    spreads = np.sqrt(np.maximum(sums[2] / seen - means**2, SMALLEST_SPREAD**2))
    return log_prior, means, spreads


def _assess(
    model: PriorModel, data: TrainingData, part: str, card_input: Mapping[str, Any]
) -> tuple[float, float]:
    """Mean cross-entropy and mean Dice by subject of one part, on the input's grid."""
    losses, values, subjects = [], [], []
    for image in data.train if part == "train" else data.validation:
        tensor, _ = prepare(image.pixels, card_input)
        reference = prepare_label_map(image.label_map, card_input)
        probabilities = _softmax(model.scores(_smooth(tensor[0, 0])))
        truth = np.take_along_axis(probabilities, reference[None].astype(np.intp), axis=0)
        losses.append(float(-np.log(np.maximum(truth, 1e-12)).mean()))
        values.append(image_dice(most_probable(probabilities), reference, data.classes))
        subjects.append(image.subject)
    return float(np.mean(losses)), mean_by_subject(values, subjects)


def _smooth(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    smoothed: NDArray[np.float32] = ndimage.uniform_filter(
        grey.astype(np.float64), GREY_WINDOW, mode="constant"
    ).astype(np.float32)
    return smoothed


def _softmax(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    exponentials = np.exp(scores - scores.max(axis=0))
    probabilities: NDArray[np.float32] = exponentials / exponentials.sum(axis=0)
    return probabilities


def _wait(seconds: float, reporter: Reporter) -> None:
    until = time.monotonic() + seconds
    while True:
        if reporter.should_stop():
            raise Stopped
        left = until - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(0.1, left))
