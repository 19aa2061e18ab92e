from __future__ import annotations

import pytest

from core.data import models_directory
from inference.integrity import damaged_models, stray_pointers
from inference.models import Pointer
from inference.services import pointers

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_data_directory(tmp_path, settings):
    settings.MYOTRACE_DATA = tmp_path


def test_whole_models_have_no_problems(site, admin, make_model):
    pointers.move(site, "pre-label", make_model(), actor=admin)
    assert list(damaged_models()) == list(stray_pointers()) == []


@pytest.mark.parametrize("suffix", ["onnx", "json"])
@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_damaged_file_is_named(make_model, suffix, damage):
    model = make_model()
    path = models_directory() / f"{model.sha256}.{suffix}"
    path.unlink() if damage == "missing" else path.write_bytes(path.read_bytes() + b"}")
    (problem,) = damaged_models()
    assert model.name in problem


def test_a_model_file_that_nobody_registered_is_named(db):
    (models_directory() / "stray.onnx").write_bytes(b"x")
    assert list(damaged_models()) == ["stray.onnx is no registered model."]


def test_a_pointer_moved_by_hand_is_named(site, admin, make_model):
    first, second = make_model(0.1), make_model(0.2)
    pointers.move(site, "pre-label", first, actor=admin)
    Pointer.objects.update(model=second)
    (problem,) = stray_pointers()
    assert first.name in problem
