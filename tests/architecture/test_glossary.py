"""Every model stands in the glossary."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import Model

GLOSSARY = Path(__file__).resolve().parents[2] / "docs" / "glossary.md"
MODELS = [
    model
    for label in ("core", "annotation", "inference", "training")
    for model in apps.get_app_config(label).get_models()
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_model_stands_in_the_glossary(model: type[Model]) -> None:
    terms = {term.lower() for term in re.findall(r"\*\*([^*]+)\*\*", GLOSSARY.read_text())}
    words = re.sub(r"(?<!^)([A-Z])", r" \1", model.__name__).lower()
    assert words in terms


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_model_has_a_docstring_of_its_own(model: type[Model]) -> None:
    assert not (model.__doc__ or "").startswith(f"{model.__name__}(")
