"""The U-Net's recipe: fit and normalise a scan on the way in, undo the fit on the way out.

A U-Net's ONNX file has one input `image`, float32 (N, 1, H, W), as `prepare` makes it, and one
output `probabilities`, float32 (N, 1 + labels, H, W), a softmax over the second axis, with the
background first and then the labels in the card's order; an ensemble's is (N, members,
1 + labels, H, W).

Resizing is Pillow's: on a 384x400 scan it takes 1 ms where scipy's `zoom` takes 7 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from domain.errors import InvalidInput

if TYPE_CHECKING:
    from domain.calibration import PixelSpacing
    from inference.card import Card

INPUT_NAME = "image"
OUTPUT_NAME = "probabilities"
LETTERBOX, STRETCH = "letterbox", "stretch"
FITS = (LETTERBOX, STRETCH)
NORMALISATION = {"method": "zscore-per-image"}
LARGEST_SIDE = 2048
SMALLEST_DEVIATION = 1.0 / 255  # of a grey range of 0 to 1: a blank scan stays finite
PROBABILITY_TOLERANCE = 1e-3

Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""The bare network: (N, 1, H, W) -> (N, members, 1 + labels, H, W)."""


@dataclass(frozen=True)
class Placement:
    """Where a scan of `height` x `width` px lies in the network's input (all in px)."""

    height: int
    width: int
    input_height: int
    input_width: int
    top: int
    left: int
    content_height: int
    content_width: int

    @property
    def rows(self) -> slice:
        return slice(self.top, self.top + self.content_height)

    @property
    def columns(self) -> slice:
        return slice(self.left, self.left + self.content_width)

    @property
    def is_native(self) -> bool:
        """Whether the scan was placed without resizing."""
        return (self.height, self.width) == (self.content_height, self.content_width)


def input_spec(height: int, width: int, fit: str = LETTERBOX) -> dict[str, Any]:
    """The card's `input` for a network of this input size (px), with one of FITS."""
    return {"height": height, "width": width, "channels": 1, "mode": fit}


def check_input(card_input: Mapping[str, Any]) -> None:
    """Raise InvalidInput if the card's `input` is not one that this recipe can serve."""
    if card_input.get("mode") not in FITS or card_input.get("channels") != 1:
        raise InvalidInput(
            'A U-Net card\'s input says "mode": "letterbox" or "stretch", and "channels": 1.'
        )
    for side in ("height", "width"):
        value = card_input.get(side)
        if type(value) is not int or not 32 <= value <= LARGEST_SIDE or value % 32:
            raise InvalidInput(
                f"A U-Net card's input {side} is a multiple of 32 from 32 to {LARGEST_SIDE} px,"
                f" not {value!r}."
            )


def check_normalisation(normalisation: Mapping[str, Any]) -> None:
    """Raise InvalidInput if the card's `normalisation` is not this recipe's."""
    if dict(normalisation) != NORMALISATION:
        raise InvalidInput(f"A U-Net card's normalisation is {NORMALISATION}.")


def network_size(card_input: Mapping[str, Any]) -> tuple[int, int]:
    """Height and width of the network's input, px."""
    return card_input["height"], card_input["width"]


def check_answer(answer: NDArray[np.float32]) -> None:
    """Raise InvalidInput unless the answer (N, members, classes, H, W) holds probabilities."""
    total = answer.sum(axis=2)
    is_distribution = (
        bool(np.isfinite(answer).all())
        and float(answer.min()) >= -PROBABILITY_TOLERANCE
        and float(np.abs(total - 1).max()) <= PROBABILITY_TOLERANCE
    )
    if not is_distribution:
        raise InvalidInput(
            "The model does not answer with probabilities that sum to 1; end its graph with a"
            " softmax over the classes."
        )


def predict(
    run: Run, pixels: NDArray[np.uint8], spacing: PixelSpacing | None, card: Card
) -> NDArray[np.float32]:
    """Probabilities of each member on a scan's own pixels: (members, 1 + labels, h, w).

    A U-Net sees every scan at the same size, whatever its spacing.
    """
    tensor, placement = prepare(pixels, card.input)
    answer = run(tensor)[0]
    if len(answer) == 1:
        return restore(answer[0], placement)[np.newaxis]
    return np.stack([restore(member, placement) for member in answer])


