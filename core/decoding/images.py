"""Still images to 8-bit grey, in the child process of core.sandbox.

Taken, by content and not by name: PNG, JPEG, BMP and TIFF, one picture each, up to `PIXEL_LIMIT`.
Colour becomes grey by ITU-R 601-2 luma (equal channels keep their value), transparency is laid on
black, 16 bits become 8 as domain.pixels.grey_from_16_bit says. Floating point is refused.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

from domain.errors import InvalidInput
from domain.pixels import Grey, grey_from_16_bit

PIXEL_LIMIT = 25_000_000
FORMATS = ("PNG", "JPEG", "BMP", "TIFF")
_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"BM": "BMP",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
}
_ORIENTATION_TAG = 0x0112
# PNG specification, 4.1.1 (samples by colour type) and 8.2 (first pixel and steps of the passes).
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)

Image.MAX_IMAGE_PIXELS = PIXEL_LIMIT
warnings.simplefilter("error", Image.DecompressionBombWarning)


def decode(data: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    """The grey pixels as stored, with width, height, format, EXIF orientation and notes."""
    picture = _opened(data, _format(data))
    orientation = _orientation(picture)
    notes: list[str] = []
    grey = _grey(picture, notes)
    yield (
        {
            "width": grey.shape[1],
            "height": grey.shape[0],
            "format": picture.format,
            "orientation": orientation,
            "notes": notes,
        },
        grey.tobytes(),
    )


def decode_mask(data: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    """The bitmap of a LabelMe mask, a PNG: 1 where it is not zero, else 0."""
    if not data.startswith(b"\x89PNG"):
        raise InvalidInput("the bitmap of the mask is no PNG; draw it again")
    values = np.asarray(_opened(data, "PNG"))
    if values.ndim != 2:
        raise InvalidInput("the bitmap of the mask is no grey PNG; draw it again")
    yield (
        {"width": values.shape[1], "height": values.shape[0]},
        (values != 0).astype(np.uint8).tobytes(),
    )


def _format(data: bytes) -> str:
    for signature, name in _SIGNATURES.items():
        if data.startswith(signature):
            return name
    raise InvalidInput("is no PNG, JPEG, BMP or TIFF by its content; save it as PNG")


def _opened(data: bytes, kind: str) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(data), formats=[kind])
        _check_size(picture)
        if getattr(picture, "n_frames", 1) > 1:
            raise InvalidInput("holds more than one picture; save a single one as PNG")
        picture.load()
        if kind == "PNG" and not _is_complete(picture, data):
            raise InvalidInput("is a damaged PNG image: it has fewer pixels than it says")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InvalidInput("has more than 25 million pixels; make it smaller") from error
    except (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError) as error:
        raise InvalidInput(f"is a damaged {kind} image; export it again") from error
    return picture


def _is_complete(picture: Image.Image, data: bytes) -> bool:
    """Whether the data of a PNG fill its picture; Pillow leaves missing rows at zero."""
    interlaced = bool(data[28])
    if not interlaced and np.asarray(picture)[-1].any():
        return True
    stream = zlib.decompressobj()
    length = sum(len(stream.decompress(chunk)) for chunk in _compressed_chunks(data))
    width, height, depth, colour = struct.unpack(">IIBB", data[16:26])
    bits = depth * _CHANNELS[colour]
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    expected = 0
    for x, y, dx, dy in passes:
        columns, rows = -(-max(width - x, 0) // dx), -(-max(height - y, 0) // dy)
        expected += rows * (1 + -(-columns * bits // 8)) if columns else 0
    return length >= expected


def _compressed_chunks(data: bytes) -> Iterator[bytes]:
    position = 8
    while position + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[position : position + 8])
        if kind == b"IDAT":
            yield data[position + 8 : position + 8 + length]
        position += length + 12


def _check_size(picture: Image.Image) -> None:
    width, height = picture.size
    if width < 1 or height < 1:
        raise InvalidInput("has no pixels; export it again")
    if width * height > PIXEL_LIMIT:
        raise InvalidInput(
            f"has {width}x{height} px, more than {PIXEL_LIMIT // 1_000_000} million; "
            "make it smaller"
        )


def _orientation(picture: Image.Image) -> int:
    try:
        value = picture.getexif().get(_ORIENTATION_TAG, 1)
    # Camera notes of any kind of damage do not make the picture unreadable.
    except Exception:
        return 1
    return value if value in range(1, 9) else 1


def _grey(picture: Image.Image, notes: list[str]) -> Grey:
    if picture.mode == "L":
        return np.asarray(picture)
    if picture.mode == "1":
        return np.asarray(picture.convert("L"))
    if picture.mode.startswith("I"):
        grey, maximum = grey_from_16_bit(np.asarray(picture))
        notes.append(f"has more than 8 bits a pixel; 0 to {maximum} became 0 to 255")
        return grey
    if picture.mode == "F":
        raise InvalidInput("has floating-point pixels; save it as an 8-bit image")
    return _grey_of_colour(picture, notes)


def _grey_of_colour(picture: Image.Image, notes: list[str]) -> Grey:
    if picture.mode in ("LA", "PA", "La", "RGBa", "RGBA") or "transparency" in picture.info:
        on_black = picture.convert("RGBA")
        if on_black.getchannel("A").getextrema() != (255, 255):
            notes.append("is partly transparent; laid on black")
        black = Image.new("RGBA", picture.size, (0, 0, 0, 255))
        picture = Image.alpha_composite(black, on_black)
    colours = picture.convert("RGB")
    values = np.asarray(colours)
    if (values[..., 0] != values[..., 1]).any() or (values[..., 1] != values[..., 2]).any():
        notes.append("has coloured pixels; they became grey")
    return np.asarray(colours.convert("L"))
