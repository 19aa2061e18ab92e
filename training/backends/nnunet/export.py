"""The trained network as an ONNX file, and what its card says about the plan's preprocessing."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

import onnx
import torch

from inference.recipes.nnunet import INPUT_NAME, OUTPUT_NAME, input_spec, normalisation_spec
from training.backends.nnunet.predictor import STEP

if TYPE_CHECKING:
    from training.backends.nnunet.trainer import SiteTrainer

OPSET = 17


def to_onnx(trainer: SiteTrainer) -> bytes:
    """The network in fp32 as a checked ONNX file of opset 17 with a free number of patches."""
    height, width = trainer.configuration_manager.patch_size
    network = trainer.network.cpu().float().eval()
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (torch.zeros((1, 1, height, width)),),
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


def card_of(trainer: SiteTrainer, *, in_mm: bool) -> dict[str, Any]:
    """The card's fields that come from the plan: patch, tiles, normalisation, spacing (x, y)."""
    height, width = trainer.configuration_manager.patch_size
    rows, columns = trainer.configuration_manager.spacing
    masked = bool(trainer.configuration_manager.use_mask_for_norm[0])
    return {
        "family": "nnunet",
        "input": input_spec(int(height), int(width), step=STEP, mirror_axes=trainer.mirror_axes),
        "normalisation": normalisation_spec(masked=masked),
        "spacing": [float(columns), float(rows)] if in_mm else None,
    }
