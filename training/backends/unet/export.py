"""The trained network as an ONNX file, and as a function on stored pixels to compare it with."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from domain.calibration import PixelSpacing
from inference.recipes.unet import INPUT_NAME, OUTPUT_NAME, prepare, restore
from inference.runtime import most_probable
from training.backends.contract import LabelMap

OPSET = 17


class Probabilities(torch.nn.Module):
    """The network with a softmax over the classes, which is what the recipe serves."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """float32 (n, 1, H, W) -> probabilities (n, classes, H, W)."""
        return torch.softmax(self.network(image), dim=1)


def to_onnx(network: torch.nn.Module, card_input: Mapping[str, Any]) -> bytes:
    """The network in fp32 as a checked ONNX file of opset 17 with a free number of scans."""
    model = Probabilities(network.cpu().float()).eval()
    example = torch.zeros((1, 1, card_input["height"], card_input["width"]))
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # The tracing exporter: the newer one wants a further package and gives the same graph.
        torch.onnx.export(
            model,
            (example,),
            buffer,  # type: ignore[arg-type] # the tracing exporter takes an open file
            dynamo=False,
            opset_version=OPSET,
            input_names=[INPUT_NAME],
            output_names=[OUTPUT_NAME],
            dynamic_axes={INPUT_NAME: {0: "scans"}, OUTPUT_NAME: {0: "scans"}},
        )
    exported = buffer.getvalue()
    onnx.checker.check_model(exported)
    return exported


class TorchPredictor:
    """The trained network on stored pixels, fp32 on the CPU, by the recipe of the ONNX file."""

    def __init__(self, network: torch.nn.Module, card_input: Mapping[str, Any]) -> None:
        self.model = Probabilities(network.cpu().float()).eval()
        self.card_input = card_input

    @torch.no_grad()
    def __call__(self, pixels: NDArray[np.uint8], spacing: PixelSpacing | None) -> LabelMap:
        """Grey pixels uint8 (h, w) -> the most probable label of each, uint8 (h, w)."""
        tensor, placement = prepare(pixels, self.card_input)
        probabilities = self.model(torch.from_numpy(tensor))[0].numpy()
        return most_probable(restore(probabilities, placement))
