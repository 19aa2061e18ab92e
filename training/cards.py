"""The card and the signature of a trained model: what it is and where it came from."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from domain.surface import METRICS_VERSION
from inference.card import FORMAT, Postprocessing, postprocessing_json

if TYPE_CHECKING:
    from training.members import Member
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


def runnable(
    site: str, labels: Sequence[str], own: Mapping[str, Any], onnx: bytes
) -> dict[str, Any]:
    """The part of a card that running the model depends on; `own` is what its backend says."""
    return {
        "format": FORMAT,
        "site": site,
        "labels": list(labels),
        "spacing": None,
        "postprocessing": postprocessing_json(Postprocessing()),
        **own,
        "metrics_version": METRICS_VERSION,
        "sha256": hashlib.sha256(onnx).hexdigest(),
    }


def card(
    run: Run, members: Sequence[Member], onnx: bytes, left_out: list[dict[str, Any]]
) -> dict[str, Any]:
    """Everything that running and judging the model depends on (inference.card reads it)."""
    first = members[0]
    manifest = run.snapshot.manifest
    return {
        **runnable(run.site.slug, manifest["labels"], first.card, onnx),
        "members": len(members),
        "snapshot_digest": run.snapshot.digest,
        "seed": run.seed,
        "code_version": code_version(),
        "libraries": {
            **first.card["libraries"],
            "onnxruntime": version("onnxruntime"),
            "python": sys.version.split()[0],
        },
        "training": {
            "run": run.pk,
            "backend": run.backend,
            "settings": run.settings,
            "epochs": [member.epochs for member in members],
            "best_epoch": [member.best_epoch for member in members],
            "best_validation_dice": [member.best_validation_dice for member in members],
            "onnx_differing_share": max(member.differing_share for member in members),
            "images": len(manifest["items"]) - len(left_out),
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
