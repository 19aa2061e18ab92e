"""Models from outside: what is refused before anything keeps or runs it, and what comes in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from onnx import TensorProto, helper, numpy_helper

from annotation.models import Site, Study
from core.data import models_directory
from core.models import AuditEvent, Job, User
from core.services import jobs
from domain.errors import InvalidInput, NotAllowed
from inference.models import ModelVersion, Pointer
from inference.recipes import unet
from inference.services import uploading
from tests.inference.tiny_models import brightness_network, card_json, serialised

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


def registered(site: Site, model: bytes, actor: User | None, **changed: Any) -> ModelVersion:
    card = card_json(model, site=site.slug, **changed)
    return uploading.check_and_register(site, model, card, actor)


def test_an_honest_model_is_registered_and_serves_nobody(site: Site, admin: User) -> None:
    model = registered(site, brightness_network(), admin)
    assert model.name == "rectus-femoris-v1"
    assert model.run_label == "uploaded"
    assert not Pointer.objects.exists()
    assert AuditEvent.objects.filter(verb="model registered", actor=admin).count() == 1


@pytest.fixture(autouse=True)
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of this test's own: tests that run beside it upload, too."""
    folder = tmp_path / "uploads"
    folder.mkdir()
    monkeypatch.setattr(uploading, "uploads_directory", lambda: folder)
    return folder


def custom_operator() -> bytes:
    node = helper.make_node("Shell", [unet.INPUT_NAME], ["logits"], domain="com.example")
    return serialised([node, softmax()], [], extra_domain="com.example")


def softmax() -> Any:
    return helper.make_node("Softmax", ["logits"], [unet.OUTPUT_NAME], axis=1)


def external_data() -> bytes:
    weight = numpy_helper.from_array(np.ones((2, 1, 1, 1), np.float32), "weight")
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    entry = weight.external_data.add()
    entry.key, entry.value = "location", "/etc/passwd"
    conv = helper.make_node("Conv", [unet.INPUT_NAME, "weight"], ["logits"])
    return serialised([conv, softmax()], [weight])


def not_finite() -> bytes:
    zero = numpy_helper.from_array(np.zeros((2, 1, 1, 1), np.float32), "zero")
    return serialised(
        [
            helper.make_node("Conv", [unet.INPUT_NAME, "zero"], ["zeros"]),
            helper.make_node("Div", ["zeros", "zeros"], [unet.OUTPUT_NAME]),
        ],
        [zero],
    )


def memory_bomb() -> bytes:
    """A graph of a few hundred bytes that asks for 400 GB."""
    size = numpy_helper.from_array(np.array([100_000, 1_000_000], np.int64), "size")
    weight = numpy_helper.from_array(np.ones((2, 1, 1, 1), np.float32), "weight")
    return serialised(
        [
            helper.make_node("ConstantOfShape", ["size"], ["huge"]),
            helper.make_node("ReduceSum", ["huge"], ["sum"], keepdims=0),
            helper.make_node("Conv", [unet.INPUT_NAME, "weight"], ["convolved"]),
            helper.make_node("Add", ["convolved", "sum"], ["logits"]),
            softmax(),
        ],
        [size, weight],
    )


