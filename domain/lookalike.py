"""Whether one picture is a copy of another: re-encoded, brightened, resized or cropped.

Two steps (docs/algorithms/lookalike.md). A 64-bit hash of the low frequencies of each picture is
compared with the hashes of 64 windows of every other, so that a crop meets the window it was cut
from: cheap, and finds nearly all copies among some hundredths of the pairs. The pairs it names are
aligned in position and scale on 64 x 64 thumbnails, and the correlation of their structure
decides.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct
from scipy.ndimage import gaussian_filter

from domain.errors import InvalidInput

VERSION = 1
"""Of signatures: those of another version are computed again."""
SIDE = 64
"""Thumbnails are SIDE x SIDE, whatever the shape of the picture."""
FREQUENCIES = 8
SAMPLED = 32
SPANS = {1.0: 1, 0.9: 4, 0.8: 3}
"""Lengths of the windows along an axis, as shares of it, and at how many places each lies."""
WINDOWS_PER_AXIS = sum(SPANS.values())
N_WINDOWS = WINDOWS_PER_AXIS**2
MAX_BITS = 12
"""Hashes that differ in at most so many of 64 bits are looked at more closely."""
GLIMPSE_BITS = 18
"""Pairs further apart than this in ten of the windows are not compared in the others."""
MIN_CORRELATION = 0.85
"""Aligned thumbnails that agree at least so well are copies (measured: the page)."""
COARSE, FINE = (1.0, 4.0), (0.7, 4.0)
"""Structure is what lies between two blurs, in px: of the thumbnail at half its size, to find the
place from afar, then of the thumbnail."""
MIN_COARSE = 0.75
RIM = 3 / SIDE
MIN_CONTRAST = 0.5
"""Structure below half a grey value is rounding: none."""
ITERATIONS = 5
MAX_STEP = 0.05
SMALLEST = 0.65
"""A crop is followed down to this share of an axis."""

ROWS = 64
"""Pictures compared at a time: the working set stays in the cache."""

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Signature:
    """What is kept of a picture to know its copies: `hashes` uint64 (N_WINDOWS,), the whole
    picture's first; `thumbnail` uint8 (SIDE, SIDE)."""

    hashes: NDArray[np.uint64]
    thumbnail: Grey


def signature(pixels: Grey) -> Signature:
    """The signature of a picture of (height, width) 8-bit grey values, of any size.

    Raises InvalidInput for an array without pixels.
    """
    if pixels.ndim != 2 or pixels.size == 0:
        raise InvalidInput("A signature needs a non-empty array of grey values.")
    thumbnail = _thumbnail(pixels)
    return Signature(_hashes(thumbnail), thumbnail)


def unpacked(hashes: bytes, thumbnail: bytes) -> Signature:
    """A signature from the bytes of its two arrays."""
    return Signature(
        np.frombuffer(hashes, np.uint64),
        np.frombuffer(thumbnail, np.uint8).reshape(SIDE, SIDE),
    )


def near_hashes(
    wholes: NDArray[np.uint64], windows: NDArray[np.uint64]
) -> tuple[Indices, Indices, Indices]:
    """(i, j, window) of the pairs whose whole hash i (n,) is within MAX_BITS of a window's of j
    (m, N_WINDOWS), with the nearest window."""
    glimpsed = np.ascontiguousarray(windows[:, _GLIMPSED].T)
    found = [(np.empty(0, np.intp),) * 3]
    for start in range(0, len(wholes), ROWS):
        part = wholes[start : start + ROWS, None]
        nearest = np.full((len(part), len(windows)), 64, np.uint8)
        for column in glimpsed:
            np.minimum(nearest, np.bitwise_count(part ^ column), out=nearest)
        rows, others = np.nonzero(nearest <= GLIMPSE_BITS)
        distances = np.bitwise_count(part[rows] ^ windows[others])
        window = distances.argmin(axis=1)
        near = distances[np.arange(len(rows)), window] <= MAX_BITS
        found.append((rows[near] + start, others[near], window[near]))
    first, second, best = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return first, second, best


