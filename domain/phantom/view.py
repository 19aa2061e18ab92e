"""The picture's frame: size, depth, and random streams that do not depend on each other."""

from __future__ import annotations

import zlib

import numpy as np

# The paper prints "384x400 px" and leaves open which is the height. Here it is height x width.
HEIGHT = 384
WIDTH = 400
DEPTH_MM = 40.0
SPACING_MM = DEPTH_MM / HEIGHT
PX_PER_MM = HEIGHT / DEPTH_MM
WIDTH_MM = WIDTH * SPACING_MM


def stream(*key: int | str) -> np.random.Generator:
    """A random generator for one named purpose: the same key gives the same numbers.

    Words enter the key by their CRC-32, since Python's own hash of a word changes with the process.
    """
    return np.random.default_rng([_number(part) for part in key])


def _number(part: int | str) -> int:
    return part if isinstance(part, int) else zlib.crc32(part.encode())
