"""Pixel spacing: how many mm a pixel measures, and where that is known from."""

from __future__ import annotations

import math
from dataclasses import dataclass

from domain.errors import InvalidInput

MAX_SPACING_MM = 5.0


@dataclass(frozen=True)
class PixelSpacing:
    """Spacing in mm per px along x (columns) and y (rows), with the method that gave it.

    Raises InvalidInput unless both are finite, above 0 and below 5 mm.
    """

    x_mm: float
    y_mm: float
    method: str

    def __post_init__(self) -> None:
        for axis, value in (("x", self.x_mm), ("y", self.y_mm)):
            if not math.isfinite(value) or not 0 < value < MAX_SPACING_MM:
                raise InvalidInput(
                    f"The {axis} spacing is {value} mm per px: give a number between 0 and 5."
                )


def from_depth(depth_mm: float, height_px: int, aspect: float = 1.0) -> PixelSpacing:
    """Spacing when `depth_mm` spans the whole image height (the seed paper, 2).

    `aspect`: x spacing / y spacing of the pixels, 1.0 where they are square. Raises InvalidInput
    for a depth, height or aspect that is not above 0.
    """
    if height_px <= 0:
        raise InvalidInput(f"The image height is {height_px} px: it must be above 0.")
    spacing = depth_mm / height_px
    return PixelSpacing(spacing * aspect, spacing, "depth")
