"""From a scene to grey values: scatterers, point spread, interfaces, loss, log compression."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from domain.phantom.view import HEIGHT, PX_PER_MM, WIDTH, stream

Array = NDArray[np.float64]
Field = NDArray[np.float32]

DYNAMIC_RANGE_DB = 55.0
MUSCLE_GREY = 78.0  # inside the 57 to 134 that papers report for rectus femoris (clinical.md)

# A 7.5 to 10 MHz linear probe resolves about 0.3 mm along the beam and 0.6 mm across it (full
# width at half maximum); the beam widens away from its focus.
AXIAL_SIGMA_PX = 0.3 * PX_PER_MM / 2.355
LATERAL_SIGMA_PX = 0.6 * PX_PER_MM / 2.355
FOCUS = 0.45
WIDENING = 0.9
LATERAL_BANDS = 8

_ROWS = np.arange(HEIGHT, dtype=np.float32)[:, None] + 0.5
_MARGIN = 24


@dataclass(frozen=True)
class Layer:
    """Tissue between two curves (WIDTH,) in px: level against muscle and fine structure in dB."""

    top: Array
    bottom: Array
    level_db: float
    texture_db: float = 0.0
    texture: str = "muscle"


@dataclass(frozen=True)
class Interface:
    """A reflecting curve (WIDTH,) in px, NaN where there is none: level in dB, thickness in px."""

    depth: Array
    level_db: float
    thickness_px: float = 1.6


@dataclass(frozen=True)
class Shadow:
    """What lies below a curve (WIDTH,) in px loses `loss_db`; NaN where nothing throws a shadow."""

    depth: Array
    loss_db: float = 34.0


@dataclass
class Scene:
    """What the beam meets: layers are painted in order, the later over the earlier."""

    layers: list[Layer] = field(default_factory=list)
    interfaces: list[Interface] = field(default_factory=list)
    shadows: list[Shadow] = field(default_factory=list)


@dataclass(frozen=True)
class Acoustics:
    """How a take hears the scene.

    Args:
        gain_db: brightness of the whole picture.
        attenuation_db_per_cm: loss with depth.
        noise_db: noise floor against muscle.
        fascia_db: gain of the interfaces; negative in an unclear take.
        texture_shift: (rows, columns) into the texture bank; a sweep moves it slowly.
    """

    gain_db: float
    attenuation_db_per_cm: float
    noise_db: float
    fascia_db: float
    texture_shift: tuple[int, int]


def scatterers(rng: np.random.Generator) -> Field:
    """Complex scatterer strengths (2, HEIGHT, WIDTH), mean 0 and unit variance.

    Uniform numbers: the point spread adds some forty of them, so the echo is normal all the same.
    """
    words = np.frombuffer(rng.bytes(2 * HEIGHT * WIDTH), dtype=np.int8)
    unit = (words + np.float32(0.5)) * np.float32(np.sqrt(12) / 256)
    return unit.reshape(2, HEIGHT, WIDTH)


def render(
    scene: Scene, acoustics: Acoustics, strengths: Field, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """The picture (HEIGHT, WIDTH) of a scene, 8-bit grey.

    The envelope of many scatterers in one resolution cell is Rayleigh distributed (Wagner et al.
    1983, IEEE Trans Sonics Ultrason 30:156); interfaces add a coherent part (Rician).
    """
    level_db = _levels(scene, acoustics.texture_shift)
    amplitude = np.exp(level_db * np.float32(np.log(10) / 20))
    real = _point_spread(amplitude * strengths[0])
    imaginary = _point_spread(amplitude * strengths[1])
    real += _interfaces(scene, acoustics, rng)
    power = real * real + imaginary * imaginary
    power *= _transmission(scene, acoustics)
    row, column = rng.integers(HEIGHT), rng.integers(WIDTH)
    noise = _noise()[row : row + HEIGHT, column : column + WIDTH]
    power += np.float32(2 * 10 ** (acoustics.noise_db / 10)) * noise
    return _log_compress(power, acoustics.gain_db)


def _levels(scene: Scene, shift: tuple[int, int]) -> Field:
    level_db = np.zeros((HEIGHT, WIDTH), dtype=np.float32)
    for layer in scene.layers:
        first = max(int(np.nanmin(layer.top)), 0)
        last = min(int(np.nanmax(layer.bottom)) + 2, HEIGHT)
        rows = _ROWS[first:last]
        inside = (rows >= layer.top.astype(np.float32)) & (rows < layer.bottom.astype(np.float32))
        value: Field | np.float32 = np.float32(layer.level_db)
        if layer.texture_db:
            bank = texture(layer.texture)[first + shift[0] : last + shift[0]]
            value = value + np.float32(layer.texture_db) * bank[:, shift[1] : shift[1] + WIDTH]
        np.copyto(level_db[first:last], value, where=inside)
    return level_db


@cache
def _noise() -> Field:
    """A bank (2 HEIGHT, 2 WIDTH) of electronic noise power of unit mean."""
    return stream("noise").standard_exponential((2 * HEIGHT, 2 * WIDTH), dtype=np.float32)


@cache
def texture(kind: str) -> Field:
    """A bank (2 HEIGHT, 2 WIDTH) of one tissue's fine structure, mean 0 and unit deviation.

    Muscle across its fibres shows short bright streaks of perimysium on a dark ground; fat shows
    long, nearly horizontal septa. Scans take their piece from a place of their own.
    """
    rng = stream("texture", kind)
    axial, lateral, sparse = {"muscle": (1.3, 5.0, 0.55), "fat": (1.4, 26.0, 0.75)}[kind]
    noise = rng.standard_normal((2 * HEIGHT, 2 * WIDTH), dtype=np.float32)
    fine = gaussian_filter(noise, (axial, lateral), mode="wrap")
    coarse = gaussian_filter(noise[::-1], (9.0, 16.0), mode="wrap")
    streaks = np.exp(sparse * fine / fine.std() * 1.6) + 0.5 * coarse / coarse.std()
    standard: Field = ((streaks - streaks.mean()) / streaks.std()).clip(-2.0, 4.0)
    return standard


def _point_spread(values: Field) -> Field:
    """Gaussian point spread of unit power: the same along the beam, wider away from the focus."""
    axial = gaussian_filter1d(values, AXIAL_SIGMA_PX, axis=0, truncate=2.5)
    edges = np.linspace(0, HEIGHT, LATERAL_BANDS + 1).astype(int)
    spread = np.empty_like(axial)
    for first, last in pairwise(edges):
        middle = (first + last) / 2 / HEIGHT
        sigma = LATERAL_SIGMA_PX * (1 + WIDENING * abs(middle - FOCUS))
        gaussian_filter1d(axial[first:last], sigma, axis=1, truncate=2.5, output=spread[first:last])
        # A Gaussian kernel's sum of squares is 1 / (2 sqrt(pi) sigma) on each axis.
        spread[first:last] *= np.float32(2 * np.sqrt(np.pi * AXIAL_SIGMA_PX * sigma))
    return spread


def _interfaces(scene: Scene, acoustics: Acoustics, rng: np.random.Generator) -> Field:
    """The coherent echo of all interfaces, brightest where they face the probe."""
    echo = np.zeros((HEIGHT + 2 * _MARGIN, WIDTH), dtype=np.float32)
    reach = np.arange(-8, 9)[:, None]
    columns = np.arange(WIDTH)
    for interface in scene.interfaces:
        patches = gaussian_filter1d(rng.standard_normal(WIDTH), 11.0, mode="wrap") * 5.0
        known = np.flatnonzero(np.isfinite(interface.depth))
        if known.size < 3:
            continue
        depth = interface.depth[known]
        slope = np.gradient(depth)
        facing = 1 / np.sqrt(1 + slope**2)
        level_db = interface.level_db + acoustics.fascia_db + 3.0 * patches[known]
        strength = 10 ** (level_db / 20) * facing**3
        row = np.clip(np.floor(depth).astype(int), -_MARGIN + 9, HEIGHT + _MARGIN - 10)
        away = (row + reach + 0.5 - depth) * facing
        profile = strength * np.exp(-0.5 * (away / interface.thickness_px) ** 2)
        echo[row + reach + _MARGIN, columns[known]] += profile.astype(np.float32)
    return echo[_MARGIN:-_MARGIN]


def _transmission(scene: Scene, acoustics: Acoustics) -> Field:
    """Power that is left, (HEIGHT, WIDTH): loss with depth and in shadows."""
    per_row = np.float32(acoustics.attenuation_db_per_cm / (10 * PX_PER_MM))
    loss_db = _ROWS * per_row + _contact(acoustics.texture_shift)
    for shadow in scene.shadows:
        known = np.flatnonzero(np.isfinite(shadow.depth))
        if not known.size:
            continue
        edge = gaussian_filter1d(np.isfinite(shadow.depth).astype(float), 7.0)
        depth = np.interp(np.arange(WIDTH), known, shadow.depth[known]).astype(np.float32)
        below = np.clip((_ROWS - depth - 3.0) / np.float32(14.0), 0.0, 1.0)
        loss_db += below * (shadow.loss_db * edge).astype(np.float32)
    return np.exp(loss_db * np.float32(-np.log(10) / 10))


def _contact(shift: tuple[int, int]) -> Field:
    """Loss per column (1, WIDTH) in dB from uneven contact of the probe, some 2 dB."""
    uneven = gaussian_filter1d(_noise()[shift[0], shift[1] : shift[1] + WIDTH] - 1.0, 22.0)
    return (10.0 * uneven[None, :]).astype(np.float32)


def _log_compress(power: Field, gain_db: float) -> NDArray[np.uint8]:
    """Grey values: muscle at MUSCLE_GREY for gain 0, DYNAMIC_RANGE_DB over the 256 greys."""
    scale = 255.0 / DYNAMIC_RANGE_DB
    # E|z|^2 = 2 for two unit normals; the mean of log power lies 2.5 dB below the log of the mean.
    offset = MUSCLE_GREY + scale * (gain_db + 2.5 - 10 * np.log10(2.0))
    grey = np.log(power + np.float32(1e-9)) * np.float32(10 * scale / np.log(10))
    grey += np.float32(offset)
    return np.clip(grey, 0.0, 255.0).astype(np.uint8)
