"""Copies are known, others' scans are not taken for copies (docs/algorithms/lookalike.md)."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from domain import lookalike, phantom
from domain.errors import InvalidInput

Grey = lookalike.Grey


def jpeg(pixels: Grey) -> Grey:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=60)
    with Image.open(buffer) as picture:
        return np.asarray(picture.convert("L"))


def brighter(pixels: Grey) -> Grey:
    return np.clip(pixels * 0.85 + 25, 0, 255).astype(np.uint8)


def smaller(pixels: Grey) -> Grey:
    height, width = pixels.shape
    size = (round(width * 0.7), round(height * 0.7))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))


def cropped(pixels: Grey, top: float = 0.02, left: float = 0.07, share: float = 0.9) -> Grey:
    height, width = pixels.shape
    y, x = round(top * height), round(left * width)
    return pixels[y : y + round(share * height), x : x + round(share * width)]


COPIES: dict[str, Callable[[Grey], Grey]] = {
    "itself": lambda pixels: pixels,
    "JPEG of quality 60": jpeg,
    "brighter": brighter,
    "smaller": smaller,
    "cropped by a tenth": cropped,
    "all of it": lambda pixels: jpeg(smaller(brighter(cropped(pixels)))),
}


@pytest.fixture(scope="module")
def scans() -> list[Grey]:
    """One scan of each of eight people."""
    return [phantom.scan(one, "rectus-femoris").pixels for one in phantom.cohort(8, seed=3)]


def agreement(copy: Grey, original: Grey) -> float:
    """The correlation of the pair in either order; 0 where the hashes do not name it."""
    one, other = lookalike.signature(copy), lookalike.signature(original)
    found = [0.0]
    for crop, whole in ((one, other), (other, one)):
        _, _, windows = lookalike.near_hashes(crop.hashes[:1], whole.hashes[None])
        if windows.size:
            pair = crop.thumbnail[None], whole.thumbnail[None]
            found.append(float(lookalike.correlations(*pair, windows)[0]))
    return max(found)


@pytest.mark.parametrize("how", COPIES)
def test_copies_are_known(scans: list[Grey], how: str) -> None:
    for scan in scans:
        assert agreement(COPIES[how](scan), scan) >= lookalike.MIN_CORRELATION


def test_it_does_not_matter_which_of_the_two_was_cropped(scans: list[Grey]) -> None:
    assert agreement(scans[0], cropped(scans[0])) >= lookalike.MIN_CORRELATION


def test_other_peoples_scans_are_no_copies(scans: list[Grey]) -> None:
    worst = max(agreement(one, other) for i, one in enumerate(scans) for other in scans[:i])
    assert worst < lookalike.MIN_CORRELATION


def test_the_hashes_of_many_are_those_of_each(scans: list[Grey]) -> None:
    hashes = np.array([lookalike.signature(scan).hashes for scan in scans])
    first, second, window = lookalike.near_hashes(hashes[:, 0], hashes)
    found = set(zip(first.tolist(), second.tolist(), strict=True))
    assert {(number, number) for number in range(len(scans))} <= found
    distances = np.bitwise_count(hashes[first, 0] ^ hashes[second, window])
    assert (distances <= lookalike.MAX_BITS).all()


def test_a_signature_survives_its_bytes(scans: list[Grey]) -> None:
    one = lookalike.signature(scans[0])
    again = lookalike.unpacked(one.hashes.tobytes(), one.thumbnail.tobytes())
    assert (again.hashes == one.hashes).all()
    assert (again.thumbnail == one.thumbnail).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (3, 2), (64, 64), (200, 30)])
def test_any_size_has_a_signature(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    one = lookalike.signature(pixels)
    assert one.hashes.shape == (lookalike.N_WINDOWS,)
    assert one.thumbnail.shape == (lookalike.SIDE, lookalike.SIDE)


def test_pictures_without_structure_agree_with_nothing() -> None:
    black, grey = np.zeros((50, 70), np.uint8), np.full((90, 40), 120, np.uint8)
    assert agreement(black, grey) == 0
    assert agreement(black, black) == 0


def test_no_pictures_no_pairs() -> None:
    none = np.empty((0, lookalike.N_WINDOWS), np.uint64)
    assert [part.size for part in lookalike.near_hashes(none[:, 0], none)] == [0, 0, 0]


@pytest.mark.parametrize("shape", [(0, 5), (0, 0), (2, 2, 3)])
def test_what_is_no_picture_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInput, match="non-empty"):
        lookalike.signature(np.zeros(shape, np.uint8))
