"""The training loop: epochs, selection of the best one, early stopping, checkpoints, resuming."""

from __future__ import annotations

import copy
import hashlib
import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from training.backends.contract import EpochRow, Reporter, Stopped, TrainingFailed
from training.backends.selection import image_dice, mean_by_subject
from training.backends.unet.augmentation import Augmentation
from training.backends.unet.dataset import Scans
from training.backends.unet.loss import dice_and_cross_entropy
from training.backends.unet.network import build
from training.backends.unet.schedule import is_plateau, learning_rate
from training.backends.unet.settings import UNetSettings

# A resnet18's checkpoint has 170 to 230 MB and takes about a second; an epoch on a GPU may, too.
CHECKPOINT_SHARE = 0.05


@dataclass
class Progress:
    """Epochs finished, the best of them by validation Dice (-1: none yet), and halved rates."""

    epoch: int = 0
    best_epoch: int = 0
    best_dice: float = -1.0
    halvings: int = 0
    halved_at: int = 0


class Loop:
    """One training, resumable from its newest checkpoint.

    On a CPU with a fixed number of threads the same seed gives the same weights, interrupted or
    not. On a GPU it computes in mixed precision and results differ in the last digits.
    """

    def __init__(
        self,
        settings: UNetSettings,
        classes: int,
        train: Scans,
        validation: Scans,
        device: torch.device,
    ) -> None:
        self.settings, self.classes, self.device = settings, classes, device
        self.train, self.validation = train.to(device), validation.to(device)
        self.network = build(settings, classes).to(device)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=settings.learning_rate)
        self.generator = torch.Generator().manual_seed(settings.seed)
        self.augmentation = Augmentation(
            settings.rotation, settings.scaling, settings.elastic, settings.horizontal_flip
        )
        self.precision = _half_precision(device)
        self.scaler = torch.amp.GradScaler(device.type, enabled=self.precision is torch.float16)
        self.progress = Progress()
        self.best_weights: dict[str, torch.Tensor] = {}
        self.saved_at, self.saving_took = -math.inf, 0.0

    def run(self, reporter: Reporter, fingerprint: str) -> None:
        """Train until patience or epochs run out; the best weights lie in the network then.

        Raises Stopped when asked to stop (a checkpoint always exists by then) and TrainingFailed
        when the loss is no number any more.
        """
        if not self.resume(reporter, fingerprint):
            self.save(reporter, fingerprint)
        while not self.is_finished:
            reporter.epoch(self.run_epoch(reporter))
            if self.is_checkpoint_due():
                self.save(reporter, fingerprint)
        self.network.load_state_dict(self.best_weights)

    @property
    def is_finished(self) -> bool:
        """Whether all epochs are done or the last `patience` of them brought nothing better."""
        waited = self.progress.epoch - self.progress.best_epoch
        return self.progress.epoch >= self.settings.max_epochs or waited >= self.settings.patience

    def run_epoch(self, reporter: Reporter) -> EpochRow:
        """One pass over the training scans and one over the validation scans."""
        started = time.monotonic()
        rate = learning_rate(self.settings, self.progress)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        train_loss = self.train_once(reporter)
        validation_loss, dice = self._validate(reporter)
        number = self.progress.epoch + 1
        self._check_finite(number, train_loss, validation_loss)
        self.progress.epoch = number
        if dice > self.progress.best_dice:
            self.progress.best_epoch, self.progress.best_dice = number, dice
            self.best_weights = copy.deepcopy(self.network.state_dict())
        if is_plateau(self.settings, self.progress):
            self.progress.halvings, self.progress.halved_at = self.progress.halvings + 1, number
        return EpochRow(
            number=number,
            train_loss=train_loss,
            validation_loss=validation_loss,
            validation_dice=dice,
            learning_rate=rate,
            seconds=time.monotonic() - started,
        )

    def resume(self, reporter: Reporter, fingerprint: str) -> bool:
        """Take up the newest valid checkpoint of this same training; False if there is none."""
        for checkpoint in reporter.checkpoints.valid():
            try:
                state = torch.load(checkpoint.path, map_location="cpu", weights_only=True)
                self._restore(state, fingerprint)
            except (RuntimeError, ValueError, KeyError, OSError, EOFError) as error:
                reporter.log(f"Checkpoint {checkpoint.path.name} was passed over: {error}")
                continue
            reporter.log(f"Resumed after epoch {self.progress.epoch}.")
            return True
        return False

    def is_checkpoint_due(self) -> bool:
        """After every epoch, unless that would take more than a twentieth of the time."""
        since = time.monotonic() - self.saved_at
        return self.is_finished or self.saving_took <= CHECKPOINT_SHARE * since

    def save(self, reporter: Reporter, fingerprint: str) -> None:
        """Write a checkpoint and remember how long that took."""
        started = time.monotonic()
        reporter.checkpoints.save(self.progress.epoch, lambda path: self._write(path, fingerprint))
        self.saved_at = time.monotonic()
        self.saving_took = self.saved_at - started

    def train_once(self, reporter: Reporter) -> float:
        """One pass over the training scans; answers their mean loss."""
        self.network.train()
        total = torch.zeros((), device=self.device)
        order = torch.randperm(len(self.train), generator=self.generator)
        for indices in order.split(self.settings.batch_size):
            _stop_if_asked(reporter)
            images, label_maps = self.train.batch(indices, self.device)
            images, label_maps = self.augmentation(images, label_maps, self.generator)
            self.optimizer.zero_grad(set_to_none=True)
            with self._mixed_precision():
                logits = self.network(images)
            loss = self._loss(logits, label_maps)
            self.scaler.scale(loss).backward()
            self.scaler.step(self.optimizer)
            self.scaler.update()
            total += loss.detach() * len(indices)
        return total.item() / len(self.train)

    @torch.no_grad()
    def _validate(self, reporter: Reporter) -> tuple[float, float]:
        self.network.eval()
        total, values = 0.0, list[float]()
        for indices in torch.arange(len(self.validation)).split(self.settings.batch_size):
            _stop_if_asked(reporter)
            images, label_maps = self.validation.batch(indices, self.device)
            with self._mixed_precision():
                logits = self.network(images)
            total += self._loss(logits, label_maps).item() * len(indices)
            values.extend(self._image_dice(logits, label_maps))
        return total / len(self.validation), mean_by_subject(values, self.validation.subjects)

    def _loss(self, logits: torch.Tensor, label_maps: torch.Tensor) -> torch.Tensor:
        weights = self.settings.dice_weight, self.settings.cross_entropy_weight
        return dice_and_cross_entropy(logits, label_maps, *weights)

    def _image_dice(self, logits: torch.Tensor, label_maps: torch.Tensor) -> Iterator[float]:
        predictions = logits.argmax(dim=1).to(torch.uint8).cpu().numpy()
        for prediction, reference in zip(predictions, label_maps.cpu().numpy(), strict=True):
            yield image_dice(prediction, reference, self.classes)

    def _mixed_precision(self) -> torch.autocast:
        enabled = self.precision is not torch.float32
        dtype = self.precision if enabled else torch.bfloat16
        return torch.autocast(self.device.type, dtype=dtype, enabled=enabled)

    def _check_finite(self, number: int, *losses: float) -> None:
        if not all(math.isfinite(loss) for loss in losses):
            raise TrainingFailed(
                f"The loss was no number any more in epoch {number}: start again with a smaller"
                f" learning_rate than {self.settings.learning_rate:g}."
            )

    def _write(self, path: Path, fingerprint: str) -> None:
        is_best = self.progress.best_epoch == self.progress.epoch
        state = {
            "fingerprint": fingerprint,
            "progress": asdict(self.progress),
            "network": self.network.state_dict(),
            "best_weights": None if is_best else self.best_weights,
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "generator": self.generator.get_state(),
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if self.device.type == "cuda" else [],
        }
        torch.save(state, path)

    def _restore(self, state: dict[str, Any], fingerprint: str) -> None:
        if state["fingerprint"] != fingerprint:
            raise ValueError("it belongs to other settings or another snapshot")
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        self.generator.set_state(state["generator"])
        torch.set_rng_state(state["torch"])
        if self.device.type == "cuda" and len(state["cuda"]) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all(state["cuda"])
        self.progress = Progress(**state["progress"])
        best = state["best_weights"]
        self.best_weights = copy.deepcopy(self.network.state_dict()) if best is None else best


def fingerprint(settings: UNetSettings, *facts: object) -> str:
    """What a checkpoint must have in common with the training that takes it up."""
    text = json.dumps([asdict(settings), *facts], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _half_precision(device: torch.device) -> torch.dtype:
    if device.type != "cuda":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def _stop_if_asked(reporter: Reporter) -> None:
    if reporter.should_stop():
        raise Stopped
