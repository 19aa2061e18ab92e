"""nnU-Net's recipe: crop, normalise, resample to the plan's spacing, tile, and all of it back.

An nnU-Net's ONNX file has one input `image`, float32 (N, 1, H, W) of the plan's patch size, and
one output `logits`, float32 (N, 1 + labels, H, W) with the background first; an ensemble's is
(N, members, 1 + labels, H, W). What happens around it is what nnU-Net 2.8.1's preprocessor and
predictor do, down to the half precision in which tiles are summed, so that both give the same
label map (docs/algorithms/nnunet.md):

1. Cut to the pixels that are not 0; z-score over the cut, or over its non-zero area (`masked`).
2. Resample to the card's spacing, cubic. Without one (1 px for all) nothing is resampled. A scan
   that is not calibrated is taken as having the card's spacing.
3. Pad with 0 to the patch size; patches every `step` of a patch; mirrored too where the card says.
4. Sum the logits weighted by a Gaussian, divide, cut off the padding, resample linearly to the
   cut's pixels, softmax. What was cut away is background.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from domain.errors import InvalidInput

if TYPE_CHECKING:
    from domain.calibration import PixelSpacing
    from inference.card import Card

INPUT_NAME = "image"
OUTPUT_NAME = "logits"
SMALLEST_SIDE, LARGEST_SIDE = 16, 2048
LARGEST_RESAMPLED_SIDE = 4096  # px: a calibration far from the training's is no reason to fill RAM
HORIZONTAL = 1  # the axis of the patch that may be mirrored; deep is never up
SMALLEST_DEVIATION = 1e-8
GAUSSIAN_SIGMA = 1 / 8  # of the patch's side, as in nnU-Net's compute_gaussian
GAUSSIAN_PEAK = 10.0

Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]
Half = NDArray[np.float16]


@dataclass(frozen=True)
class Placement:
    """Where the resampled part of a scan comes from: the scan's shape and the cut (rows, columns).

    All in px of the stored scan.
    """

    shape: tuple[int, int]
    rows: slice
    columns: slice

    @property
    def cut(self) -> tuple[int, int]:
        """Height and width of the cut."""
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start


def input_spec(
    height: int, width: int, *, step: float = 0.5, mirror_axes: Sequence[int] = ()
) -> dict[str, Any]:
    """The card's `input` for a network of this patch size (px)."""
    return {
        "height": height,
        "width": width,
        "channels": 1,
        "mode": "tiles",
        "step": step,
        "mirror_axes": list(mirror_axes),
    }


def normalisation_spec(*, masked: bool) -> dict[str, Any]:
    """The card's `normalisation`; masked: over the filled area of pixels that are not 0."""
    return {"method": "zscore", "masked": masked}


def check_input(card_input: Mapping[str, Any]) -> None:
    """Raise InvalidInput if the card's `input` is not one that this recipe can serve."""
    if card_input.get("mode") != "tiles" or card_input.get("channels") != 1:
        raise InvalidInput('An nnU-Net card\'s input says "mode": "tiles" and "channels": 1.')
    for side in ("height", "width"):
        value = card_input.get(side)
        if type(value) is not int or not SMALLEST_SIDE <= value <= LARGEST_SIDE:
            raise InvalidInput(
                f"An nnU-Net card's input {side} is a whole number from {SMALLEST_SIDE} to"
                f" {LARGEST_SIDE} px, not {value!r}."
            )
    step = card_input.get("step")
    if not isinstance(step, int | float) or isinstance(step, bool) or not 0.1 <= step <= 1:
        raise InvalidInput("An nnU-Net card's input 'step' is a share of the patch, 0.1 to 1.")
    if card_input.get("mirror_axes") not in ([], [HORIZONTAL]):
        raise InvalidInput(
            "An nnU-Net card's input 'mirror_axes' is [] or [1], left and right: deep is never up."
        )


