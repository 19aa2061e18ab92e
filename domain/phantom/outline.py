"""Muscle outlines as an upper and a lower curve over the same columns, and their polygons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from domain.geometry import GRID_DECIMALS
from domain.phantom.view import PX_PER_MM, WIDTH

Array = NDArray[np.float64]

OUTLINE_COLUMNS = 72


@dataclass(frozen=True)
class Outline:
    """A region between two curves: `top` and `bottom` over ascending `x`, each (n,), in px."""

    x: Array
    top: Array
    bottom: Array

    def polygon(self) -> shapely.Polygon:
        """The closed outline, clockwise on the screen from its left end."""
        upper = np.column_stack([self.x, self.top])
        lower = np.column_stack([self.x, self.bottom])[::-1]
        return shapely.Polygon(np.vstack([upper, lower]))

    def columns(self) -> tuple[Array, Array]:
        """Top and bottom at the pixel-centre columns, each (WIDTH,); NaN where there is none."""
        centres = np.arange(WIDTH) + 0.5
        return (
            np.interp(centres, self.x, self.top, left=np.nan, right=np.nan),
            np.interp(centres, self.x, self.bottom, left=np.nan, right=np.nan),
        )


@dataclass(frozen=True)
class Lens:
    """A muscle belly in mm: centre, half width, half heights, and how blunt its ends are.

    `blunt` is the exponent of the half height over the ellipse's: below 1 flatter with blunt ends,
    above 1 pointed. `tilt` is the slope of the long axis, `bow` its sag at the ends (positive: a
    belly that bulges upwards).
    """

    x: float
    depth: float
    half_width: float
    up: float
    down: float
    blunt: float = 1.0
    tilt: float = 0.0
    bow: float = 0.0

    def outline(self, rng: np.random.Generator, wobble_mm: float) -> Outline:
        """The belly with a smooth, small irregularity of its own, in px on the 1/1000 px grid."""
        turn = np.linspace(0.0, np.pi, OUTLINE_COLUMNS)
        offset = -np.cos(turn)
        height = np.sin(turn) ** self.blunt
        axis = self.depth + self.tilt * offset * self.half_width + self.bow * offset**2
        top = axis - self.up * height + wobble_mm * np.sin(turn) * _waves(turn, rng)
        bottom = axis + self.down * height + wobble_mm * np.sin(turn) * _waves(turn, rng)
        gap = np.maximum(bottom - top, 0.0)
        return Outline(_pixels(self.x + offset * self.half_width), _pixels(top), _pixels(top + gap))


def divide(whole: Outline, share: Array) -> tuple[Outline, Outline]:
    """Two outlines with one septum: `share` (n,), 0 to 1, of the height belongs to the upper.

    The septum's points are the same numbers in both. Where the share is 0 the lower one reaches the
    top, where it is 1 the upper one reaches the bottom.
    """
    septum = np.round(whole.top + share * (whole.bottom - whole.top), GRID_DECIMALS)
    upper = _trim(Outline(whole.x, whole.top, septum))
    lower = _trim(Outline(whole.x, septum, whole.bottom))
    return upper, lower


def _trim(outline: Outline) -> Outline:
    """Without the columns at either end that have no height, but for the tip itself."""
    thick = np.flatnonzero(outline.bottom > outline.top)
    kept = slice(max(thick[0] - 1, 0), thick[-1] + 2)
    return Outline(outline.x[kept], outline.top[kept], outline.bottom[kept])


def _waves(turn: Array, rng: np.random.Generator) -> Array:
    """A smooth random function of about unit size: three waves along the outline."""
    phase = rng.uniform(0.0, 2 * np.pi, 3)
    size = rng.standard_normal(3) * np.array([0.7, 0.5, 0.35])
    return (size[:, None] * np.sin(np.array([2.0, 4.0, 7.0])[:, None] * turn + phase[:, None])).sum(
        axis=0
    )


def _pixels(mm: Array) -> Array:
    return np.round(mm * PX_PER_MM, GRID_DECIMALS)
