"""Pixel spacing: how many mm a pixel measures, and where that is known from.

A depth spans the height of the *image area*, the rectangle of the file in which the machine shows
tissue; menus, rulers and margins around it are no depth (docs/algorithms/measurement.md, mm).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from domain.errors import InvalidInput
from domain.pixels import Grey, Rectangle, rectangle_from_text

Mask = NDArray[np.bool_]

MAX_SPACING_MM = 5.0
FROM_DEPTH = "depth"
FULL = "full"
TOLERANCE = 0.03
"""How far a depth and a typed spacing may differ, as a share of the greater one."""
_UNLIKE_THE_MARGIN = 4  # grey levels: what a JPEG leaves of a black margin
_WINDOW = 9  # px: a ruler's line or a letter never fills half of such a square
_LEAST_SHARE = 0.05  # of the picture; a smaller patch is a logo
_LEAST_OTHER = 0.005  # of the picture, for a part above or below the largest
_SAME_COLUMNS = 0.8  # of its own columns lie under those of the largest


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


def from_depth(depth_mm: float, area: Rectangle, aspect: float = 1.0) -> PixelSpacing:
    """Spacing when `depth_mm` spans the height of the image area: y = depth / height of the area.

    `aspect` is x spacing / y spacing of the file's pixels, 1.0 where they are square.
    Raises InvalidInput for a depth or aspect that is not above 0, or an area without height.
    """
    if area.height <= 0:
        raise InvalidInput(f"The image area is {area.height} px high: it must be above 0.")
    y_mm = depth_mm / area.height
    return PixelSpacing(y_mm * aspect, y_mm, FROM_DEPTH)


def contradiction(depth_mm: float, area: Rectangle, typed: PixelSpacing) -> float:
    """By which share (0 to 1) a typed spacing differs from what the depth gives, if it is more
    than `TOLERANCE`; else 0.

    The depth speaks of the rows, so the spacing down is compared.
    """
    return _differ(typed.y_mm, from_depth(depth_mm, area).y_mm)


def checked_area(area: Rectangle, width: int, height: int) -> Rectangle:
    """The image area, if it lies inside a file of `width` x `height` px. Raises InvalidInput."""
    if area.x + area.width > width or area.y + area.height > height:
        raise InvalidInput(
            f"the image area {as_text(area)} does not lie inside the picture of {width}x{height} "
            "px; give it in the pixels of the original file"
        )
    return area


def area_from_text(text: str, width: int, height: int) -> Rectangle:
    """The image area that `x,y,width,height` or `full` names in a file of that size.

    Raises InvalidInput for what is neither, or lies outside the picture.
    """
    if text.strip().lower() == FULL:
        return Rectangle(0, 0, width, height)
    return checked_area(rectangle_from_text(text), width, height)


def check_area_text(text: str) -> None:
    """Raise InvalidInput where a text names no image area, whatever the size of the picture."""
    if text.strip().lower() != FULL:
        rectangle_from_text(text)


def as_text(area: Rectangle) -> str:
    """The rectangle as people type it: `x,y,width,height`."""
    return f"{area.x},{area.y},{area.width},{area.height}"


def in_crop(area: Rectangle, crop: Rectangle) -> Rectangle | None:
    """The part of an area (px of the file) that a crop keeps, in px of the crop; None: nothing."""
    left, top = max(area.x, crop.x), max(area.y, crop.y)
    right = min(area.x + area.width, crop.x + crop.width)
    bottom = min(area.y + area.height, crop.y + crop.height)
    if right <= left or bottom <= top:
        return None
    return Rectangle(left - crop.x, top - crop.y, right - left, bottom - top)


class Missing(StrEnum):
    """Why a picture has no mm."""

    NOTHING_KNOWN = "nothing known"
    AREA = "area"
    PIXELS = "pixels"
    CONTRADICTION = "contradiction"


@dataclass(frozen=True)
class Known:
    """What is known of the scale of a file of `width` x `height` px.

    `typed`: a spacing that somebody wrote down. `area`: where the machine shows tissue, said or
    confirmed by a person; `proposed`: read from the pixels, which decides nothing. `aspect`: x
    spacing / y spacing, as the file says; None: what it says is not to be believed.
    """

    width: int
    height: int
    depth_mm: float | None = None
    typed: PixelSpacing | None = None
    area: Rectangle | None = None
    proposed: Rectangle | None = None
    aspect: float | None = 1.0

    @property
    def likely_area(self) -> Rectangle:
        """The area; else what the pixels propose; else the whole picture."""
        return self.area or self.proposed or Rectangle(0, 0, self.width, self.height)


@dataclass(frozen=True)
class Scale:
    """The spacing of a picture with the area that it rests on, or why there is none.

    `share`: by how much the depth over the area contradicts the typed spacing, 0 to 1.
    """

    spacing: PixelSpacing | None
    area: Rectangle | None = None
    missing: Missing | None = None
    share: float = 0.0


def scale_of(known: Known) -> Scale:
    """The one rule by which a picture gets its mm.

    A typed spacing counts unless the depth contradicts it by more than `TOLERANCE`: then a person
    decides. A depth counts over the height of the image area, once a person has said or confirmed
    that area, and where the file's pixels have a shape that is believed.
    """
    if known.typed is not None:
        share = _contradicted(known, known.typed)
        if share:
            return Scale(None, known.area, Missing.CONTRADICTION, share)
        return Scale(known.typed, known.area)
    if known.depth_mm is None:
        return Scale(None, known.area, Missing.NOTHING_KNOWN)
    if known.area is None:
        return Scale(None, None, Missing.AREA)
    if known.aspect is None:
        return Scale(None, known.area, Missing.PIXELS)
    return Scale(from_depth(known.depth_mm, known.area, known.aspect), known.area)


def _contradicted(known: Known, typed: PixelSpacing) -> float:
    if known.depth_mm is None:
        return 0.0
    return contradiction(known.depth_mm, known.likely_area, typed)


def _differ(one: float, other: float) -> float:
    share = abs(one - other) / max(one, other)
    return share if share > TOLERANCE else 0.0


def proposed_area(frames: Sequence[Grey]) -> Rectangle | None:
    """Where frames of one size and machine show tissue: the largest patch that is filled with
    speckle, unlike the margin around it; None where there is none.

    Several frames are read together, so that what is dark in one is bright in another. It is a
    proposal: a dark bottom, or a menu that touches the picture, deceives it. (height, width) each.
    """
    drawn = _unlike_the_margin(frames)
    filled = ndimage.uniform_filter(drawn.astype(np.float32), _WINDOW, mode="nearest") > 0.5
    patch = _patch(filled)
    if patch is None:
        return None
    rows, columns = _extent(patch.mean(axis=1)), _extent(patch.mean(axis=0))
    top, bottom = _to_edge(drawn[:, slice(*columns)].mean(axis=1), rows)
    left, right = _to_edge(drawn[slice(top, bottom)].mean(axis=0), columns)
    return Rectangle(left, top, right - left, bottom - top)


def _patch(filled: Mask) -> Mask | None:
    """The largest patch, with those above and below it: a dark band may cut the tissue in two."""
    patches, _ = ndimage.label(filled)
    sizes = np.bincount(patches.ravel())[1:] / filled.size
    if not len(sizes) or sizes.max() < _LEAST_SHARE:
        return None
    spans = [(box[1].start, box[1].stop) for box in ndimage.find_objects(patches)]
    start, stop = spans[int(sizes.argmax())]
    kept = [
        number
        for number, (left, right) in enumerate(spans, start=1)
        if sizes[number - 1] >= _LEAST_OTHER
        and min(stop, right) - max(start, left) >= _SAME_COLUMNS * (right - left)
    ]
    return np.isin(patches, kept)


def _unlike_the_margin(frames: Sequence[Grey]) -> Mask:
    """Pixels that differ from the most frequent grey of the border, in any of the frames."""
    if not frames or any(one.shape != frames[0].shape for one in frames):
        raise InvalidInput("An image area is proposed from frames of one size, at least one.")
    border = np.concatenate(
        [edge for one in frames for edge in (one[0], one[-1], one[:, 0], one[:, -1])]
    )
    margin = int(np.bincount(border).argmax())
    unlike = np.zeros(frames[0].shape, dtype=bool)
    for one in frames:
        unlike |= np.abs(one.astype(np.int16) - margin) > _UNLIKE_THE_MARGIN
    return unlike


def _extent(share: NDArray[np.float64]) -> tuple[int, int]:
    """From the first to behind the last line of which the patch fills a fifth of its usual."""
    usual = float(np.quantile(share[share > 0], 0.75))
    inside = np.flatnonzero(share >= 0.2 * usual)
    return int(inside[0]), int(inside[-1]) + 1


def _to_edge(share: NDArray[np.float64], extent: tuple[int, int]) -> tuple[int, int]:
    """The extent with its ends moved by up to a window to where the lines begin to be filled."""
    start, stop = extent
    wanted = 0.3 * float(np.median(share[start:stop]))
    near = slice(max(0, start - _WINDOW), min(len(share), stop + _WINDOW))
    inside = np.flatnonzero(share[near] >= wanted) + near.start
    return int(inside[0]), int(inside[-1]) + 1
