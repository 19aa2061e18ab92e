"""Run a registered model: an ONNX file in ONNX Runtime, by the recipe that its card names.

Nothing is unpickled and nothing but the ONNX standard's own operators runs. The web process and
the predicting worker need no torch.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as onnxruntime_errors

from domain.calibration import PixelSpacing
from domain.errors import InvalidInput
from inference import recipes
from inference.card import Card

LARGEST_FILE = 1_500_000_000  # bytes; protobuf itself ends at 2 GiB
OLDEST_OPSET, NEWEST_OPSET = 11, 24  # what ONNX Runtime 1.23, the oldest allowed, runs
STANDARD_DOMAINS = frozenset({"", "ai.onnx"})
CACHED_MODELS = 4  # a U-Net takes about 60 MB
CANNOT_RUN = (
    onnxruntime_errors.EPFail,
    onnxruntime_errors.Fail,
    onnxruntime_errors.InvalidArgument,
    onnxruntime_errors.InvalidGraph,
    onnxruntime_errors.InvalidProtobuf,
    onnxruntime_errors.NotImplemented,
    onnxruntime_errors.RuntimeException,
    RuntimeError,
    ValueError,
)


@dataclass(frozen=True)
class PredictedMap:
    """A model's answer on the stored pixels of one scan.

    label_map: uint8 (h, w), 0 the background, then the card's labels from 1.
    probability: float32 (1 + labels, h, w), summing to 1 over the first axis; of an ensemble the
        mean over its members.
    members: float32 (members, 1 + labels, h, w) of an ensemble, None of a single network.
    """

    label_map: NDArray[np.uint8]
    probability: NDArray[np.float32]
    members: NDArray[np.float32] | None = None


class Predictor:
    """One model, loaded and checked, ready for one scan after another."""

    def __init__(self, session: onnxruntime.InferenceSession, card: Card) -> None:
        self._session = session
        self._recipe = recipes.get(card.family)
        self.card = card

    def run(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """The bare network: (N, 1, H, W) -> (N, members, 1 + labels, H, W), as its recipe says."""
        answer = np.asarray(
            self._session.run([self._recipe.OUTPUT_NAME], {self._recipe.INPUT_NAME: tensor})[0]
        )
        return answer if self.card.members > 1 else answer[:, np.newaxis]

    def predict(
        self, pixels: NDArray[np.uint8], spacing: PixelSpacing | None = None
    ) -> PredictedMap:
        """Grey pixels (h, w) of a stored scan -> label map and probabilities on those pixels.

        spacing is the scan's calibration; families that work in mm resample by it.
        """
        members = self._recipe.predict(self.run, pixels, spacing, self.card)
        if len(members) == 1:
            return PredictedMap(most_probable(members[0]), members[0])
        probability = members.mean(axis=0)
        return PredictedMap(most_probable(probability), probability, members)


def most_probable(probability: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Probabilities (C, h, w) -> label map uint8 (h, w); of equals the first, as argmax has it.

    Class by class, which on 3 classes of 384x400 px takes a fifth of the time of `argmax(axis=0)`.
    """
    label_map = np.zeros(probability.shape[1:], np.uint8)
    best = probability[0]
    for index in range(1, len(probability)):
        better = probability[index] > best
        label_map[better] = index
        if index + 1 < len(probability):
            best = np.maximum(best, probability[index])
    return label_map


class PredictorCache:
    """The models used last, by hash, so that a changed file can never answer for another.

    The file is read, hashed and checked on the first use of a hash in this process; a registered
    file is never written again.
    """

    def __init__(self, size: int = CACHED_MODELS) -> None:
        self._size = size
        self._predictors: OrderedDict[str, Predictor] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, path: Path, card: Card, threads: int = 0) -> Predictor:
        """The predictor of the model whose file lies at `path` and has the card's hash."""
        with self._lock:
            predictor = self._predictors.get(card.sha256)
            if predictor is None or predictor.card != card:
                predictor = load(read_model(path), card, threads)
                self._predictors[card.sha256] = predictor
            self._predictors.move_to_end(card.sha256)
            while len(self._predictors) > self._size:
                self._predictors.popitem(last=False)
            return predictor


