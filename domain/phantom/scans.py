"""Whole scans: a take of a site, two takes of unequal clearness, a sweep, a second visit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon

from domain.geometry import CUTS, Region, clip_to_image
from domain.phantom.anatomy import Placement, build
from domain.phantom.imaging import Acoustics, render, scatterers
from domain.phantom.outline import Outline
from domain.phantom.sites import SITES
from domain.phantom.subjects import PhantomSubject
from domain.phantom.view import HEIGHT, WIDTH, stream

# Neighbouring frames of a sweep share most scatterers; the rest is new tissue under the beam.
FRAME_CORRELATION = 0.85


@dataclass(frozen=True)
class PhantomImage:
    """A picture and its truth.

    Args:
        pixels: (HEIGHT, WIDTH) uint8.
        regions: one a label, in the site's order, in image pixels on the 1/1000 px grid, `cut`
            where the view cuts the muscle. Neighbours share their border's points exactly.
        clarity: 0 to 1, how well fascia stands out.
        position: 0 distal to 1 proximal within a sweep.
    """

    pixels: NDArray[np.uint8]
    regions: tuple[Region, ...]
    clarity: float
    position: float


def scan(
    subject: PhantomSubject, site: str, *, side: str = "right", visit: int = 0, take: int = 1
) -> PhantomImage:
    """One still image.

    A left side is the mirror image of an anatomy of its own. Each visit after the first changes the
    muscle's thickness by the subject's `change`.

    Raises:
        KeyError: the site is not one of `SITES`.
    """
    return _Take(subject, site, side, visit, take).frames(1)[0]


def sweep(
    subject: PhantomSubject,
    site: str,
    *,
    frames: int = 12,
    side: str = "right",
    visit: int = 0,
    take: int = 1,
) -> list[PhantomImage]:
    """A slow move of the probe from distal to proximal: outlines and speckle change smoothly.

    Raises:
        KeyError: the site is not one of `SITES`.
    """
    return _Take(subject, site, side, visit, take).frames(frames)


def clearer_take(subject: PhantomSubject, site: str, *, side: str = "right", visit: int = 0) -> int:
    """Which of the takes 1 and 2 of a scan shows its fascia better."""
    return int(stream(subject.seed, subject.number, "clearer", site, side, visit).integers(1, 3))


class _Take:
    """One acquisition: a placement, acoustics, and random streams of its own."""

    def __init__(
        self, subject: PhantomSubject, site: str, side: str, visit: int, take: int
    ) -> None:
        self.subject = subject
        self.site = SITES[site]
        self.side = side
        self.rng = stream(subject.seed, subject.number, "take", site, side, visit, take)
        clear = take == clearer_take(subject, site, side=side, visit=visit)
        self.clarity = float(self.rng.uniform(0.8, 1.0) if clear else self.rng.uniform(0.35, 0.65))
        self.thickness = (1.0 + subject.change) ** visit
        self.shift_mm = float(self.rng.normal(0, 0.7))
        self.tilt = float(self.rng.normal(0, 0.015))
        self.pressure = float(np.clip(1 + 0.012 * self.rng.standard_normal(), 0.97, 1.04))
        self.acoustics = self._acoustics()

    def frames(self, count: int) -> list[PhantomImage]:
        # Tissue slides through the picture's plane: frames share scatterers, most with the nearest.
        strengths = scatterers(self.rng)
        images = []
        for number in range(count):
            position = 0.55 if count == 1 else number / (count - 1)
            if number:
                fresh = np.float32(np.sqrt(1 - FRAME_CORRELATION**2)) * scatterers(self.rng)
                strengths = np.float32(FRAME_CORRELATION) * strengths + fresh
            images.append(self._frame(position, strengths))
        return images

    def _frame(self, position: float, strengths: NDArray[np.float32]) -> PhantomImage:
        place = Placement(self.shift_mm, self.tilt, self.pressure, self.thickness, position)
        anatomy = build(self.subject, self.site, self.side, place)
        # One stream for the fascia's bright patches: they stay where they are through a sweep.
        patches = stream(self.subject.seed, self.subject.number, "patches", self.site.slug)
        pixels = render(anatomy.scene, self.acoustics, strengths, patches)
        regions = [_region(label, anatomy.outlines[label]) for label in self.site.labels]
        if self.side == "left":
            pixels = np.ascontiguousarray(pixels[:, ::-1])
            regions = [_mirrored(region) for region in regions]
        return PhantomImage(pixels, tuple(regions), self.clarity, position)

    def _acoustics(self) -> Acoustics:
        dim = 1.0 - self.clarity
        return Acoustics(
            gain_db=float(self.rng.normal(0, 1.0) - 3.0 * dim),
            attenuation_db_per_cm=self.subject.attenuation_db_per_cm + 1.2 * dim,
            noise_db=self.subject.noise_db + 5.0 * dim,
            fascia_db=-13.0 * dim,
            texture_shift=(int(self.rng.integers(HEIGHT)), int(self.rng.integers(WIDTH))),
        )


def _region(label: str, outline: Outline) -> Region:
    shape = clip_to_image(outline.polygon(), WIDTH, HEIGHT)
    left, _, right, deep = shape.bounds
    touches = {"left": left <= 0, "right": right >= WIDTH, "deep": deep >= HEIGHT}
    return Region(label, shape, tuple(cut for cut in CUTS if touches[cut]))


def _mirrored(region: Region) -> Region:
    mirror = {"left": "right", "right": "left", "deep": "deep"}
    cut = tuple(sorted((mirror[name] for name in region.cut), key=CUTS.index))
    return Region(region.label, _flipped(region.shape), cut)


def _flipped(shape: MultiPolygon) -> MultiPolygon:
    """Mirrored on the picture's vertical midline; WIDTH - x is exact on the grid up to rounding."""

    def flip(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([np.round(WIDTH - points[:, 0], 3), points[:, 1]])

    return shapely.transform(shape, flip)
