"""What lies under the probe at each site: bellies, fat, fascia, bone, in mm below the skin.

Thicknesses are those of adults under a linear probe at 40 mm (docs/algorithms/phantom.md). Shapes
belong to the subject and the site; a take moves and presses the probe a little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.phantom.imaging import Interface, Layer, Scene, Shadow
from domain.phantom.outline import Lens, Outline, divide
from domain.phantom.sites import PhantomSite
from domain.phantom.subjects import PhantomSubject
from domain.phantom.view import DEPTH_MM, HEIGHT, PX_PER_MM, WIDTH, WIDTH_MM, stream

Array = NDArray[np.float64]

SKIN_MM = 1.3
FASCIA_DB = 23.0
PERIMYSIUM_DB = 18.0
BONE_DB = 29.0
_COLUMNS_MM = (np.arange(WIDTH) + 0.5) / PX_PER_MM


@dataclass(frozen=True)
class Placement:
    """Where and how the probe stands in one take.

    Args:
        shift_mm: sideways.
        tilt: added slope of all layers.
        pressure: 1.0 unpressed; thins fat and muscle by its reciprocal.
        thickness: the muscle's true relative change at this visit.
        position: 0 distal to 1 proximal along a sweep.
    """

    shift_mm: float = 0.0
    tilt: float = 0.0
    pressure: float = 1.0
    thickness: float = 1.0
    position: float = 0.55


@dataclass(frozen=True)
class Anatomy:
    """A scene and the true outlines of its labels."""

    scene: Scene
    outlines: dict[str, Outline]


def build(subject: PhantomSubject, site: PhantomSite, side: str, place: Placement) -> Anatomy:
    """The anatomy of one subject's site and side as one take sees it (right side; see `scan`)."""
    rng = stream(subject.seed, subject.number, "anatomy", site.slug, side)
    return _SITES[site.slug](_Bench(subject, place, rng))


class _Bench:
    """Collects layers and interfaces from the skin downwards."""

    def __init__(self, subject: PhantomSubject, place: Placement, rng: np.random.Generator) -> None:
        self.subject = subject
        self.place = place
        self.rng = rng
        self.scene = Scene()

    def muscle_mm(self, mean_mm: float, size_power: float = 1.0) -> float:
        """A muscle thickness: the site's mean, the subject's size, this visit, this pressure."""
        own = float(np.exp(0.09 * self.rng.standard_normal()))
        size = self.subject.size**size_power
        return mean_mm * size * own * self.place.thickness / self.place.pressure

    def cover(self, fat_share: float) -> Array:
        """Skin, fat and superficial fascia; the depth of the fascia in mm at each column."""
        fat_mm = SKIN_MM + self.subject.fat_mm * fat_share / self.place.pressure
        middle = WIDTH_MM / 2
        bulge = self.rng.uniform(0.2, 0.9) * ((_COLUMNS_MM - middle) / middle) ** 2
        ripple = 0.18 * np.sin(_COLUMNS_MM / 3.1 + self.rng.uniform(0, 6))
        fascia = fat_mm + bulge + ripple + self.place.tilt * (_COLUMNS_MM - middle)
        self.scene.layers += [
            Layer(_flat(0), _px(fascia), -3.5, 3.0, "fat"),
            Layer(_flat(0), _flat(SKIN_MM), 11.0, 1.5, "fat"),
            Layer(_px(fascia), _flat(DEPTH_MM), self.level_db(1.5), 3.5, "fat"),
        ]
        self.scene.interfaces.append(Interface(_flat(SKIN_MM), 8.0, 1.4))
        self.scene.interfaces.append(Interface(_px(fascia), FASCIA_DB - 2.0, 1.9))
        return fascia

    def level_db(self, offset_db: float) -> float:
        """A muscle's brightness in this subject."""
        return self.subject.echogenicity_db + offset_db

    def belly(self, outline: Outline, offset_db: float, fascia_db: float = FASCIA_DB) -> None:
        """A muscle with its fascia."""
        top, bottom = outline.columns()
        self.scene.layers.append(
            Layer(_outside(top, HEIGHT), _outside(bottom, 0), self.level_db(offset_db), 4.2)
        )
        self.scene.interfaces += [
            Interface(top, fascia_db, 1.7), Interface(bottom, fascia_db - 1.0, 1.7)
        ]  # fmt: skip

    def neighbour(self, x_mm: float, depth_mm: float, half_width_mm: float, half_mm: float) -> None:
        """A muscle beside or below that nobody outlines here: same echo, fainter fascia."""
        lens = Lens(x_mm, depth_mm, half_width_mm, half_mm, half_mm, blunt=0.85)
        self.belly(lens.outline(self.rng, 0.4), self.rng.uniform(-2.5, -0.5), FASCIA_DB - 6.0)

    def line(self, depth_mm: Array, level_db: float, thickness_px: float = 1.5) -> None:
        """One more interface, for example between two muscles that are not outlined."""
        self.scene.interfaces.append(Interface(_px(depth_mm), level_db, thickness_px))

    def bone(self, x_mm: float, depth_mm: float, radius_mm: float) -> None:
        """The bright surface of a round bone and the shadow under it."""
        away = (_COLUMNS_MM - x_mm) / radius_mm
        arc = depth_mm + radius_mm * (1 - np.sqrt(np.clip(1 - away**2, 0.0, 1.0)))
        surface = np.where(np.abs(away) < 0.85, arc, np.nan)
        self.scene.interfaces.append(Interface(_px(surface), BONE_DB, 2.6))
        self.scene.shadows.append(Shadow(_px(surface)))