def check_normalisation(normalisation: Mapping[str, Any]) -> None:
    """Raise InvalidInput if the card's `normalisation` is not this recipe's."""
    if set(normalisation) != {"method", "masked"} or normalisation["method"] != "zscore":
        raise InvalidInput("An nnU-Net card's normalisation is a z-score, masked or not.")
    if not isinstance(normalisation["masked"], bool):
        raise InvalidInput("An nnU-Net card's normalisation 'masked' is true or false.")


def network_size(card_input: Mapping[str, Any]) -> tuple[int, int]:
    """Height and width of the network's input, px."""
    return card_input["height"], card_input["width"]


def check_answer(answer: NDArray[np.float32]) -> None:
    """Raise InvalidInput unless the answer (N, members, classes, H, W) is finite."""
    if not np.isfinite(answer).all():
        raise InvalidInput("The model answers a blank scan with something that is no number.")


def predict(
    run: Run, pixels: NDArray[np.uint8], spacing: PixelSpacing | None, card: Card
) -> NDArray[np.float32]:
    """Probabilities of each member on a scan's own pixels: (members, 1 + labels, h, w).

    Raises InvalidInput unless the pixels are 2-D grey, or where the scan's spacing would make it
    larger than 4096 px at the card's.
    """
    resampled, placement = prepare(pixels, spacing, card)
    logits = tiled_logits(run, resampled, card.input)
    return np.stack([restore(member, placement) for member in logits])


def prepare(
    pixels: NDArray[np.uint8], spacing: PixelSpacing | None, card: Card
) -> tuple[NDArray[np.float32], Placement]:
    """Grey pixels (h, w) -> the cut, normalised, resampled scan float32 (h', w'), and its place."""
    if pixels.ndim != 2 or pixels.dtype != np.uint8 or pixels.size == 0:
        raise InvalidInput(
            f"An nnU-Net takes 8-bit grey pixels (h, w), not {pixels.dtype} {pixels.shape}."
        )
    rows, columns = _nonzero_window(pixels)
    cut = pixels[rows, columns]
    normal = normalise(cut, masked=card.normalisation["masked"])
    size = resampled_size(cut.shape, spacing, card.spacing)
    return _resized(normal, size, order=3), Placement(pixels.shape, rows, columns)


def normalise(pixels: NDArray[np.uint8], *, masked: bool) -> NDArray[np.float32]:
    """z-score in float32, over all pixels or over the filled area of those that are not 0."""
    values = pixels.astype(np.float32)
    inside = ndimage.binary_fill_holes(pixels != 0) if masked else np.ones(pixels.shape, np.bool_)
    if not inside.any():
        return values
    chosen = values[inside]
    deviation = max(chosen.std(), np.float32(SMALLEST_DEVIATION))
    values[inside] = (chosen - chosen.mean()) / deviation
    return values


def resampled_size(
    shape: tuple[int, ...],
    spacing: PixelSpacing | None,
    target: tuple[float, float] | None,
) -> tuple[int, int]:
    """Height and width at the target spacing (x, y in mm per px); as it is without either."""
    if spacing is None or target is None:
        return shape[0], shape[1]
    height = round(spacing.y_mm / target[1] * shape[0])
    width = round(spacing.x_mm / target[0] * shape[1])
    if not (1 <= height <= LARGEST_RESAMPLED_SIDE and 1 <= width <= LARGEST_RESAMPLED_SIDE):
        raise InvalidInput(
            f"At the model's spacing this scan would be {width} x {height} px: check its"
            f" calibration ({spacing.x_mm:g} x {spacing.y_mm:g} mm per px)."
        )
    return height, width


def tiled_logits(
    run: Run, scan: NDArray[np.float32], card_input: Mapping[str, Any]
) -> NDArray[np.float32]:
    """Logits of each member on a prepared scan (h', w'): (members, 1 + labels, h', w')."""
    patch = network_size(card_input)
    padded, inner = _padded(scan, patch)
    weight = gaussian(patch)
    total: Half | None = None
    weights = np.zeros(padded.shape, np.float16)
    for tile in tiles(padded.shape, patch, card_input["step"]):
        answer = _mirrored(run, padded[tile][np.newaxis, np.newaxis], card_input["mirror_axes"])
        if total is None:
            total = np.zeros((*answer.shape[:2], *padded.shape), np.float16)
        place = (slice(None), slice(None), *tile)
        total[place] = (total[place] + answer * weight).astype(np.float16)
        weights[tile] += weight
    assert total is not None, "a padded scan has at least one tile"
    averaged: Half = total / weights
    return averaged[:, :, inner[0], inner[1]].astype(np.float32)


