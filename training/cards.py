"""The card and the signature of a trained model: what it is and where it came from."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from domain.surface import METRICS_VERSION
from inference.card import FORMAT, Postprocessing, postprocessing_json

if TYPE_CHECKING:
    from training.backends.contract import Trained
    from training.models import Run


def sign(onnx: bytes, run: Run) -> bytes:
    """The same model with its run's name inside, so that no two runs give the same file."""
    import onnx as onnx_library

    model = onnx_library.load_model_from_string(onnx)
    facts = {
        "study": run.site.study.name,
        "site": run.site.slug,
        "run": str(run.job_id),
        "snapshot": run.snapshot.digest,
    }
    onnx_library.helper.set_model_props(model, facts)
    signed: bytes = model.SerializeToString()
    return signed


def card(run: Run, trained: Trained, onnx: bytes, left_out: list[dict[str, Any]]) -> dict[str, Any]:
    """Everything that running and judging the model depends on (inference.card reads it)."""
    return {
        "format": FORMAT,
        "site": run.site.slug,
        "labels": run.snapshot.manifest["labels"],
        "spacing": None,
        "postprocessing": postprocessing_json(Postprocessing()),
        **trained.card,
        "metrics_version": METRICS_VERSION,
        "snapshot_digest": run.snapshot.digest,
        "sha256": hashlib.sha256(onnx).hexdigest(),
        "seed": run.seed,
        "code_version": code_version(),
        "libraries": {
            **trained.card["libraries"],
            "onnxruntime": version("onnxruntime"),
            "python": sys.version.split()[0],
        },
        "training": {
            "run": run.pk,
            "backend": run.backend,
            "settings": run.settings,
            "epochs": trained.epochs,
            "best_epoch": trained.best_epoch,
            "best_validation_dice": trained.best_validation_dice,
            "images": len(run.snapshot.manifest["items"]) - len(left_out),
            "left_out": [*run.snapshot.left_out, *left_out],
        },
    }


def code_version() -> str:
    """The project's version, with the commit where this is a git checkout."""
    root = Path(settings.BASE_DIR)
    with (root / "pyproject.toml").open("rb") as file:
        number = tomllib.load(file)["project"]["version"]
    try:
        answer = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "--short=12", "HEAD"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return str(number)
    return f"{number}+{answer.stdout.strip()}"
