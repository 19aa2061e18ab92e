"""The stored scans of a report, small enough for a file that is sent to somebody."""

from __future__ import annotations

import base64
import io

from PIL import Image as PillowImage

from core import files
from core.reports.document import Picture

LONGEST = 640
"""Longest side in px of a scan in a file; 80 mm at 200 dots an inch."""


def small_png(picture: Picture) -> bytes:
    """The scan as a grey PNG with at most `LONGEST` px on its longer side."""
    with PillowImage.open(io.BytesIO(files.read(picture.sha256)), formats=["PNG"]) as stored:
        scan = stored.convert("L")
    scan.thumbnail((LONGEST, LONGEST))
    written = io.BytesIO()
    scan.save(written, "PNG", optimize=True)
    return written.getvalue()


def data_address(picture: Picture) -> str:
    """The scan as a `data:` address, so that a file of HTML stands alone."""
    return f"data:image/png;base64,{base64.b64encode(small_png(picture)).decode()}"
