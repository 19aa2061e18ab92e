"""nnU-Net's trainer in our hands: progress, cancel, resume, seed, our own split and validation.

The network, the loss, the optimiser, the learning-rate schedule and the augmentation are
nnU-Net's, but for the flips and the rotation. Epochs are run here, without its log, its plots and
its checkpoints, which are pickles.
"""

from __future__ import annotations

import copy
import math
import random
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from batchgeneratorsv2.transforms.noise.gaussian_blur import GaussianBlurTransform
from batchgeneratorsv2.transforms.utils.random import RandomTransform
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
from numpy.typing import NDArray

from training.backends.contract import (
    EpochRow,
    LabelMap,
    Reporter,
    Stopped,
    TrainingFailed,
)
from training.backends.nnunet.dataset import Cases
from training.backends.nnunet.predictor import predictor_of
from training.backends.nnunet.settings import NNUNetSettings
from training.backends.selection import image_dice, mean_by_subject

HORIZONTAL = 1
FOLD = 0


@dataclass
class Progress:
    """Epochs behind the training, and the best of them by validation Dice."""

    epoch: int = 0
    best_epoch: int = 0
    best_dice: float = -1.0


class SiteTrainer(nnUNetTrainer):
    """One fold, made by `made_for`; `run` trains it to its end."""

    # The signature is nnU-Net's: its constructor reads its own arguments by their names.
    def __init__(
        self,
        plans: dict[str, Any],
        configuration: str,
        fold: int,
        dataset_json: dict[str, Any],
        device: torch.device,
    ) -> None:
        plans["continue_training"] = False  # taken out again by the constructor
        super().__init__(plans, configuration, fold, dataset_json, device)
        self.settings = NNUNetSettings()
        self.cases = Cases({}, {})
        self.progress = Progress()
        self.best_weights: dict[str, torch.Tensor] = {}

    @classmethod
    def made_for(
        cls,
        plans: dict[str, Any],
        configuration: str,
        dataset_json: dict[str, Any],
        cases: Cases,
        settings: NNUNetSettings,
        device: torch.device,
    ) -> SiteTrainer:
        """A trainer of these cases; the random numbers are seeded before anything is drawn."""
        _seed(settings.seed)
        trainer = cls(copy.deepcopy(plans), configuration, FOLD, dataset_json, device)
        trainer.settings, trainer.cases = settings, cases
        trainer.num_epochs = settings.max_epochs
        trainer.initial_lr = settings.learning_rate
        trainer.disable_checkpointing = True
        return trainer

    def run(self, reporter: Reporter, fingerprint: str) -> None:
        """Train until patience or epochs run out; the best weights lie in the network then.

        Raises Stopped when asked to stop (a checkpoint always exists by then) and TrainingFailed
        when the loss is no number any more.
        """
        self.on_train_start()
        if not self._resume(reporter, fingerprint):
            self._save(reporter, fingerprint)
        while not self.is_finished:
            reporter.epoch(self._run_epoch(reporter))
            self._save(reporter, fingerprint)
        self.network.load_state_dict(self.best_weights)
        self.set_deep_supervision_enabled(False)
        self.network.eval()

    @property
    def is_finished(self) -> bool:
        """Whether all epochs are done or the last `patience` of them brought nothing better."""
        waited = self.progress.epoch - self.progress.best_epoch
        return self.progress.epoch >= self.num_epochs or waited >= self.settings.patience

    @property
    def mirror_axes(self) -> tuple[int, ...]:
        """The axes of a patch that may be mirrored."""
        return (HORIZONTAL,) if self.settings.horizontal_flip else ()

    def configure_rotation_dummyDA_mirroring_and_inital_patch_size(  # noqa: N802 - nnU-Net's name
        self,
    ) -> tuple[Any, ...]:
        """nnU-Net's, but for the rotation and the mirroring; no axis of depth is ever mirrored."""
        _, dummy, patch, _ = super().configure_rotation_dummyDA_mirroring_and_inital_patch_size()
        angle = math.radians(self.settings.rotation)
        self.inference_allowed_mirroring_axes = self.mirror_axes or None
        return (-angle, angle), dummy, patch, self.mirror_axes or None

    @staticmethod
    def get_training_transforms(*arguments: Any, **named: Any) -> Any:
        """nnU-Net's; the blur does not choose its method by a stopwatch, so that a seed decides."""
        transforms = nnUNetTrainer.get_training_transforms(*arguments, **named)
        for transform in transforms.transforms:
            inner = transform.transform if isinstance(transform, RandomTransform) else transform
            if isinstance(inner, GaussianBlurTransform):
                inner.benchmark = False
        return transforms

    def do_split(self) -> tuple[list[str], list[str]]:
        """Our split by subject, asserted against what was preprocessed."""
        split = self.cases.split
        found = set(self.dataset_class.get_identifiers(self.preprocessed_dataset_folder))
        if found != {*split["train"], *split["val"]} or set(split["train"]) & set(split["val"]):
            raise TrainingFailed(
                "The preprocessed scans are not those of the snapshot: start a new run."
            )
        return split["train"], split["val"]

    def plot_network_architecture(self) -> None:
        """Nothing: it wants another package and a file that nobody reads."""

    def _save_debug_information(self) -> None:
        """Nothing: it asks the host's name in a shell."""

    def _run_epoch(self, reporter: Reporter) -> EpochRow:
        started = time.monotonic()
        number = self.progress.epoch + 1
        train_loss = self._train_once(reporter)
        validation_loss = self._validation_loss(reporter)
        self._check_finite(number, train_loss, validation_loss)
        dice = self._validation_dice(reporter)
        self.progress.epoch = number
        if dice > self.progress.best_dice:
            self.progress.best_epoch, self.progress.best_dice = number, dice
            self.best_weights = copy.deepcopy(self.network.state_dict())
        return EpochRow(
            number=number,
            train_loss=train_loss,
            validation_loss=validation_loss,
            validation_dice=dice,
            learning_rate=self.optimizer.param_groups[0]["lr"],
            seconds=time.monotonic() - started,
        )

    def _train_once(self, reporter: Reporter) -> float:
        self.network.train()
        self.lr_scheduler.step(self.progress.epoch)
        losses = []
        for _ in range(self.settings.iterations_per_epoch):
            _stop_if_asked(reporter)
            losses.append(float(self.train_step(next(self.dataloader_train))["loss"]))
        return float(np.mean(losses))

    @torch.no_grad()
    def _validation_loss(self, reporter: Reporter) -> float:
        self.network.eval()
        losses = []
        for _ in range(self.settings.validation_iterations):
            _stop_if_asked(reporter)
            losses.append(float(self.validation_step(next(self.dataloader_val))["loss"]))
        return float(np.mean(losses))

    def _validation_dice(self, reporter: Reporter) -> float:
        """Mean over labels, images and subjects of the Dice on every whole validation scan.

        On the plan's grid, by nnU-Net's own sliding window: not its pseudo Dice of patches.
        """
        self.set_deep_supervision_enabled(False)
        predictor = predictor_of(self, self.mirror_axes)
        values = []
        for name in self.cases.validation:
            _stop_if_asked(reporter)
            scan, reference = self._preprocessed(name)
            logits = predictor.predict_sliding_window_return_logits(torch.from_numpy(scan))
            found = logits.argmax(0)[0].numpy().astype(np.uint8)
            values.append(image_dice(found, reference, len(logits)))
        self.set_deep_supervision_enabled(self.enable_deep_supervision)
        return mean_by_subject(values, [scan.subject for scan in self.cases.validation.values()])

    def _preprocessed(self, name: str) -> tuple[NDArray[np.float32], LabelMap]:
        """A validation scan (1, 1, h, w) and its label map (h, w) on the plan's grid."""
        dataset = self.dataset_class(self.preprocessed_dataset_folder, [name])
        scan, reference, _, _ = dataset.load_case(name)
        label_map = np.maximum(np.asarray(reference[0, 0]), 0).astype(np.uint8)
        return np.asarray(scan[:], np.float32), label_map

    def _check_finite(self, number: int, *losses: float) -> None:
        if not all(math.isfinite(loss) for loss in losses):
            raise TrainingFailed(
                f"The loss was no number any more in epoch {number}: start again with a smaller"
                f" learning_rate than {self.settings.learning_rate:g}."
            )

    def _resume(self, reporter: Reporter, fingerprint: str) -> bool:
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

    def _save(self, reporter: Reporter, fingerprint: str) -> None:
        state = {
            "fingerprint": fingerprint,
            "progress": asdict(self.progress),
            "network": self.network.state_dict(),
            "best_weights": self.best_weights,
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.grad_scaler.state_dict() if self.grad_scaler else None,
            "random": _random_state(self.device),
        }
        reporter.checkpoints.save(self.progress.epoch, lambda path: _write(state, path))

    def _restore(self, state: dict[str, Any], fingerprint: str) -> None:
        if state["fingerprint"] != fingerprint:
            raise ValueError("it belongs to other settings or another snapshot")
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.grad_scaler and state["scaler"]:
            self.grad_scaler.load_state_dict(state["scaler"])
        self.progress = Progress(**state["progress"])
        self.best_weights = state["best_weights"]
        _set_random_state(state["random"], self.device)


def _write(state: dict[str, Any], path: Path) -> None:
    torch.save(state, path)


def _seed(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def _random_state(device: torch.device) -> dict[str, Any]:
    """The three generators that nnU-Net draws from, as plain data without pickles."""
    name, keys, position, has_gauss, cached = np.random.get_state()
    return {
        "python": random.getstate(),
        "numpy": [str(name), [int(key) for key in keys], position, has_gauss, cached],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if device.type == "cuda" else [],
    }


def _set_random_state(state: dict[str, Any], device: torch.device) -> None:
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))
    name, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state((name, np.array(keys, np.uint32), position, has_gauss, cached))
    torch.set_rng_state(state["torch"])
    if device.type == "cuda" and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])


def _stop_if_asked(reporter: Reporter) -> None:
    if reporter.should_stop():
        raise Stopped