def restore(logits: NDArray[np.float32], placement: Placement) -> NDArray[np.float32]:
    """Logits (C, h', w') -> probabilities (C, h, w) on the scan; background where it was cut."""
    on_cut = np.stack(
        [_resized(one, placement.cut, order=1).astype(np.float16) for one in logits]
    ).astype(np.float32)
    on_cut -= on_cut.max(axis=0)
    np.exp(on_cut, out=on_cut)
    on_cut /= on_cut.sum(axis=0)
    restored = np.zeros((len(logits), *placement.shape), np.float32)
    restored[0] = 1
    restored[:, placement.rows, placement.columns] = on_cut
    return restored


def tiles(
    shape: tuple[int, ...], patch: tuple[int, int], step: float
) -> Iterator[tuple[slice, slice]]:
    """The windows of a scan at least as large as the patch, evenly spread, in nnU-Net's order."""
    starts = [_starts(*sides, step) for sides in zip(shape, patch, strict=True)]
    for top, left in itertools.product(*starts):
        yield slice(top, top + patch[0]), slice(left, left + patch[1])


def _starts(side: int, patch: int, step: float) -> list[int]:
    count = int(np.ceil((side - patch) / (patch * step))) + 1
    distance = (side - patch) / (count - 1) if count > 1 else 0.0
    return [int(np.round(distance * number)) for number in range(count)]


@functools.lru_cache(maxsize=8)
def gaussian(patch: tuple[int, int]) -> Half:
    """The weight of each pixel of a patch: 10 in the middle, never 0, in half precision."""
    impulse = np.zeros(patch)
    impulse[patch[0] // 2, patch[1] // 2] = 1
    weight = ndimage.gaussian_filter(
        impulse, [side * GAUSSIAN_SIGMA for side in patch], 0, mode="constant", cval=0
    )
    half = (weight / (weight.max() / GAUSSIAN_PEAK)).astype(np.float16)
    half[half == 0] = half[half > 0].min()
    half.setflags(write=False)
    return half


def _mirrored(run: Run, tile: NDArray[np.float32], axes: Sequence[int]) -> NDArray[np.float32]:
    """The network's answer (members, classes, H, W), averaged with the mirrored tile's."""
    answer = run(np.ascontiguousarray(tile))[0]
    if not axes:
        return answer
    mirrored = run(np.ascontiguousarray(tile[..., ::-1]))[0][..., ::-1]
    return (answer + mirrored) / np.float32(2)


def _padded(
    scan: NDArray[np.float32], patch: tuple[int, int]
) -> tuple[NDArray[np.float32], tuple[slice, slice]]:
    """The scan centred in zeros where it is smaller than the patch, and where it lies in them."""
    missing = [max(0, side - have) for side, have in zip(patch, scan.shape, strict=True)]
    before = [one // 2 for one in missing]
    widths = [(b, m - b) for b, m in zip(before, missing, strict=True)]
    inner = (
        slice(before[0], before[0] + scan.shape[0]),
        slice(before[1], before[1] + scan.shape[1]),
    )
    return np.pad(scan, widths), inner


def _nonzero_window(pixels: NDArray[np.uint8]) -> tuple[slice, slice]:
    """The smallest window that holds every pixel that is not 0; a black scan whole."""
    rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
    if rows.size == 0:
        return slice(0, pixels.shape[0]), slice(0, pixels.shape[1])
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _resized(
    values: NDArray[np.float32], size: tuple[int, int], *, order: int
) -> NDArray[np.float32]:
    if values.shape == size:
        return values
    from skimage.transform import resize  # takes 0.3 s to load, and most models never need it

    resized = resize(values.astype(float), size, order, mode="edge", anti_aliasing=False)
    return np.asarray(resized, np.float32)