def _rectus_femoris(bench: _Bench) -> Anatomy:
    rng, place = bench.rng, bench.place
    fascia = bench.cover(1.0)
    thickness = bench.muscle_mm(16.5)
    centre = WIDTH_MM / 2 + rng.normal(0, 1.2) + place.shift_mm
    lens = Lens(
        centre, _at(fascia, centre) + 0.7 + 0.48 * thickness,
        15.5 * bench.subject.size**0.4 * rng.uniform(0.93, 1.07),
        0.48 * thickness, 0.52 * thickness,
        blunt=rng.uniform(0.78, 1.0), tilt=place.tilt + rng.normal(0, 0.02),
        bow=rng.uniform(0.2, 1.4),
    )  # fmt: skip
    bottom = lens.depth + 0.52 * thickness
    vastus = bench.muscle_mm(11.0)
    bench.neighbour(centre + rng.normal(0, 2), bottom + 0.5 * vastus, 19.0, 0.47 * vastus)
    bench.neighbour(centre - 24.5, lens.depth + 2.0, 9.0, 8.5)
    bench.neighbour(centre + 25.0, lens.depth + 1.5, 9.0, 9.0)
    outline = lens.outline(rng, 0.28)
    bench.belly(outline, -2.5)
    tendon = Lens(centre + rng.normal(0, 1.5), lens.depth - 0.1 * thickness, 4.0, 0.1, 0.1, bow=2.2)
    top, _ = tendon.outline(rng, 0.1).columns()
    bench.scene.interfaces.append(Interface(top, PERIMYSIUM_DB - 4.0, 1.6))
    deep = bottom + vastus
    bench.bone(centre + rng.normal(0, 1.5), min(deep, 36.5), 12.5)
    return Anatomy(bench.scene, {"RF": outline})


def _rectus_abdominis(bench: _Bench) -> Anatomy:
    rng, place = bench.rng, bench.place
    fascia = bench.cover(1.5)
    thickness = bench.muscle_mm(10.0)
    half_width = rng.uniform(15.5, 23.0)
    tip = rng.uniform(3.0, 5.5) + place.shift_mm
    lens = Lens(
        tip + half_width, _at(fascia, WIDTH_MM / 2) + 0.8 + 0.5 * thickness, half_width,
        0.5 * thickness, 0.5 * thickness,
        blunt=rng.uniform(0.5, 0.68), tilt=place.tilt + rng.normal(0, 0.02),
        bow=rng.uniform(-0.6, 0.6),
    )  # fmt: skip
    bench.neighbour(tip + 2 * half_width + 9.5, lens.depth + 0.6, 9.0, 0.4 * thickness)
    outline = lens.outline(rng, 0.22)
    bench.belly(outline, -2.5)
    sheath = lens.depth + 0.5 * thickness + rng.uniform(1.8, 3.2)
    wave = 0.35 * np.sin(_COLUMNS_MM / 4.4 + rng.uniform(0, 6)) + place.tilt * (_COLUMNS_MM - 20)
    peritoneum = sheath + wave
    bench.line(peritoneum, FASCIA_DB - 1.0, 2.2)
    bench.scene.layers.append(Layer(_px(peritoneum), _flat(DEPTH_MM), 2.0, 3.0, "fat"))
    left = rng.uniform(4, 22)
    gas = np.where(np.abs(_COLUMNS_MM - left - 7) < 7, peritoneum + 3.5, np.nan)
    bench.line(gas, FASCIA_DB, 2.4)
    bench.scene.shadows.append(Shadow(_px(gas), 16.0))
    return Anatomy(bench.scene, {"RA": outline})


