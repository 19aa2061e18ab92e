"""The U-Net's settings. The defaults are the paper's recipe where the paper states one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from domain.errors import InvalidInput
from inference.recipes.unet import FITS, LETTERBOX
from training.backends.settings import choice, custom, flag, integer, members, number
from training.backends.unet.schedule import CONSTANT, SCHEDULES

ENCODERS = (
    "resnet18",
    "resnet34",
    "resnet50",
    "mobilenet_v2",
    "efficientnet-b0",
    "tu-mobilenetv3_small_100",
)
STRIDE = 32  # the encoders halve the picture five times
SMALLEST_SIDE = 64  # the deepest map is then 2x2, enough for batch normalisation of one image
LARGEST_SIDE = 1024


def parse_image_size(value: object) -> int | str:
    """64 to 1024, or HEIGHTxWIDTH with both sides multiples of 32 in that range."""
    wanted = (
        f"is a whole number from {SMALLEST_SIDE} to {LARGEST_SIDE}, or HEIGHTxWIDTH with both"
        f" sides multiples of {STRIDE} in that range"
    )
    text = str(value).strip().lower()
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,4}(x[0-9]{1,4})?", text):
        raise ValueError(wanted)
    sides = [int(side) for side in text.split("x")]
    if not all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in sides):
        raise ValueError(wanted)
    if len(sides) == 1:
        return sides[0]
    if any(side % STRIDE for side in sides):
        raise ValueError(wanted)
    return text


def parse_file_name(value: object) -> str:
    """Empty, or the name of a file without any folder."""
    text = str(value).strip()
    if text and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}", text):
        raise ValueError("is the name of a file in weights/, without a folder")
    return text


@dataclass(frozen=True)
class UNetSettings:
    """Settings of one run; the help texts are shown in the start form and in the card."""

    encoder: str = choice(
        "resnet18",
        ENCODERS,
        "Encoder of segmentation-models-pytorch, trained from scratch. The paper names none;"
        " resnet18 is small enough for a CPU and large enough for some hundred scans.",
    )
    image_size: int | str = custom(
        256,
        parse_image_size,
        "Input size in px. A number N makes an input of about N x N pixels with the shape that"
        " most training scans have (sides are multiples of 32); HEIGHTxWIDTH fixes both sides."
        " `fit` says what becomes of scans of another shape.",
    )
    fit: str = choice(
        LETTERBOX,
        FITS,
        "How a scan comes to the input size: letterbox keeps its shape and pads the rest; stretch"
        " fills the input, and each scan is distorted by as much as its shape differs.",
    )
    learning_rate: float = number(1e-4, 1e-7, 1.0, "Adam's first learning rate (paper: 1e-4).")
    schedule: str = choice(
        CONSTANT,
        SCHEDULES,
        "How the learning rate goes on: constant (paper), down to 0 over max_epochs by a polynomial"
        " or a cosine, or halved whenever a quarter of the patience brought nothing better.",
    )
    dice_weight: float = number(1.0, 0.0, 100.0, "Weight of the Dice part of the loss (paper: 1).")
    cross_entropy_weight: float = number(
        1.0, 0.0, 100.0, "Weight of the cross-entropy part of the loss (paper: 1)."
    )
    initial_weights: str = custom(
        "",
        parse_file_name,
        "First weights of the encoder: the name of a file in weights/ of the data directory"
        " (.safetensors, or saved by torch). Empty: drawn from the seed. No hub is asked.",
    )
    batch_size: int = integer(8, 1, 256, "Scans per step (paper: 8).")
    patience: int = integer(
        20, 1, 1000, "Stop after so many epochs without a better validation Dice (paper: 20)."
    )
    max_epochs: int = integer(200, 1, 10_000, "Stop after so many epochs (the paper names none).")
    seed: int = integer(1, 0, 2**31 - 1, "Seed of the first weights, the order and the changes.")
    members: int = members()
    rotation: float = number(15.0, 0.0, 90.0, "Random rotation, up to so many degrees each way.")
    scaling: float = number(0.15, 0.0, 0.5, "Random scaling, up to this share each way.")
    elastic: float = number(
        0.02,
        0.0,
        0.05,
        "Random elastic deformation: standard deviation of the shift of a grid of control points"
        " (five along each side), as a share of the picture's side.",
    )
    horizontal_flip: bool = flag(
        False,
        "Mirror half of the scans left to right. Off, as in the paper: it would teach that left"
        " and right limbs look alike. There is no vertical flip: deep is never up.",
    )


def input_size(image_size: int | str, shapes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Height and width of the network's input for scans of these shapes (h, w), in px.

    A plain number keeps its square's area and takes the scans' median aspect, rounded to the
    stride; HEIGHTxWIDTH is taken as it stands.
    """
    if isinstance(image_size, str):
        height, width = (int(side) for side in image_size.split("x"))
        return height, width
    if not shapes:
        raise InvalidInput("There is no scan to take the input's shape from.")
    aspects = sorted(height / width for height, width in shapes)
    aspect = min(4.0, max(0.25, aspects[len(aspects) // 2]))
    return _to_stride(image_size * aspect**0.5), _to_stride(image_size / aspect**0.5)


def _to_stride(side: float) -> int:
    return min(LARGEST_SIDE, max(SMALLEST_SIDE, STRIDE * round(side / STRIDE)))
