"""Grey pixels of a scan: the orientation a camera noted, 16 bits to 8, rectangles.

Arrays are (height, width).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.errors import InvalidInput

Grey = NDArray[np.uint8]

TRANSPOSED = (5, 6, 7, 8)
"""The EXIF orientations that swap rows and columns."""

SIDEWAYS_BACK = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}
"""The orientation that undoes another."""

# Aspects within it come from rounded sizes and densities, not from pixels that are not square.
SQUARE_WITHIN = 0.002
MOST_ASPECT = 4.0

# The brightest values of scanners and frame grabbers that store 8 to 16 bits in 16.
NOMINAL_MAXIMA = (255, 1023, 4095, 16383, 65535)


LEAST_SIDE = 16
MOST_ELONGATED = 16
# Grey levels within which a picture shows nothing; a JPEG of black is not quite black.
BLANK_WITHIN = 3


@dataclass(frozen=True)
class Rectangle:
    """Whole pixels of an image: the left and top pixel, width and height."""

    x: int
    y: int
    width: int
    height: int


def as_list(area: Rectangle | None) -> list[int] | None:
    """[x, y, width, height], as rows and files keep a rectangle."""
    return None if area is None else [area.x, area.y, area.width, area.height]


def oriented(pixels: Grey, orientation: int) -> Grey:
    """The picture upright, for an EXIF orientation of 1 to 8; any other counts as 1."""
    if orientation in TRANSPOSED:
        pixels = pixels.T
    # EXIF 2.32, tag 0x0112: where row 0 and column 0 lie on the upright picture.
    flip_rows = orientation in (3, 4, 7, 8)
    flip_columns = orientation in (2, 3, 6, 7)
    upright = pixels[:: -1 if flip_rows else 1, :: -1 if flip_columns else 1]
    return np.ascontiguousarray(upright)


def grey_from_16_bit(values: NDArray[Any], maximum: int = 0) -> tuple[Grey, int]:
    """8-bit grey of pixels stored in 16 bits, and the value that became 255.

    Linear from 0 to `maximum`, which is that of the whole series, so that the same tissue has the
    same grey in all its pictures; where it is not given, or is exceeded, to `nominal_maximum`.

    Raises:
        InvalidInput: a value below 0 or above 65535.
    """
    highest = int(values.max(initial=0))
    if int(values.min(initial=0)) < 0 or highest > NOMINAL_MAXIMA[-1]:
        raise InvalidInput("has pixel values outside 0 to 65535; save it as an 8-bit image")
    maximum = max(maximum, nominal_maximum(highest))
    scaled = (values.astype(np.uint32) * 510 + maximum) // (2 * maximum)
    return scaled.astype(np.uint8), maximum


def nominal_maximum(highest: int) -> int:
    """The smallest of `NOMINAL_MAXIMA` that `highest` does not exceed, else the largest."""
    return next((nominal for nominal in NOMINAL_MAXIMA if highest <= nominal), NOMINAL_MAXIMA[-1])


def fault_as_scan(pixels: Grey) -> str:
    """Why a picture cannot be a scan, as the end of a sentence; empty where it can."""
    height, width = pixels.shape
    if min(height, width) < LEAST_SIDE or max(height, width) > MOST_ELONGATED * min(height, width):
        return f"has {width}x{height} px, which no scan has"
    if is_blank(pixels):
        return f"is all {'black' if pixels.max() <= BLANK_WITHIN else 'of one grey'}"
    return ""


def is_blank(pixels: Grey) -> bool:
    """Whether all pixels are of one grey, within `BLANK_WITHIN`."""
    return int(pixels.max()) - int(pixels.min()) <= BLANK_WITHIN


def pixel_aspect(ratio: float) -> float | None:
    """x spacing / y spacing that a file says of its pixels: 1.0 where they are square within
    `SQUARE_WITHIN`, None where it is more than `MOST_ASPECT` either way and not to be believed.
    """
    if not math.isfinite(ratio) or not 1 / MOST_ASPECT <= ratio <= MOST_ASPECT:
        return None
    return 1.0 if abs(ratio - 1.0) <= SQUARE_WITHIN else ratio


def blackened(pixels: Grey, rectangles: tuple[Rectangle, ...]) -> Grey:
    """A copy with the rectangles black; what of them lies outside the image is left out."""
    result = pixels.copy()
    for box in rectangles:
        result[box.y : box.y + box.height, box.x : box.x + box.width] = 0
    return result


def cropped(pixels: Grey, box: Rectangle) -> Grey:
    """The pixels of a rectangle.

    Raises:
        InvalidInput: it does not lie inside the image.
    """
    height, width = pixels.shape
    if box.x + box.width > width or box.y + box.height > height:
        raise InvalidInput(
            f"the crop {box.x},{box.y},{box.width},{box.height} does not lie inside the image "
            f"of {width}x{height} px; choose a smaller one"
        )
    return np.ascontiguousarray(pixels[box.y : box.y + box.height, box.x : box.x + box.width])


def rectangle_from_text(text: str) -> Rectangle:
    """The rectangle that `x,y,width,height` names.

    Raises:
        InvalidInput: not four whole numbers, x or y below 0, width or height below 1.
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 4 or not all(part.isascii() and part.isdigit() for part in parts):
        raise InvalidInput(f"{text!r} is no rectangle; write x,y,width,height in whole pixels")
    x, y, width, height = (min(int(part[:9]), 10**8) for part in parts)
    if width < 1 or height < 1:
        raise InvalidInput(f"{text!r} has no area; width and height are at least 1 px")
    return Rectangle(x, y, width, height)
