"""Import of scans with outlines against decoding, hashing and parsing the same files alone."""

from __future__ import annotations

import hashlib
import io
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management import call_command
from PIL import Image as Picture

from annotation.services.imports import running
from annotation.services.imports.request import ImportRequest
from domain import labelme, phantom
from domain.labelme_export import new_document

SUBJECTS = 20
ROUNDS = 3
MANIFEST = "image,labelme,subject,site,side\n"


def run() -> list[dict[str, Any]]:
    """The ratio of the median seconds of an import, of new scans and again, to the bare work."""
    call_command("migrate", interactive=False, verbosity=0)
    with tempfile.TemporaryDirectory(prefix="myotrace-bench-") as folder:
        root = Path(folder)
        count = _write(root)
        bare, new, again = [], [], []
        for number in range(ROUNDS):
            bare.append(_seconds(partial(_bare, root)))
            new.append(_seconds(partial(_import, root, f"round{number}")))
            again.append(_seconds(partial(_import, root, f"round{number}")))
    return [
        _row("import of new scans", count, new, bare),
        _row("import of the same scans again", count, again, bare),
    ]


def _write(root: Path) -> int:
    """Phantom scans of 384x400 px with LabelMe files and a manifest; answers how many."""
    lines = [MANIFEST]
    number = 0
    for subject in phantom.cohort(SUBJECTS, seed=1):
        for site in phantom.SITES:
            for side in ("left", "right"):
                image = phantom.scan(subject, site, side=side)
                stem = f"scan{number:04d}"
                height, width = image.pixels.shape
                Picture.fromarray(image.pixels).save(root / f"{stem}.png")
                document = new_document(
                    image.regions, image_path=f"{stem}.png", width=width, height=height
                )
                (root / f"{stem}.json").write_bytes(labelme.encode(document))
                code = f"S{number // 10:03d}"
                lines.append(f"{stem}.png,{stem}.json,{code},{site},{side}\n")
                number += 1
    (root / "manifest.csv").write_text("".join(lines), encoding="utf-8")
    return number


def _bare(root: Path) -> None:
    """Decode each image, hash its pixels, parse its JSON: in this process, nothing checked."""
    for path in sorted(root.glob("*.png")):
        with Picture.open(io.BytesIO(path.read_bytes())) as picture:
            pixels = np.asarray(picture.convert("L"))
        hashlib.sha256(pixels.tobytes()).hexdigest()
        json.loads(path.with_suffix(".json").read_bytes())


def _import(root: Path, study: str) -> None:
    request = ImportRequest(source=str(root), manifest=str(root / "manifest.csv"))
    report = running.import_files(request, study, actor=None)
    if report.count("refused"):
        raise AssertionError("a phantom scan was refused")


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _row(name: str, count: int, ours: list[float], bare: list[float]) -> dict[str, Any]:
    median, base = statistics.median(ours), statistics.median(bare)
    return {
        "name": name,
        "value": round(median / base, 2),
        "unit": "x",
        "against": "decode + hash + parse of the same files in one process",
        "target": "",
        "note": f"{count} phantom scans with outlines, median of {ROUNDS}: {median:.2f} s against "
        f"{base:.2f} s. Beyond the bare work: decoding in a limited process, valid geometry, PNG "
        "encoding, durable files, rows",
    }