def _biceps(bench: _Bench) -> Anatomy:
    rng, place = bench.rng, bench.place
    fascia = bench.cover(0.6)
    thickness = bench.muscle_mm(20.0)
    centre = WIDTH_MM / 2 + rng.normal(0, 1.2) + place.shift_mm
    lens = Lens(
        centre, _at(fascia, centre) + 0.6 + 0.45 * thickness,
        15.0 * bench.subject.size**0.5 * rng.uniform(0.95, 1.08),
        0.45 * thickness, 0.55 * thickness,
        blunt=rng.uniform(0.85, 1.05), tilt=place.tilt + rng.normal(0, 0.03),
        bow=rng.uniform(0.5, 1.8),
    )  # fmt: skip
    brachialis = bench.muscle_mm(7.5)
    bottom = lens.depth + 0.55 * thickness
    bench.neighbour(centre + rng.normal(0, 3), bottom + 0.48 * brachialis, 21.0, 0.46 * brachialis)
    outline = lens.outline(rng, 0.32)
    bench.belly(outline, -3.0)
    septum = lens.depth + rng.normal(0, 1.0) + 0.25 * (_COLUMNS_MM - centre)
    inside = np.abs(_COLUMNS_MM - centre) < 0.22 * thickness
    bench.line(np.where(inside, septum, np.nan), PERIMYSIUM_DB - 6.0)
    deep = bottom + brachialis
    bench.bone(centre + rng.normal(1.5, 1.5), min(deep, 36.0), 9.5)
    return Anatomy(bench.scene, {"biceps": outline})


def _triceps(bench: _Bench) -> Anatomy:
    rng, place = bench.rng, bench.place
    fascia = bench.cover(0.9)
    thickness = bench.muscle_mm(19.0)
    centre = WIDTH_MM / 2 + rng.normal(-1.0, 2.0) + place.shift_mm
    lens = Lens(
        centre, _at(fascia, centre) + 0.7 + 0.42 * thickness,
        19.5 * bench.subject.size**0.6 * rng.uniform(0.9, 1.15),
        0.42 * thickness, 0.58 * thickness,
        blunt=rng.uniform(0.65, 0.85), tilt=place.tilt + rng.normal(0, 0.04),
        bow=rng.uniform(0.0, 1.6),
    )  # fmt: skip
    outline = lens.outline(rng, 0.4)
    bench.belly(outline, -2.0, FASCIA_DB - 3.0)
    heads = lens.depth + rng.uniform(-0.1, 0.2) * thickness + 0.12 * (_COLUMNS_MM - centre)
    inside = np.abs(_COLUMNS_MM - centre - 3) < 8
    bench.line(np.where(inside, heads, np.nan), PERIMYSIUM_DB - 3.0)
    deep = lens.depth + 0.58 * thickness + rng.uniform(0.6, 2.0)
    bench.bone(centre + rng.normal(2.0, 2.0), min(deep, 36.5), 10.5)
    return Anatomy(bench.scene, {"triceps": outline})


def _peroneus(bench: _Bench) -> Anatomy:
    """Longus over brevis: brevis is the larger near the ankle, longus further up the leg."""
    rng, place = bench.rng, bench.place
    along = place.position
    fascia = bench.cover(0.55)
    thickness = bench.muscle_mm(19.0) * (0.72 + 0.5 * along - 0.22 * along**2)
    centre = WIDTH_MM / 2 + rng.normal(0, 1.0) + place.shift_mm + 2.0 * (along - 0.5)
    lens = Lens(
        centre, _at(fascia, centre) + 0.6 + 0.45 * thickness,
        15.0 * bench.subject.size**0.4 * rng.uniform(0.95, 1.06) * (0.9 + 0.15 * along),
        0.45 * thickness, 0.55 * thickness,
        blunt=rng.uniform(0.8, 0.95), tilt=place.tilt + rng.normal(0, 0.03),
        bow=rng.uniform(0.2, 1.2),
    )  # fmt: skip
    whole = lens.outline(rng, 0.28)
    offset = np.linspace(-1.0, 1.0, whole.x.size)
    share = 0.26 + 0.42 * along + rng.normal(0, 0.03)
    curve = share + rng.uniform(0.25, 0.4) * offset - 0.12 * (1 - offset**2) * rng.uniform(0.3, 1)
    longus, brevis = divide(whole, np.clip(curve, 0.0, 1.0))
    bench.neighbour(centre - 25.0, lens.depth, 9.5, 7.5)
    bench.neighbour(centre + 25.5, lens.depth + 1.0, 10.0, 8.5)
    bench.belly(whole, -0.5)
    bench.belly(longus, -3.5, FASCIA_DB - 4.0)
    bench.belly(brevis, -1.5, FASCIA_DB - 4.0)
    deep = lens.depth + 0.55 * thickness + 0.8 + 1.5 * along
    bench.bone(centre + 2.0 - 2.0 * along, min(deep, 36.5), 7.0)
    return Anatomy(bench.scene, {"PL": longus, "PB": brevis})


_SITES = {
    "rectus-femoris": _rectus_femoris,
    "rectus-abdominis": _rectus_abdominis,
    "biceps": _biceps,
    "triceps": _triceps,
    "peroneus": _peroneus,
}


def _px(mm: Array) -> Array:
    return mm * PX_PER_MM


def _flat(mm: float) -> Array:
    return np.full(WIDTH, mm * PX_PER_MM)


def _at(curve_mm: Array, x_mm: float) -> float:
    return float(np.interp(x_mm, _COLUMNS_MM, curve_mm))


def _outside(curve: Array, value: float) -> Array:
    return np.where(np.isfinite(curve), curve, value)
