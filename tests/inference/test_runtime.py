from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hypothesis_numpy
from onnx import TensorProto, helper, numpy_helper

from domain.errors import InvalidInput
from inference import runtime
from inference.card import read_card
from inference.recipes import unet
from tests.inference.tiny_models import (
    brightness_network,
    card_json,
    scan_with_bright_disc,
    serialised,
)

ROOT = Path(__file__).resolve().parents[2]


def loaded(model: bytes, **changed) -> runtime.Predictor:
    return runtime.load(model, read_card(card_json(model, **changed)), threads=1)


def softmax_of(source: str) -> list[onnx.NodeProto]:
    return [helper.make_node("Softmax", [source], [unet.OUTPUT_NAME], axis=1)]


def test_the_network_answers_on_the_scan_s_own_pixels():
    pixels, disc = scan_with_bright_disc()
    predicted = loaded(brightness_network()).predict(pixels)
    assert predicted.label_map.dtype == np.uint8
    assert np.array_equal(predicted.label_map == 1, disc)
    assert predicted.probability.shape == (2, 64, 64)
    assert np.allclose(predicted.probability.sum(axis=0), 1, atol=1e-5)


def test_a_scan_of_another_size_comes_back_at_its_own_size():
    pixels, disc = scan_with_bright_disc(150, 201, centre=(120, 60), radius=40)
    predicted = loaded(brightness_network()).predict(pixels)
    found = predicted.label_map == 1
    assert found.shape == disc.shape
    assert 2 * (found & disc).sum() / (found.sum() + disc.sum()) > 0.97


def test_classes_keep_the_card_s_order():
    model = brightness_network((-0.5, 1.0))
    pixels = np.zeros((64, 64), np.uint8)
    pixels[:, 20:40] = 100
    pixels[:, 40:60] = 250
    predicted = loaded(model, labels=["grey", "white"]).predict(pixels)
    assert set(np.unique(predicted.label_map[:, :20])) == {0}
    assert set(np.unique(predicted.label_map[:, 22:38])) == {1}
    assert set(np.unique(predicted.label_map[:, 42:58])) == {2}


@settings(max_examples=50, deadline=None)
@given(
    hypothesis_numpy.arrays(
        np.float32,
        st.tuples(st.integers(2, 4), st.integers(1, 5), st.integers(1, 5)),
        elements=st.sampled_from([0.0, 0.25, 0.5, 1.0]),
    )
)
def test_the_most_probable_class_is_argmax(probability):
    assert np.array_equal(runtime.most_probable(probability), probability.argmax(axis=0))


def test_a_changed_file_is_refused():
    model = brightness_network()
    card = read_card(card_json(model))
    with pytest.raises(InvalidInput, match="SHA-256"):
        runtime.load(model + b"\0", card)


def test_what_is_no_onnx_model_is_refused():
    for junk in (b"", b"PK\x03\x04 not a model", b"\x80\x04pickle"):
        with pytest.raises(InvalidInput):
            loaded(junk)


@pytest.mark.parametrize(
    "lie",
    [
        {"labels": ["RF", "VL"]},
        {"input": unet.input_spec(96, 64)},
        {"input": unet.input_spec(64, 128)},
    ],
)
def test_a_card_that_lies_is_refused(lie):
    with pytest.raises(InvalidInput, match="does not belong"):
        loaded(brightness_network(), **lie)


def test_a_file_that_leaves_its_size_open_is_asked():
    model = onnx.load_model_from_string(brightness_network())
    for value in (*model.graph.input, *model.graph.output):
        for dimension in value.type.tensor_type.shape.dim:
            dimension.Clear()
    open_model = model.SerializeToString()
    assert loaded(open_model).card.labels == ("RF",)
    with pytest.raises(InvalidInput, match="answers"):
        loaded(open_model, labels=["RF", "VL"])


def test_logits_are_refused():
    with pytest.raises(InvalidInput, match="softmax"):
        loaded(brightness_network(softmax=False))


def test_a_network_that_answers_nan_is_refused():
    zero = numpy_helper.from_array(np.zeros((2, 1, 1, 1), np.float32), "zero")
    nodes = [
        helper.make_node("Conv", [unet.INPUT_NAME, "zero"], ["zeros"]),
        helper.make_node("Div", ["zeros", "zeros"], [unet.OUTPUT_NAME]),
    ]
    with pytest.raises(InvalidInput, match="sum to 1"):
        loaded(serialised(nodes, [zero]))


