from __future__ import annotations

import json

import pytest

from core.data import models_directory
from core.models import AuditEvent
from domain.errors import Conflict, InvalidInput, NotFound
from inference.models import ModelVersion
from inference.selectors import versions
from inference.services import registry
from tests.inference.tiny_models import brightness_network, card_json

pytestmark = pytest.mark.django_db


def test_a_model_is_two_files_and_a_row(site, admin):
    onnx = brightness_network()
    card = card_json(onnx, site=site.slug)
    model = registry.register(site, onnx, card, run_label="run 1", actor=admin)
    assert model.name == "rectus-femoris-v1"
    assert (models_directory() / f"{model.sha256}.onnx").read_bytes() == onnx
    assert json.loads((models_directory() / f"{model.sha256}.json").read_text()) == card
    event = AuditEvent.objects.get(verb="model registered")
    assert event.details["sha256"] == card["sha256"]
    assert event.actor == admin


def test_numbers_run_per_site(make_model):
    assert [make_model(threshold).number for threshold in (0.1, 0.2, 0.3)] == [1, 2, 3]


def test_the_same_model_again_is_the_same_version(site):
    onnx = brightness_network()
    card = card_json(onnx, site=site.slug)
    first = registry.register(site, onnx, card, actor=None)
    again = registry.register(site, onnx, dict(card), actor=None)
    assert first == again
    assert ModelVersion.objects.count() == 1


def test_the_same_file_with_another_card_is_a_conflict(site):
    onnx = brightness_network()
    registry.register(site, onnx, card_json(onnx, site=site.slug), actor=None)
    with pytest.raises(Conflict):
        registry.register(site, onnx, card_json(onnx, site=site.slug, seed=9), actor=None)
    kept = json.loads(
        next(models_directory().glob(f"{card_json(onnx)['sha256']}.json")).read_text()
    )
    assert kept["seed"] == 0


@pytest.mark.parametrize(
    "lie",
    [{"site": "biceps"}, {"labels": ["VL"]}, {"sha256": "0" * 64}, {"labels": ["RF", "RF"]}],
)
def test_a_card_that_lies_registers_nothing(site, lie):
    onnx = brightness_network((0.123,))
    with pytest.raises(InvalidInput):
        registry.register(site, onnx, {**card_json(onnx, site=site.slug), **lie}, actor=None)
    assert not ModelVersion.objects.exists()
    assert not list(models_directory().glob(f"{card_json(onnx)['sha256']}*"))


def test_a_damaged_file_is_written_again_by_a_new_registration(site):
    onnx = brightness_network((0.321,))
    card = card_json(onnx, site=site.slug)
    path = models_directory() / f"{card['sha256']}.onnx"
    path.write_bytes(b"half")
    registry.register(site, onnx, card, actor=None)
    assert path.read_bytes() == onnx


def test_a_model_is_found_by_name_and_by_hash(study, make_model):
    model = make_model()
    assert versions.named(study, "rectus-femoris-v1") == model
    assert versions.named(study, model.sha256) == model
    with pytest.raises(NotFound, match="rectus-femoris-v1"):
        versions.named(study, "rectus-femoris-v2")


def test_a_model_of_another_study_does_not_exist(stranger, admin, make_model):
    model = make_model()
    assert versions.visible_model(admin, model.pk) == model
    with pytest.raises(NotFound):
        versions.visible_model(stranger, model.pk)


def test_the_api_lists_the_models_of_the_caller_s_study(client_of, admin, stranger, make_model):
    model = make_model()
    (listed,) = client_of(admin).get("/api/v1/models/").json()["results"]
    assert listed["name"] == model.name
    assert listed["card"]["labels"] == ["RF"]
    assert listed["serves"] == []
    assert client_of(stranger).get("/api/v1/models/").json()["results"] == []
    assert client_of(stranger).get("/api/v1/models/?study=lab").status_code == 404