def place(height: int, width: int, card_input: Mapping[str, Any]) -> Placement:
    """Where a scan of (height, width) px goes by the card's `mode`.

    letterbox: aspect kept, as large as fits, centred; stretch: over the whole input.
    """
    input_height, input_width = int(card_input["height"]), int(card_input["width"])
    content_height, content_width = input_height, input_width
    if card_input["mode"] == LETTERBOX:
        scale = min(input_height / height, input_width / width)
        content_height = min(input_height, max(1, round(height * scale)))
        content_width = min(input_width, max(1, round(width * scale)))
    return Placement(
        height=height,
        width=width,
        input_height=input_height,
        input_width=input_width,
        top=(input_height - content_height) // 2,
        left=(input_width - content_width) // 2,
        content_height=content_height,
        content_width=content_width,
    )


def prepare(
    pixels: NDArray[np.uint8], card_input: Mapping[str, Any]
) -> tuple[NDArray[np.float32], Placement]:
    """Grey pixels (h, w) -> network input (1, 1, H, W) and where the scan lies in it.

    Resized with Pillow's bilinear filter (which averages when it shrinks, rounded to 8 bits), then
    the scan's own grey values get mean 0 and standard deviation 1; the padding is 0, their mean.
    Raises InvalidInput unless the pixels are a 2-D, non-empty uint8 array.
    """
    if pixels.ndim != 2 or pixels.dtype != np.uint8 or pixels.size == 0:
        raise InvalidInput(
            f"A U-Net takes 8-bit grey pixels (h, w), not {pixels.dtype} {pixels.shape}."
        )
    placement = place(pixels.shape[0], pixels.shape[1], card_input)
    content = resize_grey(pixels, placement)
    tensor = np.zeros((1, 1, placement.input_height, placement.input_width), np.float32)
    tensor[0, 0, placement.rows, placement.columns] = normalise(content)
    return tensor, placement


def resize_grey(pixels: NDArray[np.uint8], placement: Placement) -> NDArray[np.uint8]:
    """The scan at its size in the network's input, uint8 (content_height, content_width)."""
    if placement.is_native:
        return pixels
    size = (placement.content_width, placement.content_height)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))


def normalise(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Grey values of one scan -> float32 with mean 0 and standard deviation 1 (flat: all 0)."""
    values = pixels.astype(np.float32) / np.float32(255)
    deviation = max(float(values.std()), SMALLEST_DEVIATION)
    values -= values.mean()
    values /= np.float32(deviation)
    return values


def prepare_label_map(
    label_map: NDArray[np.uint8], card_input: Mapping[str, Any]
) -> NDArray[np.uint8]:
    """A label map (h, w) placed as `prepare` places its scan: uint8 (H, W), padding 0.

    Nearest neighbour, so that no label appears between two others.
    """
    placement = place(label_map.shape[0], label_map.shape[1], card_input)
    content = label_map
    if not placement.is_native:
        size = (placement.content_width, placement.content_height)
        content = np.asarray(Image.fromarray(label_map).resize(size, Image.Resampling.NEAREST))
    placed = np.zeros((placement.input_height, placement.input_width), np.uint8)
    placed[placement.rows, placement.columns] = content
    return placed


def restore(probabilities: NDArray[np.float32], placement: Placement) -> NDArray[np.float32]:
    """Network output (C, H, W) -> probabilities (C, h, w) on the scan's own pixels.

    The padding is cut off and each label resized bilinearly; the background is what the labels
    leave of 1, which equals resizing it too, since the resizing is linear.
    """
    expected = (placement.input_height, placement.input_width)
    if probabilities.ndim != 3 or probabilities.shape[1:] != expected:
        raise InvalidInput(
            f"The network answered {probabilities.shape}, not (classes, {expected[0]},"
            f" {expected[1]}): its card does not belong to it."
        )
    if placement.is_native:
        return np.ascontiguousarray(probabilities[:, placement.rows, placement.columns])
    restored = np.empty((len(probabilities), placement.height, placement.width), np.float32)
    for index in range(1, len(probabilities)):
        restored[index] = _resize_probability(probabilities[index], placement)
    np.subtract(1, restored[1:].sum(axis=0), out=restored[0])
    return restored


def _resize_probability(
    probability: NDArray[np.float32], placement: Placement
) -> NDArray[np.float32]:
    content = np.ascontiguousarray(probability[placement.rows, placement.columns])
    size = (placement.width, placement.height)
    return np.asarray(Image.fromarray(content).resize(size, Image.Resampling.BILINEAR))
