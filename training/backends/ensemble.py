"""Several trained networks as one ONNX file: the same input to each, their answers side by side."""

from __future__ import annotations

from collections.abc import Sequence

import onnx
from onnx import compose, helper

from domain.errors import InvalidInput


def merge(models: Sequence[bytes]) -> bytes:
    """One file whose output is (N, members, ...) where each model's alone is (N, ...).

    The models have one input and one output, of the same names and shapes, and the same opset.
    One model is answered as it is. Raises InvalidInput for none, or for models that differ.
    """
    if not models:
        raise InvalidInput("An ensemble has at least one member.")
    if len(models) == 1:
        return models[0]
    members = [onnx.load_model_from_string(model) for model in models]
    first = members[0]
    if any(_interface(member) != _interface(first) for member in members):
        raise InvalidInput("The members of an ensemble differ in input, output or opset.")
    source, answer = first.graph.input[0], first.graph.output[0]
    graph = helper.make_graph([], "ensemble", [source], [])
    stacked = []
    for number, member in enumerate(members, start=1):
        prefix = f"member{number}/"
        named = compose.add_prefix_graph(member.graph, prefix)
        graph.node.append(helper.make_node("Identity", [source.name], [prefix + source.name]))
        graph.node.extend(named.node)
        graph.initializer.extend(named.initializer)
        stacked.append(f"{prefix}stacked")
        graph.node.append(
            helper.make_node("Unsqueeze", [prefix + answer.name, "members_axis"], [stacked[-1]])
        )
    graph.initializer.append(helper.make_tensor("members_axis", onnx.TensorProto.INT64, [1], [1]))
    graph.node.append(helper.make_node("Concat", stacked, [answer.name], axis=1))
    graph.output.append(_with_members(answer, len(members)))
    merged = helper.make_model(
        graph,
        opset_imports=first.opset_import,
        ir_version=first.ir_version,
        producer_name="myotrace",
    )
    onnx.checker.check_model(merged)
    data: bytes = merged.SerializeToString()
    return data


def _interface(model: onnx.ModelProto) -> tuple[object, ...]:
    values = [*model.graph.input, *model.graph.output]
    opset = [(entry.domain, entry.version) for entry in model.opset_import]
    return [value.SerializeToString() for value in values], sorted(opset)


def _with_members(answer: onnx.ValueInfoProto, count: int) -> onnx.ValueInfoProto:
    tensor = answer.type.tensor_type
    shape: list[str | int] = [dim.dim_value or dim.dim_param for dim in tensor.shape.dim]
    return helper.make_tensor_value_info(
        answer.name, tensor.elem_type, [shape[0], count, *shape[1:]]
    )
