"""What `verify` checks in this package."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from core import integrity
from core.data import models_directory
from inference.models import ModelVersion, Pointer
from inference.selectors.pointers import current_and_earlier


def register_all() -> None:
    """Register the checks of this package."""
    integrity.register("models", damaged_models)
    integrity.register("pointers", stray_pointers)


def damaged_models() -> Iterator[str]:
    """Models whose file or card is missing or differs, and model files that nobody registered."""
    directory = models_directory()
    known = set()
    for model in ModelVersion.objects.select_related("site"):
        known.add(f"{model.sha256}.onnx")
        if _sha256(directory / f"{model.sha256}.onnx") != model.sha256:
            yield f"{model.name}: its file is missing or was changed."
        if _card(directory / f"{model.sha256}.json") != model.card:
            yield f"{model.name}: its card is missing or was changed."
    for path in sorted(directory.glob("*.onnx")):
        if path.name not in known:
            yield f"{path.name} is no registered model."


def stray_pointers() -> Iterator[str]:
    """Pointers that are not where their history says."""
    for pointer in Pointer.objects.select_related("site", "model__site"):
        current, _ = current_and_earlier(pointer.site, pointer.purpose)
        if current != pointer.model:
            yield f"{pointer}: its history says {current.name if current else 'no model'}."


def _sha256(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _card(path: Path) -> object:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
