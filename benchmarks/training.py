"""Steps and epochs of the U-Net backend against the bare loop over tensors already in memory.

Both train the same network on the same tensors with the same augmentation, loss and optimiser; an
epoch also predicts the validation scans. Ours adds to a step what a run needs of it: the loss, and
asking whether to stop; to an epoch validation Dice by subject, best weights and checkpoints. Both
sides alternate, so that a busy machine burdens both alike; the smallest of each counts.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from inference.recipes.unet import input_spec
from training.backends.checkpoints import CheckpointStore
from training.backends.contract import EpochRow, TrainingImage

TRAIN_SCANS, VALIDATION_SCANS, SIDE = 32, 8, 128
ROUNDS = 5
STEP_TARGET, EPOCH_TARGET = 1.05, 1.15


class SilentReporter:
    """Takes the rows and never stops."""

    def __init__(self, directory: Path) -> None:
        self.checkpoints = CheckpointStore(directory)

    def epoch(self, row: EpochRow) -> None:
        """Nothing to do with it."""

    def should_stop(self) -> bool:
        """Never."""
        return False

    def log(self, line: str) -> None:
        """Nobody reads it."""


def run() -> list[dict[str, Any]]:
    """The ratios of the two sides' seconds: of the steps of one pass, and of a whole epoch."""
    from training.backends.unet.loop import Loop
    from training.backends.unet.network import device
    from training.backends.unet.settings import UNetSettings

    settings = UNetSettings(image_size=SIDE)
    loop = Loop(settings, 2, _scans(TRAIN_SCANS), _scans(VALIDATION_SCANS), device())
    with tempfile.TemporaryDirectory() as directory:
        reporter = SilentReporter(Path(directory))
        loop.save(reporter, "benchmark")

        def epoch() -> None:
            reporter.epoch(loop.run_epoch(reporter))
            if loop.is_checkpoint_due():
                loop.save(reporter, "benchmark")

        bare_steps, bare_epoch = _bare(settings)
        steps = _alternate(lambda: loop.train_once(reporter), bare_steps)
        epochs = _alternate(epoch, bare_epoch)
    return [
        {
            "name": name,
            "value": own / bare,
            "unit": "ratio",
            "against": "the bare loop over tensors in memory with the same augmentation",
            "target": target,
            "note": f"{own:.2f} s against {bare:.2f} s; {TRAIN_SCANS} training and"
            f" {VALIDATION_SCANS} validation scans at {SIDE}x{SIDE} px, {settings.encoder},"
            f" batch {settings.batch_size}, {device()}",
        }
        for name, (own, bare), target in (
            ("training: the steps of a pass", steps, STEP_TARGET),
            ("training: one epoch", epochs, EPOCH_TARGET),
        )
    ]


def _bare(settings: Any) -> tuple[Callable[[], None], Callable[[], None]]:
    import torch

    from training.backends.unet.augmentation import Augmentation
    from training.backends.unet.loss import dice_and_cross_entropy
    from training.backends.unet.network import build, device

    where = device()
    train, validation = _scans(TRAIN_SCANS).to(where), _scans(VALIDATION_SCANS).to(where)
    network = build(settings, 2).to(where)
    optimizer = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
    augment = Augmentation(settings.rotation, settings.scaling, settings.elastic)
    generator = torch.Generator().manual_seed(settings.seed)
    half = torch.autocast(where.type, dtype=torch.bfloat16, enabled=where.type == "cuda")

    def steps() -> None:
        network.train()
        for indices in torch.randperm(TRAIN_SCANS).split(settings.batch_size):
            images, label_maps = augment(
                train.images[indices], train.label_maps[indices], generator
            )
            optimizer.zero_grad(set_to_none=True)
            with half:
                logits = network(images)
            dice_and_cross_entropy(logits, label_maps).backward()
            optimizer.step()

    def epoch() -> None:
        steps()
        network.eval()
        with torch.no_grad(), half:
            for indices in torch.arange(VALIDATION_SCANS).split(settings.batch_size):
                network(validation.images[indices]).argmax(dim=1).cpu()

    return steps, epoch


def _scans(count: int) -> Any:
    from training.backends.unet.dataset import load

    generator = np.random.default_rng(count)
    label_map = np.zeros((384, 400), np.uint8)
    label_map[100:220, 60:340] = 1
    images = [
        TrainingImage(
            np.clip(generator.rayleigh(60, (384, 400)) + 60 * label_map, 0, 255).astype(np.uint8),
            label_map,
            f"S{index // 2}",
        )
        for index in range(count)
    ]
    return load(images, input_spec(SIDE, SIDE))


def _alternate(ours: Callable[[], None], bare: Callable[[], None]) -> tuple[float, float]:
    ours(), bare()
    seconds: dict[Callable[[], None], list[float]] = {ours: [], bare: []}
    for _ in range(ROUNDS):
        for epoch in (ours, bare):
            started = time.perf_counter()
            epoch()
            seconds[epoch].append(time.perf_counter() - started)
    return min(seconds[ours]), min(seconds[bare])
