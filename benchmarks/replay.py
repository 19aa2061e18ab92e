"""Does choosing scans where the model is unsure beat chance? A small replay on phantoms.

The replay is the platform's own (`training.services.replaying.trace`): the same shares, batches and
held-out subjects. The learner is the network of `benchmarks.predicted_dice` with half its channels,
on 48 x 48 px, trained for the same number of steps whatever the number of subjects; scans are made
harder from subject to subject. What it gives for phantoms says nothing of a lab's scans:
`manage.py replay` does.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks import predicted_dice
from domain import phantom
from domain import replay as statistics
from training.backends.contract import TrainingData, TrainingImage
from training.services.replaying import Setting, trace

SUBJECTS = 30
SETTING = Setting(start=4, batch=4)
SEEDS = statistics.LEAST_SEEDS
STRATEGY = "entropy"
STEPS, BATCH, WIDTH = 40, 8, 6
SHRINK = 2
HARDEST = 0.6


@dataclass(frozen=True)
class Card:
    """What a replay reads of a model's card."""

    labels: tuple[str, ...]


@dataclass(frozen=True)
class Prediction:
    """The probability of each class (classes, h, w), and the most probable class of each pixel."""

    probability: NDArray[np.float32]
    label_map: NDArray[np.uint8]


class Learner:
    """A trained network that answers as `inference.runtime.Predictor` does."""

    def __init__(self, network: torch.nn.Module, labels: tuple[str, ...]) -> None:
        self._network = network
        self.card = Card(labels)

    def predict(self, pixels: NDArray[np.uint8], spacing: object) -> Prediction:
        """The scan's probabilities; its spacing does not matter here."""
        images, _ = predicted_dice.tensors([_case(pixels, np.zeros(pixels.shape, np.uint8))])
        with torch.no_grad():
            probability = self._network(images).softmax(1)[0].numpy()
        return Prediction(probability, probability.argmax(axis=0).astype(np.uint8))


def run() -> list[dict[str, Any]]:
    """The paired difference of the mean heights of the learning curves, with its interval."""
    torch.set_num_threads(1)
    data, learner = phantoms(), Learners()
    begun = time.perf_counter()
    traces = [
        trace(data, strategy, seed, SETTING, learner.from_seed(seed))
        for seed in range(1, SEEDS + 1)
        for strategy in (statistics.BASELINE, STRATEGY)
    ]
    seconds = time.perf_counter() - begun
    found = statistics.compare(traces, STRATEGY)
    low, high = found.ci95 or (float("nan"), float("nan"))
    counts = [point.n_subjects for point in traces[0].points]
    return [
        {
            "name": f"replay: {STRATEGY} minus random",
            "value": found.mean_difference,
            "unit": "Dice",
            "against": "random choice per subject, same beginnings",
            "target": "",
            "note": f"95 % interval {low:+.4f} to {high:+.4f} over {found.n_seeds} seeds, mean"
            f" heights {found.mean_area:.4f} and {found.mean_area_random:.4f};"
            f" {', '.join(map(str, counts))} of {SUBJECTS} phantom subjects, {seconds:.0f} s",
        }
    ]


def phantoms() -> TrainingData:
    """One scan of each subject, 48 x 48 px, harder by the subject's own measure."""
    generator = np.random.default_rng(0)
    people = phantom.cohort(SUBJECTS, 11)
    levels = generator.permutation(np.linspace(0, HARDEST, SUBJECTS))
    scans = []
    for person, level in zip(people, levels, strict=True):
        case = predicted_dice.harder(predicted_dice.case(person), float(level), generator)
        pixels, truth = _shrunk(case.pixels), _shrunk(case.truth) > 0.5
        scans.append(TrainingImage(pixels.astype(np.uint8), truth.astype(np.uint8), person.code))
    return TrainingData(predicted_dice.SITE, ("RF",), scans, [], "phantoms")


class Learners:
    """Trained for STEPS steps on what is labelled; the same scans and seed are learnt once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], Learner] = {}

    def from_seed(self, seed: int) -> Any:
        """All strategies begin with the same scans of a seed, and end with all of them."""
        return lambda part, name: self._of(part, seed)

    def _of(self, part: TrainingData, seed: int) -> Learner:
        key = (part.digest, seed)
        if key not in self._known:
            cases = [_case(scan.pixels, scan.label_map) for scan in part.train]
            epochs = ceil(STEPS / ceil(len(cases) / BATCH))
            network = predicted_dice.train(cases, seed, epochs, WIDTH)
            self._known[key] = Learner(network, part.labels)
        return self._known[key]


def _shrunk(picture: NDArray[Any]) -> NDArray[np.float64]:
    side = predicted_dice.SIDE // SHRINK
    return picture.reshape(side, SHRINK, side, SHRINK).mean(axis=(1, 3))


def _case(pixels: NDArray[np.uint8], label_map: NDArray[np.uint8]) -> predicted_dice.Case:
    return predicted_dice.Case(pixels.astype(np.float32), label_map > 0)
