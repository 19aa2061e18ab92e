"""One warm pre-label against the bare ONNX Runtime call and against the eager PyTorch network.

For the U-Net against both, for nnU-Net's default network against its bare calls.

A pre-label is everything from a stored scan's pixels to regions in JSON: letterbox, normalise, run,
put back on the scan's pixels, clean, outline, score. The network is a ResNet-18 U-Net with random
weights whose logits get a muscle-shaped offset, so that there is an outline of ordinary length to
trace; all three sides run that same graph. The rounds alternate, so that a busy machine burdens
all alike; medians count.
"""

from __future__ import annotations

import hashlib
import statistics
import time
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain import phantom
from domain.geometry import region_to_json
from inference import runtime
from inference.card import FORMAT, Postprocessing, postprocessing_json, read_card
from inference.postprocessing import outline
from inference.recipes import nnunet, unet

SCAN = (384, 400)
INPUT = (384, 416)
ROUNDS, WARM_UP = 15, 3
TARGET_BARE, TARGET_EAGER = 1.25, 0.7


def run() -> list[dict[str, Any]]:
    """The ratios of both families."""
    return [*_of_unet(), _of_nnunet()]


def _of_nnunet() -> dict[str, Any]:
    """nnU-Net's default network for such scans, one patch over the whole of it."""
    onnx = _to_onnx(_default_nnunet(), nnunet)
    card = _card(onnx, family="nnunet", input=nnunet.input_spec(*INPUT))
    card["normalisation"] = nnunet.normalisation_spec(masked=False)
    predictor = runtime.load(onnx, read_card(card))
    pixels = _scan()
    resampled, _ = nnunet.prepare(pixels, None, predictor.card)
    tensor = np.zeros((1, 1, *INPUT), np.float32)
    tensor[0, 0, : resampled.shape[0], : resampled.shape[1]] = resampled
    ours, bare = _alternate(
        [lambda: predictor.predict(pixels), lambda: predictor.run(tensor)], ROUNDS
    )
    note = (
        f"{1e3 * ours:.0f} ms a label map, {1e3 * bare:.0f} ms bare; plain convolutions, six"
        f" stages of 32 to 512 features, scan {SCAN[0]}x{SCAN[1]} px, patch {INPUT[0]}x{INPUT[1]}"
    )
    return {
        **_result(ours / bare, "the bare ONNX Runtime calls of its tiles", TARGET_BARE, note),
        "name": "inference: one warm nnU-Net prediction",
    }


def _default_nnunet() -> Any:
    import torch
    from dynamic_network_architectures.architectures.unet import PlainConvUNet

    torch.manual_seed(1)
    return PlainConvUNet(
        input_channels=1,
        n_stages=6,
        features_per_stage=[32, 64, 128, 256, 512, 512],
        conv_op=torch.nn.Conv2d,
        kernel_sizes=3,
        strides=[1, 2, 2, 2, 2, 2],
        n_conv_per_stage=2,
        num_classes=2,
        n_conv_per_stage_decoder=2,
        conv_bias=True,
        norm_op=torch.nn.InstanceNorm2d,
        norm_op_kwargs={"eps": 1e-5, "affine": True},
        nonlin=torch.nn.LeakyReLU,
        nonlin_kwargs={"inplace": True},
        deep_supervision=False,
    ).eval()


def _of_unet() -> list[dict[str, Any]]:
    import torch

    network = _network()
    onnx = _to_onnx(network, unet)
    predictor = runtime.load(onnx, read_card(_card(onnx)))
    pixels = _scan()
    tensor, _ = unet.prepare(pixels, predictor.card.input)
    eager_tensor = torch.from_numpy(tensor)

    def pre_label() -> int:
        outlined = outline(predictor.predict(pixels), predictor.card)
        return sum(len(region_to_json(region)["parts"]) for region in outlined.regions)

    def eager() -> None:
        with torch.no_grad():
            network(eager_tensor)

    if pre_label() != 1:
        raise RuntimeError("The benchmark's network must outline one muscle.")
    ours, bare, torch_seconds = _alternate(
        [pre_label, lambda: predictor.run(tensor), eager], ROUNDS
    )
    note = (
        f"{1e3 * ours:.0f} ms a pre-label, {1e3 * bare:.0f} ms bare, {1e3 * torch_seconds:.0f} ms"
        f" eager; ResNet-18 U-Net, scan {SCAN[0]}x{SCAN[1]} px, input {INPUT[0]}x{INPUT[1]},"
        f" PyTorch with {torch.get_num_threads()} threads"
    )
    return [
        _result(ours / bare, "the bare ONNX Runtime call on the same tensor", TARGET_BARE, note),
        _result(ours / torch_seconds, "the eager PyTorch forward pass", TARGET_EAGER, note),
    ]


def _result(value: float, against: str, target: float, note: str) -> dict[str, Any]:
    return {
        "name": "inference: one warm pre-label",
        "value": value,
        "unit": "ratio",
        "against": against,
        "target": target,
        "note": note,
    }


def _alternate(calls: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """The median seconds of each call, all called in turn."""
    seconds: list[list[float]] = [[] for _ in calls]
    for number in range(WARM_UP + rounds):
        for taken, call in zip(seconds, calls, strict=True):
            started = time.perf_counter()
            call()
            if number >= WARM_UP:
                taken.append(time.perf_counter() - started)
    return [statistics.median(taken) for taken in seconds]


def _network() -> Any:
    import segmentation_models_pytorch as smp
    import torch

    class Shaped(torch.nn.Module):
        """The U-Net's probabilities, drawn towards an ellipse."""

        def __init__(self) -> None:
            super().__init__()
            self.network = smp.Unet("resnet18", encoder_weights=None, in_channels=1, classes=2)
            self.register_buffer("offset", torch.from_numpy(_ellipse_logits()))

        def forward(self, image: Any) -> Any:
            return torch.softmax(0.01 * self.network(image) + self.offset, dim=1)

    torch.manual_seed(1)
    return Shaped().eval()


def _ellipse_logits() -> NDArray[np.float32]:
    rows, columns = np.mgrid[: INPUT[0], : INPUT[1]].astype(np.float32)
    inside = 1 - ((rows - 190) / 90) ** 2 - ((columns - 210) / 150) ** 2
    logits: NDArray[np.float32] = np.stack([-20 * inside, 20 * inside])[None]
    return logits


def _to_onnx(network: Any, recipe: ModuleType) -> bytes:
    import io
    import warnings

    import torch

    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (torch.zeros((1, 1, *INPUT)),),
            buffer,
            dynamo=False,
            opset_version=17,
            input_names=[recipe.INPUT_NAME],
            output_names=[recipe.OUTPUT_NAME],
        )
    return buffer.getvalue()


def _card(onnx: bytes, **changed: Any) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "family": "unet",
        "site": "benchmark",
        "labels": ["RF"],
        "input": unet.input_spec(*INPUT),
        "normalisation": unet.NORMALISATION,
        "postprocessing": postprocessing_json(Postprocessing()),
        "metrics_version": "metrics_v1",
        "sha256": hashlib.sha256(onnx).hexdigest(),
        **changed,
    }


def _scan() -> NDArray[np.uint8]:
    (subject,) = phantom.cohort(1, seed=1)
    return phantom.scan(subject, "rectus-femoris").pixels
