"""The entropy of each pixel as a picture that lies over the scan: a PNG of 16 colours.

Where the model is sure the picture is clear as glass; with entropy it grows denser and lighter, so
that its steps differ in lightness and not in hue alone. About 4 kB for a scan of 384x400 px.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core import palette

LEVELS = 16


def encode(entropy: NDArray[np.float32]) -> bytes:
    """Entropy (h, w), 0 to 1 -> PNG of the same size."""
    steps = np.clip(entropy, 0.0, 1.0) * (LEVELS - 1)
    picture = Image.fromarray((steps + 0.5).astype(np.uint8), mode="P")
    colours = [palette.uncertainty(level / (LEVELS - 1)) for level in range(LEVELS)]
    picture.putpalette([part for colour in colours for part in colour[:3]])
    written = io.BytesIO()
    opacities = bytes(colour[3] for colour in colours)
    picture.save(written, "PNG", bits=4, transparency=opacities)
    return written.getvalue()