@pytest.mark.parametrize("opset", [7, 99])
def test_an_opset_that_the_runtime_may_not_know_is_refused(opset):
    with pytest.raises(InvalidInput, match="opset"):
        loaded(brightness_network(opset=opset))


def test_an_operator_from_outside_the_standard_is_refused():
    custom = helper.make_node("Shell", [unet.INPUT_NAME], ["logits"], domain="com.example")
    model = serialised([custom, *softmax_of("logits")], [], extra_domain="com.example")
    with pytest.raises(InvalidInput, match="ONNX standard"):
        loaded(model)


def test_an_operator_hidden_in_a_branch_is_refused():
    answer = helper.make_tensor_value_info("inner", TensorProto.FLOAT, None)
    custom = helper.make_node("Shell", [unet.INPUT_NAME], ["inner"], domain="com.example")
    branch = helper.make_graph([custom], "branch", [], [answer])
    condition = numpy_helper.from_array(np.array(True), "condition")
    choice = helper.make_node(
        "If", ["condition"], ["logits"], then_branch=branch, else_branch=branch
    )
    with pytest.raises(InvalidInput, match=r"com\.example\.Shell"):
        loaded(serialised([choice, *softmax_of("logits")], [condition]))


def test_weights_in_another_file_are_refused(tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(np.zeros(2, np.float32).tobytes())
    weight = TensorProto(
        name="weight",
        data_type=TensorProto.FLOAT,
        dims=[2, 1, 1, 1],
        data_location=TensorProto.EXTERNAL,
    )
    weight.external_data.add(key="location", value=str(secret))
    nodes = [helper.make_node("Conv", [unet.INPUT_NAME, "weight"], ["logits"])]
    with pytest.raises(InvalidInput, match="another file"):
        loaded(serialised([*nodes, *softmax_of("logits")], [weight]))


def test_another_input_name_is_refused():
    model = onnx.load_model_from_string(brightness_network())
    model.graph.input[0].name = "x"
    model.graph.node[0].input[0] = "x"
    with pytest.raises(InvalidInput, match="one input"):
        loaded(model.SerializeToString())


def test_the_cache_is_keyed_by_hash_and_forgets_the_oldest(tmp_path):
    cache = runtime.PredictorCache(size=2)
    predictors = {}
    for gain in (10.0, 20.0, 30.0):
        model = brightness_network(gain=gain)
        card = read_card(card_json(model))
        path = tmp_path / f"{card.sha256}.onnx"
        path.write_bytes(model)
        predictors[gain] = (path, card, cache.get(path, card, 1))
    path, card, predictor = predictors[30.0]
    assert cache.get(path, card, 1) is predictor
    path, card, predictor = predictors[10.0]
    assert cache.get(path, card, 1) is not predictor


def test_a_file_changed_on_disk_is_refused_on_loading(tmp_path):
    model = brightness_network()
    card = read_card(card_json(model))
    path = tmp_path / f"{card.sha256}.onnx"
    path.write_bytes(brightness_network(gain=1.0))
    with pytest.raises(InvalidInput, match="SHA-256"):
        runtime.PredictorCache().get(path, card, 1)


def test_a_missing_file_says_what_to_do(tmp_path):
    card = read_card(card_json(brightness_network()))
    with pytest.raises(InvalidInput, match="restore it from the backup"):
        runtime.PredictorCache().get(tmp_path / "gone.onnx", card, 1)


def test_a_prediction_loads_no_torch(tmp_path):
    model = brightness_network()
    (tmp_path / "model.onnx").write_bytes(model)
    (tmp_path / "card.json").write_text(json.dumps(card_json(model)))
    program = (
        "import json, pathlib, sys\n"
        "import numpy as np\n"
        "from inference import postprocessing, runtime\n"
        "from inference.card import read_card\n"
        f"here = pathlib.Path({str(tmp_path)!r})\n"
        "card = read_card(json.loads((here / 'card.json').read_text()))\n"
        "predictor = runtime.load((here / 'model.onnx').read_bytes(), card, 1)\n"
        "pixels = np.zeros((40, 50), np.uint8)\n"
        "pixels[10:30, 10:30] = 200\n"
        "outlined = postprocessing.outline(predictor.predict(pixels), card)\n"
        "assert len(outlined.regions) == 1\n"
        "assert not {'torch', 'torchvision', 'django'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
