"""Copies of real scans found, other people's scans taken for copies, and the time for a large set.

On `../shared/data`; without it on phantoms. docs/algorithms/lookalike.md holds a run's figures.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from domain import lookalike, phantom

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SETS = ("muscle_longitudinal", "nerve_vessel")
LARGE_SHARE = (40_000, 10_000)
TIMED = (8_000, 2_000)
FLIPPED_BITS = 0.15
Grey = lookalike.Grey


def run() -> list[dict[str, Any]]:
    """Recall by kind of copy, false alarms between subjects, seconds for 50,000 images."""
    scans = [scan for name in SETS for scan in _scans(name)] or _phantoms()
    kept = [lookalike.signature(pixels) for _, _, pixels in scans]
    return [*_recall(scans, kept), *_false_alarms(scans, kept), *_speed(scans, kept)]


def _scans(name: str) -> list[tuple[str, str, Grey]]:
    folder = DATA / name
    if not folder.exists():
        return []
    with (folder / "manifest.csv").open() as file:
        rows = list(csv.DictReader(file))
    return [
        (
            name,
            f"{name} {row['subject']}",
            np.asarray(Image.open(folder / row["image"]).convert("L")),
        )
        for row in rows
    ]


def _phantoms() -> list[tuple[str, str, Grey]]:
    return [
        ("phantoms", one.code, phantom.scan(one, site).pixels)
        for one in phantom.cohort(24, seed=1)
        for site in list(phantom.SITES)[:3]
    ]


def _jpeg(pixels: Grey) -> Grey:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=60)
    return np.asarray(Image.open(buffer).convert("L"))


def _scaled(pixels: Grey, factor: float) -> Grey:
    size = (round(pixels.shape[1] * factor), round(pixels.shape[0] * factor))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))


def _grey(pixels: Grey, gain: float, offset: float) -> Grey:
    return np.clip(pixels * gain + offset, 0, 255).astype(np.uint8)


def _copies() -> dict[str, Callable[[Grey], Grey]]:
    rng = np.random.default_rng(0)

    def cropped(pixels: Grey, share: float) -> Grey:
        height, width = (round(length * (1 - share)) for length in pixels.shape)
        y = rng.integers(0, pixels.shape[0] - height + 1)
        x = rng.integers(0, pixels.shape[1] - width + 1)
        return np.ascontiguousarray(pixels[y : y + height, x : x + width])

    return {
        "JPEG of quality 60": _jpeg,
        "30 grey values brighter, clipped": lambda pixels: _grey(pixels, 1, 30),
        "contrast 0.7": lambda pixels: _grey(pixels, 0.7, 10),
        "half the size": lambda pixels: _scaled(pixels, 0.5),
        "1.3 times the size": lambda pixels: _scaled(pixels, 1.3),
        "cropped to nine tenths, anywhere": lambda pixels: cropped(pixels, 0.1),
        "cropped, darker, smaller and JPEG": lambda pixels: _jpeg(
            _scaled(_grey(cropped(pixels, 0.1), 0.85, 20), 0.7)
        ),
        "cropped to eight tenths (not promised)": lambda pixels: cropped(pixels, 0.2),
    }


def _agreement(one: lookalike.Signature, other: lookalike.Signature) -> float:
    found = [0.0]
    for crop, whole in ((one, other), (other, one)):
        _, _, window = lookalike.near_hashes(crop.hashes[:1], whole.hashes[None])
        if window.size:
            pair = crop.thumbnail[None], whole.thumbnail[None]
            found.append(float(lookalike.correlations(*pair, window)[0]))
    return max(found)


def _recall(
    scans: list[tuple[str, str, Grey]], kept: list[lookalike.Signature]
) -> list[dict[str, Any]]:
    rows = []
    for name, copy in _copies().items():
        found = [
            _agreement(lookalike.signature(copy(pixels)), one) >= lookalike.MIN_CORRELATION
            for (_, _, pixels), one in zip(scans, kept, strict=True)
        ]
        note = f"{sum(found)} of {len(found)} scans"
        rows.append(_row(f"copies found: {name}", 100 * float(np.mean(found)), "%", note))
    return rows


def _false_alarms(
    scans: list[tuple[str, str, Grey]], kept: list[lookalike.Signature]
) -> list[dict[str, Any]]:
    hashes = np.array([one.hashes for one in kept])
    thumbnails = np.array([one.thumbnail for one in kept])
    subjects = np.array([subject for _, subject, _ in scans])
    sets = np.array([name for name, _, _ in scans])
    first, second, window = lookalike.near_hashes(hashes[:, 0], hashes)
    differ = subjects[first] != subjects[second]
    first, second, window = first[differ], second[differ], window[differ]
    agreement = lookalike.correlations(thumbnails[first], thumbnails[second], window)
    alike = agreement >= lookalike.MIN_CORRELATION
    rows = []
    for one in sorted(set(sets)):
        for other in sorted(set(sets)):
            if one > other:
                continue
            here = alike & (sets[first] == one) & (sets[second] == other)
            here |= alike & (sets[first] == other) & (sets[second] == one)
            pairs = {tuple(sorted(pair)) for pair in zip(first[here], second[here], strict=True)}
            mine, others = np.flatnonzero(sets == one), np.flatnonzero(sets == other)
            possible = (subjects[mine][:, None] != subjects[others][None]).sum()
            possible = possible // 2 if one == other else possible
            name = f"called copies between subjects: {one} and {other}"
            note = f"{len(pairs)} of {possible} pairs"
            rows.append(_row(name, 100 * len(pairs) / max(1, possible), "%", note))
    return rows


def _speed(
    scans: list[tuple[str, str, Grey]], kept: list[lookalike.Signature]
) -> list[dict[str, Any]]:
    start = time.perf_counter()
    for _, _, pixels in scans[:100]:
        lookalike.signature(pixels)
    signing = (time.perf_counter() - start) / len(scans[:100])
    rng = np.random.default_rng(0)
    hashes = np.array([one.hashes for one in kept])

    def many(count: int) -> np.ndarray:
        flips = (rng.random((count, 64)) < FLIPPED_BITS) << np.arange(64, dtype=np.uint64)
        return hashes[rng.integers(0, len(hashes), count)] ^ flips.sum(1, dtype=np.uint64)[:, None]

    mine, others = many(TIMED[0]), many(TIMED[1])
    start = time.perf_counter()
    first, _, _ = lookalike.near_hashes(mine[:, 0], others)
    lookalike.near_hashes(others[:, 0], mine)
    seconds = time.perf_counter() - start
    pairs = TIMED[0] * TIMED[1]
    large = seconds / pairs * LARGE_SHARE[0] * LARGE_SHARE[1]
    chosen = rng.integers(0, len(kept), 500)
    thumbnails = np.array([kept[one].thumbnail for one in chosen])
    start = time.perf_counter()
    lookalike.correlations(thumbnails, thumbnails[::-1], np.zeros(500, np.intp))
    aligning = (time.perf_counter() - start) / 500
    return [
        _row("signature of a scan", 1000 * signing, "ms", "once, when it is stored"),
        _row(
            "hashes of 40,000 against 10,000 images, both ways",
            large,
            "s",
            f"measured on {TIMED[0]} x {TIMED[1]}; {100 * len(first) / pairs:.2f} % are aligned",
        ),
        _row("aligning a pair that the hashes name", 1000 * aligning, "ms", ""),
    ]


def _row(name: str, value: float, unit: str, note: str) -> dict[str, Any]:
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "against": "",
        "target": "",
        "note": note,
    }
