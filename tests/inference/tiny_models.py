"""Networks of a few numbers, as ONNX files: fast, exact, and made without torch."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from inference.card import FORMAT, Postprocessing, postprocessing_json
from inference.recipes import unet


def brightness_network(
    thresholds: tuple[float, ...] = (0.5,),
    *,
    size: tuple[int, int] = (64, 64),
    gain: float = 40.0,
    opset: int = 17,
    softmax: bool = True,
) -> bytes:
    """A 1x1 convolution: label k begins where the normalised grey value reaches `thresholds[k]`.

    Thresholds rise; class k's logit is the sum of gain * (x - t) over the thresholds up to k.
    """
    classes = 1 + len(thresholds)
    weight = np.array([gain * index for index in range(classes)], np.float32)
    bias = -gain * np.concatenate([[0.0], np.cumsum(thresholds)])
    initializers = [
        numpy_helper.from_array(weight.reshape(classes, 1, 1, 1), "weight"),
        numpy_helper.from_array(bias.astype(np.float32), "bias"),
    ]
    last = "logits" if softmax else unet.OUTPUT_NAME
    nodes = [helper.make_node("Conv", [unet.INPUT_NAME, "weight", "bias"], [last])]
    if softmax:
        nodes.append(helper.make_node("Softmax", [last], [unet.OUTPUT_NAME], axis=1))
    return serialised(nodes, initializers, size=size, classes=classes, opset=opset)


def serialised(
    nodes: list[onnx.NodeProto],
    initializers: list[onnx.TensorProto],
    *,
    size: tuple[int, int] = (64, 64),
    classes: int = 2,
    opset: int = 17,
    extra_domain: str = "",
) -> bytes:
    """The file of a graph with the U-Net recipe's input and output."""
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(unet.INPUT_NAME, TensorProto.FLOAT, ["N", 1, *size])],
        [helper.make_tensor_value_info(unet.OUTPUT_NAME, TensorProto.FLOAT, ["N", classes, *size])],
        initializers,
    )
    opsets = [helper.make_opsetid("", opset)]
    if extra_domain:
        opsets.append(helper.make_opsetid(extra_domain, 1))
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    data: bytes = model.SerializeToString()
    return data


def card_json(model: bytes, **changed: Any) -> dict[str, Any]:
    """An honest card of a model of `brightness_network`'s default kind."""
    card = {
        "format": FORMAT,
        "family": "unet",
        "site": "rf",
        "labels": ["RF"],
        "input": unet.input_spec(64, 64),
        "spacing": None,
        "normalisation": unet.NORMALISATION,
        "postprocessing": postprocessing_json(Postprocessing()),
        "metrics_version": "metrics_v1",
        "snapshot_digest": "",
        "code_version": "test",
        "libraries": {},
        "seed": 0,
        "sha256": hashlib.sha256(model).hexdigest(),
        "training": {},
    }
    return {**card, **changed}


def scan_with_bright_disc(
    height: int = 64,
    width: int = 64,
    *,
    centre: tuple[float, float] = (32.0, 32.0),
    radius: float = 12.0,
) -> tuple[np.ndarray, np.ndarray]:
    """A dark scan with one bright disc (x, y, radius in px) and the disc's mask."""
    rows, columns = np.mgrid[:height, :width] + 0.5
    disc = (columns - centre[0]) ** 2 + (rows - centre[1]) ** 2 <= radius**2
    return np.where(disc, 200, 40).astype(np.uint8), disc
