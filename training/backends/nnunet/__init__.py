"""The nnU-Net backend. torch and nnunetv2 are loaded when it trains, not when this is imported."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from training.backends.contract import Reporter, Trained, TrainingData, memory_for
from training.backends.nnunet.settings import AUTOMATIC, SMALL, NNUNetSettings
from training.backends.settings import describe, parse

LIBRARIES = ("torch", "nnunetv2", "dynamic_network_architectures", "numpy", "onnx", "scikit-image")


class NNUNetBackend:
    """nnU-Net v2 in two dimensions: its plan and network, our split and best epoch."""

    name = "nnunet"

    def settings(self, given: Mapping[str, object]) -> dict[str, Any]:
        """Every setting, the given ones checked; InvalidInput names the one that is wrong."""
        return asdict(parse(NNUNetSettings, given))

    def describe(self) -> list[dict[str, Any]]:
        """Name, kind, default, limits and help of every setting."""
        return describe(NNUNetSettings)

    def train(self, data: TrainingData, settings: Mapping[str, Any], reporter: Reporter) -> Trained:
        """Plan, preprocess, train, take the epoch with the best validation Dice, and export it.

        Works below the directory of the checkpoints and leaves nothing there but those. Raises
        Stopped when asked to stop, TrainingFailed when there is nothing to train on, a subject is
        in both parts, or the loss is no number any more.
        """
        from training.backends.nnunet.plans import Root

        data.check()
        directory = reporter.checkpoints.directory / "nnunet"
        shutil.rmtree(directory, ignore_errors=True)
        try:
            return _train(data, parse(NNUNetSettings, settings), reporter, Root.below(directory))
        finally:
            shutil.rmtree(directory, ignore_errors=True)


def _train(data: TrainingData, settings: NNUNetSettings, reporter: Reporter, root: Any) -> Trained:
    from training.backends.nnunet import dataset
    from training.backends.nnunet.export import card_of, to_onnx
    from training.backends.nnunet.plans import CONFIGURATION, plan_and_preprocess
    from training.backends.unet.network import device

    cases = dataset.cases_of(data)
    in_mm = dataset.is_calibrated(data)
    described = dataset.write(data, cases, root.raw)
    is_small = settings.plans == SMALL or (settings.plans == AUTOMATIC and device().type == "cpu")
    reporter.log(
        f"Planning for {len(data.train)} training and {len(data.validation)} validation scans,"
        f" {'in mm' if in_mm else 'without a calibration: 1 px for all'}."
    )
    plans = plan_and_preprocess(root, cases, is_small=is_small, batch_size=settings.batch_size)
    with root.environment(augmentation_processes=0):
        from training.backends.nnunet.predictor import TrainedPredictor
        from training.backends.nnunet.trainer import SiteTrainer

        trainer = SiteTrainer.made_for(plans, CONFIGURATION, described, cases, settings, device())
        reporter.log(_planned(plans["configurations"][CONFIGURATION], is_small))
        with memory_for(plans["configurations"][CONFIGURATION]["batch_size"]):
            trainer.run(reporter, _fingerprint(settings, plans, data))
        onnx = to_onnx(trainer)
        predict = TrainedPredictor(trainer, in_mm=in_mm)
    best = trainer.progress
    return Trained(
        onnx=onnx,
        card={
            **card_of(trainer, in_mm=in_mm),
            "libraries": {name: version(name) for name in LIBRARIES},
        },
        predict=predict,
        epochs=best.epoch,
        best_epoch=best.best_epoch,
        best_validation_dice=best.best_dice,
    )


def _planned(configuration: Mapping[str, Any], is_small: bool) -> str:
    height, width = configuration["patch_size"]
    stages = configuration["architecture"]["arch_kwargs"]["features_per_stage"]
    return (
        f"{'Small' if is_small else 'Default'} plans: patch {height}x{width} px, batch"
        f" {configuration['batch_size']}, features {', '.join(map(str, stages))}, spacing"
        f" {configuration['spacing']}."
    )


def _fingerprint(settings: NNUNetSettings, plans: Mapping[str, Any], data: TrainingData) -> str:
    """What a checkpoint must have in common with the training that takes it up."""
    facts = [asdict(settings), plans["configurations"], data.digest, data.classes]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
