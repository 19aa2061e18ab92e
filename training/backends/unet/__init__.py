"""The U-Net backend. torch is loaded when it trains, not when this module is imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from domain.errors import InvalidInput
from inference.recipes.unet import NORMALISATION, input_spec
from training.backends.contract import Reporter, Trained, TrainingData, memory_for
from training.backends.settings import describe, parse
from training.backends.unet.settings import UNetSettings, input_size

SHAPES_LOOKED_AT = 100
LIBRARIES = ("torch", "segmentation-models-pytorch", "numpy", "onnx")


class UNetBackend:
    """segmentation-models-pytorch's U-Net by the paper's recipe; ends in an ONNX file."""

    name = "unet"

    def settings(self, given: Mapping[str, object]) -> dict[str, Any]:
        """Every setting, the given ones checked; InvalidInput names the one that is wrong."""
        parsed = parse(UNetSettings, given)
        if not parsed.dice_weight and not parsed.cross_entropy_weight:
            raise InvalidInput("One of dice_weight and cross_entropy_weight must be above 0.")
        return asdict(parsed)

    def describe(self) -> list[dict[str, Any]]:
        """Name, kind, default, limits and help of every setting."""
        return describe(UNetSettings)

    def train(self, data: TrainingData, settings: Mapping[str, Any], reporter: Reporter) -> Trained:
        """Train, take the epoch with the best validation Dice, and export it.

        Raises Stopped when asked to stop, TrainingFailed when there is nothing to train on or the
        loss is no number any more.
        """
        from training.backends.unet.dataset import load
        from training.backends.unet.export import TorchPredictor, to_onnx
        from training.backends.unet.loop import Loop, fingerprint
        from training.backends.unet.network import device

        data.check()
        parsed = parse(UNetSettings, settings)
        height, width = input_size(parsed.image_size, _some_shapes(data))
        card_input = input_spec(height, width, parsed.fit)
        train, validation = load(data.train, card_input), load(data.validation, card_input)
        reporter.log(
            f"{len(train)} training and {len(validation)} validation scans at"
            f" {card_input['height']}x{card_input['width']} px on {device()}."
        )
        loop = Loop(parsed, data.classes, train, validation, device())
        begun_from = _initial_weights(loop.network, parsed.initial_weights)
        with memory_for(parsed.batch_size):
            loop.run(reporter, fingerprint(parsed, data.digest, data.classes, card_input))
        best = loop.progress
        return Trained(
            onnx=to_onnx(loop.network, card_input),
            card={
                "family": "unet",
                "input": card_input,
                "normalisation": NORMALISATION,
                "libraries": {name: version(name) for name in LIBRARIES},
                **begun_from,
            },
            predict=TorchPredictor(loop.network, card_input),
            epochs=best.epoch,
            best_epoch=best.best_epoch,
            best_validation_dice=best.best_dice,
        )


def _initial_weights(network: Any, name: str) -> dict[str, Any]:
    """Fill the encoder from a local file, if one is named; what the card says of it."""
    if not name:
        return {}
    from training.backends.unet.initial_weights import load_into

    return {"initial_weights": {"file": name, "sha256": load_into(network, name)}}


def _some_shapes(data: TrainingData) -> list[tuple[int, int]]:
    """Heights and widths of up to 100 training scans, spread evenly over all of them."""
    step = -(-len(data.train) // SHAPES_LOOKED_AT)
    scans = (data.train[index] for index in range(0, len(data.train), step))
    return [(scan.pixels.shape[0], scan.pixels.shape[1]) for scan in scans]