def correlations(first: Grey, second: Grey, windows: Indices) -> Floats:
    """How well thumbnails (n, SIDE, SIDE) agree with the windows (n,) of the others, -1 to 1.

    Position and scale of each window are refined (Gauss-Newton on the difference of the normalised
    structures), first coarsely; pairs that do not agree coarsely are given up there. A picture
    without structure agrees with nothing: 0.
    """
    found, place = _refined(_halved(first), _halved(second), _PLACES[windows], COARSE)
    close = np.flatnonzero(found >= MIN_COARSE)
    if close.size:
        found[close], _ = _refined(first[close], second[close], place[close], FINE)
    return found


def _refined(
    first: Grey | Floats, second: Grey | Floats, place: Floats, band: tuple[float, float]
) -> tuple[Floats, Floats]:
    """The best correlation on the way of the refinement, and the place where it ends."""
    grid = _grid(first.shape[1] // 2)
    whole = np.broadcast_to(_PLACES[0], place.shape)
    wanted, _ = _unit(_sampled(_structure(first, *band), whole, grid)[0])
    other = _structure(second, *band)
    best = np.zeros(len(first), np.float32)
    for _ in range(ITERATIONS):
        found, step = _step(other, wanted, place, grid)
        best = np.maximum(best, found)
        place = _within(place + step)
    return best, place


def _halved(thumbnails: Grey) -> Floats:
    count, half = len(thumbnails), SIDE // 2
    halved: Floats = thumbnails.reshape(count, half, 2, half, 2).mean((2, 4), dtype=np.float32)
    return halved


def _grid(points: int) -> Floats:
    """Where along an axis pictures are compared, as shares of it; the blurred rim is left out."""
    grid: Floats = (RIM + (np.arange(points) + 0.5) / points * (1 - 2 * RIM)).astype(np.float32)
    return grid


def _thumbnail(pixels: Grey) -> Grey:
    height, width = pixels.shape
    shrunk = _averaging(height) @ pixels.astype(np.float32) @ _averaging(width).T
    return np.clip(np.rint(shrunk), 0, 255).astype(np.uint8)


def _averaging(length: int, start: float = 0.0, end: float = 1.0, cells: int = SIDE) -> Floats:
    """(cells, length): the mean of each of `cells` equal parts of a share of an axis."""
    edges = np.linspace(start * length, end * length, cells + 1)
    pixels = np.arange(length)
    low = np.maximum(edges[:-1, None], pixels[None])
    high = np.minimum(edges[1:, None], pixels[None] + 1)
    return (np.clip(high - low, 0, None) / np.diff(edges)[:, None]).astype(np.float32)


def _spans() -> list[tuple[float, float]]:
    """Start and end of the windows along an axis, the whole first."""
    return [
        (place, place + span)
        for span, places in SPANS.items()
        for place in np.linspace(0, 1 - span, places).tolist()
    ]


_COSINES = dct(np.eye(SAMPLED), axis=0, norm="ortho")[:FREQUENCIES]
_TRANSFORMS = np.stack(
    [(_COSINES @ _averaging(SIDE, *span, cells=SAMPLED)).astype(np.float32) for span in _spans()]
)
"""(WINDOWS_PER_AXIS, FREQUENCIES, SIDE): low frequencies of each window along an axis."""
_PLACES = np.array(
    [(y0, y1 - y0, x0, x1 - x0) for (y0, y1), (x0, x1) in itertools.product(_spans(), repeat=2)],
    np.float32,
)
_GLIMPSED = [0, *(WINDOWS_PER_AXIS * y + x for y in (1, 4, 6) for x in (1, 4, 6))]
"""The whole, and along each axis both ends at nine tenths and the middle at eight."""
_BITS = np.uint64(1) << np.arange(64, dtype=np.uint64)


def _hashes(thumbnail: Grey) -> NDArray[np.uint64]:
    """Which low frequencies of each window lie above their median; the mean grey is left out."""
    rows = _TRANSFORMS @ thumbnail.astype(np.float32)
    waves = np.einsum("aij,bkj->abik", rows, _TRANSFORMS).reshape(N_WINDOWS, 64)[:, 1:]
    above = waves > np.median(waves, axis=1, keepdims=True)
    return (above * _BITS[1:]).sum(axis=1, dtype=np.uint64)


def _structure(thumbnails: Grey | Floats, fine: float, coarse: float) -> Floats:
    """Band-passed thumbnails: edges and texture, neither the overall grey nor single pixels."""
    values = thumbnails.astype(np.float32)
    structure: Floats = gaussian_filter(values, (0, fine, fine))
    return structure - gaussian_filter(values, (0, coarse, coarse))


def _sampled(pictures: Floats, place: Floats, grid: Floats) -> tuple[Floats, Floats, Floats]:
    """(n, points, points) values of pictures at places (y0, height, x0, width), both slopes."""
    side = pictures.shape[1]
    rows, row_slopes = _reading(place[:, 0], place[:, 1], grid, side)
    columns, column_slopes = _reading(place[:, 2], place[:, 3], grid, side)
    across = pictures @ columns.transpose(0, 2, 1)
    slanted = pictures @ column_slopes.transpose(0, 2, 1)
    return rows @ across, row_slopes @ across, rows @ slanted


def _reading(start: Floats, length: Floats, grid: Floats, side: int) -> tuple[Floats, Floats]:
    """(n, points, side) linear interpolation along an axis, and its slope per length of the axis"""
    at = (start[:, None] + length[:, None] * grid) * side - 0.5
    distance = at[:, :, None] - np.arange(side, dtype=np.float32)

    def hat(offset: float) -> Floats:
        weight: Floats = np.maximum(np.float32(0), 1 - np.abs(distance + np.float32(offset)))
        return weight

    return hat(0), (hat(0.5) - hat(-0.5)) * np.float32(side)


def _unit(values: Floats) -> tuple[Floats, Floats]:
    """(n, points) of mean 0 and length 1, and the lengths; where there is no structure 0."""
    flat = values.reshape(len(values), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    least = MIN_CONTRAST * flat.shape[1] ** 0.5
    return np.where(length > least, flat / np.maximum(length, least), 0), np.maximum(length, least)


def _step(other: Floats, wanted: Floats, place: Floats, grid: Floats) -> tuple[Floats, Floats]:
    """The correlation at a place, and the Gauss-Newton step to a better one."""
    values, down, right = _sampled(other, place, grid)
    found, length = _unit(values)
    slopes = np.stack([down, down * grid[:, None], right, right * grid], axis=1)
    slopes = slopes.reshape(len(other), 4, -1) / length[:, None]
    slopes -= slopes.mean(axis=2, keepdims=True)
    slopes -= (slopes @ found[:, :, None]) * found[:, None]
    normal = slopes @ slopes.transpose(0, 2, 1)
    damping = 1e-3 * np.trace(normal, axis1=1, axis2=2)[:, None, None] + np.float32(1e-6)
    normal = normal + damping * np.eye(4, dtype=np.float32)
    step = np.linalg.solve(normal, slopes @ (wanted - found)[:, :, None])[:, :, 0]
    longest = np.float32(MAX_STEP)
    return (found * wanted).sum(axis=1), np.clip(step, -longest, longest)


def _within(place: Floats) -> Floats:
    """The place, kept inside the picture and not smaller than a crop may be."""
    length = np.clip(place[:, 1::2], SMALLEST, 1)
    start = np.clip(place[:, 0::2], 0, 1 - length)
    return np.stack([start[:, 0], length[:, 0], start[:, 1], length[:, 1]], axis=1)
