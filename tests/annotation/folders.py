"""Folders of images and LabelMe files as a lab would bring them, made for a test."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Picture

WIDTH, HEIGHT = 64, 48
SQUARE = [[10, 10], [30, 10], [30, 30], [10, 30]]


def grey(seed: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """Grey noise of (height, width)."""
    return np.random.default_rng(seed).integers(1, 256, (height, width), dtype=np.uint8)


def picture(seed: int, kind: str = "PNG", **options: Any) -> bytes:
    """A grey image file of 64x48 px."""
    buffer = io.BytesIO()
    Picture.fromarray(grey(seed)).save(buffer, kind, **options)
    return buffer.getvalue()


def shape(label: str = "RF", points: Any = SQUARE, **keys: Any) -> dict[str, Any]:
    """A LabelMe shape."""
    plain = {"group_id": None, "description": "", "shape_type": "polygon", "flags": {}}
    return {"label": label, "points": points, **plain, "mask": None, **keys}


def labelme(image: str, *shapes: dict[str, Any], **keys: Any) -> bytes:
    """A LabelMe file for an image of 64x48 px."""
    plain = {
        "version": "5.5.0",
        "flags": {},
        "shapes": list(shapes) or [shape()],
        "imagePath": image,
        "imageData": None,
        "imageHeight": HEIGHT,
        "imageWidth": WIDTH,
    }
    return json.dumps({**plain, **keys}, indent=2, ensure_ascii=False).encode()


def folder(root: Path, files: dict[str, bytes]) -> Path:
    """Write files below a folder."""
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def archive(path: Path, files: dict[str, bytes]) -> Path:
    """Write files into a zip archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return path
