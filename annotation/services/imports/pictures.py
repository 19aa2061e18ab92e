"""Small pictures of a preview: what would be stored, with its outlines, and whole pictures on which
identifying text is covered. They lie with the upload and go with it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

from PIL import Image as Picture
from PIL import ImageDraw

from core.data import uploads_directory
from domain.errors import NotFound
from domain.pixels import Grey

WIDTH, HEIGHT = 240, 180
MOST_WHOLE = 8
"""So many pictures of different sizes at most are shown whole, to cover names on."""
COLOURS = ("#ffd166", "#4cc9f0", "#f78c6b", "#9ef01a")


class Pictures:
    """Writes the pictures of one preview into a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sizes: set[tuple[int, ...]] = set()
        folder.mkdir(parents=True, exist_ok=True)

    def keep_whole(self, name: str, pixels: Grey) -> dict[str, Any] | None:
        """Keep a picture as it came, if none of its size is kept; answers what the page needs."""
        if pixels.shape in self._sizes or len(self._sizes) >= MOST_WHOLE:
            return None
        self._sizes.add(pixels.shape)
        key = key_of(name, "whole")
        Picture.fromarray(pixels).save(self._folder / f"{key}.jpg", quality=85)
        return {"key": key, "name": name, "width": pixels.shape[1], "height": pixels.shape[0]}

    def keep_small(self, name: str, pixels: Grey, outlined: Iterable[dict[str, Any]]) -> None:
        """Keep what would be stored of a file as a small picture with its outlines."""
        path = self._folder / f"{key_of(name)}.jpg"
        if path.exists():
            return
        small = Picture.fromarray(pixels).convert("RGB")
        small.thumbnail((WIDTH, HEIGHT))
        scale = small.width / pixels.shape[1]
        draw = ImageDraw.Draw(small)
        labels: dict[str, str] = {}
        for region in outlined:
            label = str(region["label"])
            colour = labels.setdefault(label, COLOURS[len(labels) % len(COLOURS)])
            for part in region["parts"]:
                for ring in part:
                    points = [(x * scale, y * scale) for x, y in [*ring, ring[0]]]
                    draw.line(points, fill=colour, width=2)
        buffer = io.BytesIO()
        small.save(buffer, "JPEG", quality=80)
        path.write_bytes(buffer.getvalue())


def folder_of(upload: str, job_id: UUID) -> Path:
    """Where the pictures of a preview lie. Raises NotFound where its files were not uploaded."""
    if not (upload.isalnum() and upload.isascii() and len(upload) == 32):
        raise NotFound("There is no such picture.")
    return uploads_directory() / upload / f"pictures-{job_id.hex}"


def key_of(name: str, kind: str = "small") -> str:
    """What a file's picture is called, whatever the file is called."""
    return hashlib.sha256(f"{kind} {name}".encode("utf-8", "surrogatepass")).hexdigest()[:24]


def picture(upload: str, job_id: UUID, key: str) -> bytes:
    """A picture of a preview. Raises NotFound."""
    if key.isalnum() and key.isascii():
        path = folder_of(upload, job_id) / f"{key}.jpg"
        if path.is_file():
            return path.read_bytes()
    raise NotFound("There is no such picture.")