def endless_loop() -> bytes:
    """A loop of 2^62 rounds."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["going"], ["on"]),
            helper.make_node("Add", ["value", "value"], ["doubled"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("round", TensorProto.INT64, []),
            helper.make_tensor_value_info("going", TensorProto.BOOL, []),
            helper.make_tensor_value_info("value", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("doubled", TensorProto.FLOAT, None),
        ],
    )
    weight = numpy_helper.from_array(np.ones((2, 1, 1, 1), np.float32), "weight")
    return serialised(
        [
            helper.make_node("Conv", [unet.INPUT_NAME, "weight"], ["convolved"]),
            helper.make_node("Loop", ["rounds", "true", "convolved"], ["logits"], body=body),
            softmax(),
        ],
        [
            weight,
            numpy_helper.from_array(np.array(2**62, np.int64), "rounds"),
            numpy_helper.from_array(np.array(True), "true"),
        ],
    )


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (custom_operator, "outside the ONNX standard"),
        (external_data, "keeps weights in another file"),
        (not_finite, "probabilities that sum to 1"),
        (memory_bomb, "not registered"),
        (lambda: brightness_network()[:-40], "not registered"),
        (lambda: b"", "not an ONNX model|not registered"),
        (lambda: b"PK\x03\x04 nothing of the kind", "not an ONNX model"),
        (lambda: brightness_network(softmax=False), "probabilities that sum to 1"),
        (lambda: brightness_network(opset=9), "opset"),
    ],
)
def test_what_must_not_run_is_refused_and_leaves_nothing(
    site: Site, admin: User, make: Callable[[], bytes], words: str
) -> None:
    model = make()
    with pytest.raises(InvalidInput, match=words):
        registered(site, model, admin)
    assert not ModelVersion.objects.exists()
    assert not (models_directory() / f"{hashlib.sha256(model).hexdigest()}.onnx").exists()


def test_a_graph_that_never_ends_is_ended(
    site: Site, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "CHECK_SECONDS", 3)
    with pytest.raises(InvalidInput, match="takes longer than 3 s"):
        registered(site, endless_loop(), admin)
    assert not ModelVersion.objects.exists()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"labels": ["RF", "fat"]}, "card"),
        ({"labels": ["biceps"]}, "has only RF"),
        ({"sha256": "0" * 64}, "SHA-256 is not its card's"),
        ({"members": 2}, "card"),
        ({"family": "oracle"}, "Unknown model family"),
        ({"input": unet.input_spec(96, 96)}, "card"),
        ({"format": 2}, "format"),
    ],
)
def test_a_card_that_lies_is_refused(
    site: Site, admin: User, changed: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        registered(site, brightness_network(), admin, **changed)
    assert not ModelVersion.objects.exists()


def test_only_admins_register(site: Site, expert: User, uploads: Path) -> None:
    with pytest.raises(NotAllowed):
        registered(site, brightness_network(), expert)
    with pytest.raises(NotAllowed):
        uploading.submit(site, [brightness_network()], b"{}", expert)
    assert not list(uploads.iterdir())


@pytest.mark.parametrize("card", [b"\xff\xfe", b"[1]", b"[" * 100_000, b"{" + b" " * 1_000_001])
def test_a_card_that_is_no_object_is_refused_at_once(site: Site, admin: User, card: bytes) -> None:
    with pytest.raises(InvalidInput, match="card"):
        uploading.submit(site, [b"onnx"], card, admin)
    assert not Job.objects.exists()


def test_an_empty_or_too_large_file_is_not_kept(
    site: Site, admin: User, uploads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidInput, match="empty"):
        uploading.submit(site, [], b"{}", admin)
    monkeypatch.setattr(uploading, "LARGEST_FILE", 10)
    with pytest.raises(InvalidInput, match="larger than 10 bytes"):
        uploading.submit(site, [b"123456", b"789012"], b"{}", admin)
    assert not list(uploads.iterdir())


def files_of(model: bytes, card: dict[str, Any]) -> dict[str, SimpleUploadedFile]:
    return {
        "model": SimpleUploadedFile("mine.onnx", model),
        "card": SimpleUploadedFile("mine.json", json.dumps(card).encode()),
    }


def test_by_the_browser(
    study: Study, site: Site, admin: User, client_of: ClientOf, uploads: Path
) -> None:
    page, address = client_of(admin), f"/studies/{study.name}/models/upload/"
    assert "What the card says" in page.get(address).content.decode()
    model = brightness_network()
    given = files_of(model, card_json(model, site=site.slug))
    answer = page.post(address, {"site": site.slug, **given})
    job = Job.objects.get(kind=uploading.KIND)
    assert answer.url == f"/studies/{study.name}/jobs/{job.pk}/"
    assert not ModelVersion.objects.exists()
    done = jobs.run_inline(job)
    assert done.state == Job.State.DONE, done.error
    assert done.result["model"] == ModelVersion.objects.get().name
    assert not list(uploads.iterdir())
    wrong = page.post(address, {"site": site.slug, **files_of(model, {})})
    assert wrong.status_code == 302
    failed = jobs.run_inline(Job.objects.filter(kind=uploading.KIND).first())
    assert failed.state == Job.State.FAILED
    assert "format" in failed.error
    missing = page.post(address, {"site": site.slug})
    assert missing.status_code == 422


def test_by_the_api(site: Site, admin: User, expert: User, client_of: ClientOf) -> None:
    model = brightness_network()
    card = card_json(model, site=site.slug)
    for person, status in ((expert, 403), (admin, 202)):
        answer = client_of(person).post(
            "/api/v1/models/?study=lab", {"site": site.slug, **files_of(model, card)}
        )
        assert answer.status_code == status
    more = {"site": site.slug, **files_of(model, card), "weights": files_of(model, card)["model"]}
    refused = client_of(admin).post("/api/v1/models/?study=lab", more)
    assert refused.status_code == 400
    assert "weights" in refused.json()
    assert jobs.run_inline(Job.objects.get(kind=uploading.KIND)).state == Job.State.DONE
    assert ModelVersion.objects.get().sha256 == hashlib.sha256(model).hexdigest()


def test_by_the_command(
    site: Site, admin: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = brightness_network()
    (tmp_path / "m.onnx").write_bytes(model)
    (tmp_path / "m.json").write_text(json.dumps(card_json(model, site=site.slug)))
    paths = [str(tmp_path / "m.onnx"), str(tmp_path / "m.json")]
    call_command("register_model", site.slug, *paths, "--as", "admin", "--json", study="lab")
    assert json.loads(capsys.readouterr().out)["model"] == "rectus-femoris-v1"