def read_model(path: Path) -> bytes:
    """The bytes of a model file; InvalidInput if it is missing or too large."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise InvalidInput(f"The model file {path.name} is larger than {LARGEST_FILE} bytes.")
        return path.read_bytes()
    except FileNotFoundError:
        raise InvalidInput(
            f"The model file {path.name} is missing: restore it from the backup."
        ) from None


def load(model: bytes, card: Card, threads: int = 0) -> Predictor:
    """Check the model's bytes against its card and make it ready.

    `threads` is ONNX Runtime's number of threads, 0 for as many as it finds cores. Raises
    InvalidInput where the file has another hash than the card says, is no ONNX model of standard
    operators with its weights inside, or does not take and give what the card promises.
    """
    if hashlib.sha256(model).hexdigest() != card.sha256:
        raise InvalidInput(
            "The model file's SHA-256 is not its card's: the file was changed. Restore it from the"
            " backup."
        )
    _check_graph(model, card)
    predictor = Predictor(_session(model, threads), card)
    _check_answer(predictor)
    return predictor


def _session(model: bytes, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Idle threads must sleep: the worker shares its cores with training.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except CANNOT_RUN as error:
        raise InvalidInput(f"ONNX Runtime cannot run this model: {_first_line(error)}") from error


def _check_graph(model: bytes, card: Card) -> None:
    try:
        proto = onnx.load_model_from_string(model)
    except DecodeError as error:
        raise InvalidInput("This is not an ONNX model.") from error
    _check_opset(proto)
    _check_operators(proto)
    _check_shapes(proto.graph, card)


def _check_opset(proto: onnx.ModelProto) -> None:
    versions = {entry.domain: entry.version for entry in proto.opset_import}
    foreign = sorted(set(versions) - STANDARD_DOMAINS)
    if foreign or proto.functions:
        raise InvalidInput(f"The model needs operators from outside the ONNX standard: {foreign}.")
    version = max(versions.values(), default=0)
    if not OLDEST_OPSET <= version <= NEWEST_OPSET:
        raise InvalidInput(
            f"The model is of ONNX opset {version}; export it again with an opset from"
            f" {OLDEST_OPSET} to {NEWEST_OPSET}."
        )


def _check_operators(proto: onnx.ModelProto) -> None:
    for graph in _graphs(proto.graph):
        if graph.sparse_initializer:
            raise InvalidInput("The model has sparse weights; export it again with dense ones.")
        for node in graph.node:
            if node.domain not in STANDARD_DOMAINS:
                raise InvalidInput(
                    f"The model uses the operator {node.domain}.{node.op_type}, which is not of the"
                    " ONNX standard."
                )
        for tensor in _tensors(graph):
            if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
                raise InvalidInput(
                    "The model keeps weights in another file; export it again as a single file."
                )


def _graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                if inner.node:
                    yield from _graphs(inner)


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            yield attribute.t
            yield from attribute.tensors


def _check_shapes(graph: onnx.GraphProto, card: Card) -> None:
    recipe = recipes.get(card.family)
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    size = recipe.network_size(card.input)
    _check_value("input", inputs, recipe.INPUT_NAME, (None, 1, *size))
    _check_value("output", list(graph.output), recipe.OUTPUT_NAME, (None, *_answer_shape(card)))


def _answer_shape(card: Card) -> tuple[int, ...]:
    """What the network answers for one tensor; only an ensemble has the axis of members."""
    members = (card.members,) if card.members > 1 else ()
    return (*members, 1 + len(card.labels), *recipes.get(card.family).network_size(card.input))


def _check_value(
    role: str,
    values: list[onnx.ValueInfoProto],
    name: str,
    shape: tuple[int | None, ...],
) -> None:
    """The one input or output: its name, float32, and each dimension that the file states."""
    if [value.name for value in values] != [name]:
        found = ", ".join(value.name for value in values)
        raise InvalidInput(f"The model must have one {role}, {name!r}; it has: {found}.")
    tensor = values[0].type.tensor_type
    stated = [dim.dim_value or None for dim in tensor.shape.dim]
    agrees = len(stated) == len(shape) and all(
        want is None or got is None or want == got for want, got in zip(shape, stated, strict=True)
    )
    if tensor.elem_type != onnx.TensorProto.FLOAT or not agrees:
        raise InvalidInput(
            f"The card does not belong to this model: its {role} is {stated} where the card means"
            f" float32 {list(shape)}."
        )


def _check_answer(predictor: Predictor) -> None:
    """Ask the network once: what the file leaves open (free dimensions, softmax) shows itself."""
    card = predictor.card
    recipe = recipes.get(card.family)
    height, width = recipe.network_size(card.input)
    try:
        answer = predictor.run(np.zeros((1, 1, height, width), np.float32))
    except CANNOT_RUN as error:
        raise InvalidInput(
            f"The model fails on a blank scan of the card's size: {_first_line(error)}"
        ) from error
    expected = (1, card.members, 1 + len(card.labels), height, width)
    if answer.shape != expected or answer.dtype != np.float32:
        raise InvalidInput(
            f"The model answers {answer.dtype} {answer.shape}, the card says float32 {expected}"
            " (scans, members, classes, height, width)."
        )
    recipe.check_answer(answer)


def _first_line(error: Exception) -> str:
    lines: list[str] = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
