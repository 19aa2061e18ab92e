"""Still images to 8-bit grey, in the child process of core.sandbox.

Taken, by content and not by name: PNG, JPEG, BMP and TIFF, one picture each, up to `PIXEL_LIMIT`;
of a JPEG with further pictures behind it (MPO) the main one. Colour becomes grey by ITU-R 601-2
luma (equal channels keep their value), transparency is laid on black, more than 8 bits become 8 as
domain.pixels.grey_from_16_bit says, WhiteIsZero is turned round. Floating point is refused, and so
is a file that is not all there.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from core.decoding import formats, tiff, whole
from domain.errors import InvalidInput
from domain.pixels import SIDEWAYS_BACK, Grey, grey_from_16_bit, oriented, pixel_aspect

PIXEL_LIMIT = 25_000_000
_ORIENTATION_TAG = 0x0112
_DENSITY_TAGS = (0x011A, 0x011B)
_MPF_ENTRIES = 0xB002
# A 16-bit colour picture whose brightest channel is below it would become nearly black.
_DIMMEST_COLOUR = 32

Image.MAX_IMAGE_PIXELS = PIXEL_LIMIT
warnings.simplefilter("error", Image.DecompressionBombWarning)


@dataclass(frozen=True)
class _Opened:
    """A picture as it is stored, with what its file says beside its pixels."""

    picture: Image.Image
    kind: str
    orientation: int
    bits: int
    white_is_zero: bool
    notes: tuple[str, ...]

    @property
    def is_deep_grey(self) -> bool:
        """Whether it has one channel of more than 8 bits."""
        return self.picture.mode.startswith("I")


def decode(data: bytes, *, maximum: int = 0) -> Iterator[tuple[dict[str, Any], bytes]]:
    """The grey pixels as stored, with width, height, format, EXIF orientation, pixel aspect,
    notes and the value that became 255 (0: the file has 8 bits).

    `maximum`: that value, where the file is one of a series; 0: the least nominal one that fits.
    """
    opened = _opened(data)
    notes = list(opened.notes)
    grey, became_white = _grey(opened, maximum, notes)
    if opened.orientation != 1 and opened.kind == formats.TIFF:
        # Pillow turns a TIFF when it loads it.
        grey = oriented(grey, SIDEWAYS_BACK[opened.orientation])
    yield (
        {
            "width": grey.shape[1],
            "height": grey.shape[0],
            "format": opened.kind,
            "orientation": opened.orientation,
            "aspect": _aspect(opened.picture),
            "maximum": became_white,
            "notes": notes,
        },
        grey.tobytes(),
    )


def brightest(data: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    """The highest value of a grey picture of more than 8 bits; 0 for any other."""
    opened = _opened(data)
    highest = int(np.asarray(opened.picture).max(initial=0)) if opened.is_deep_grey else 0
    yield {"highest": highest}, b""


def decode_mask(data: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    """The bitmap of a LabelMe mask, a PNG: 1 where it is not zero, else 0."""
    if not data.startswith(b"\x89PNG"):
        raise InvalidInput("the bitmap of the mask is no PNG; draw it again")
    values = np.asarray(_opened(data).picture)
    if values.ndim != 2:
        raise InvalidInput("the bitmap of the mask is no grey PNG; draw it again")
    yield (
        {"width": values.shape[1], "height": values.shape[0]},
        (values != 0).astype(np.uint8).tobytes(),
    )


def _opened(data: bytes) -> _Opened:
    kind = formats.format_of(data[: formats.HEAD])
    if kind not in formats.PICTURES:
        raise InvalidInput(formats.refusal_of_picture(kind))
    page = tiff.main_page(tiff.pages(data)) if kind == formats.TIFF else None
    try:
        picture = Image.open(io.BytesIO(data), formats=[kind])
        _check_size(picture)
        notes = _go_to_main(picture, page)
        orientation = _orientation(picture)
        picture.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InvalidInput("has more than 25 million pixels; make it smaller") from error
    except UnidentifiedImageError as error:
        raise tiff.unread(page) if page else _damaged(kind) from error
    except (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError) as error:
        raise _damaged(kind) from error
    if kind == formats.PNG:
        whole.check_png(data)
    if kind == formats.JPEG:
        whole.check_jpeg(data)
        notes += _jpeg_damage(data)
    bits = page.bits if page else (data[24] if kind == formats.PNG else 8)
    white_is_zero = page is not None and page.white_is_zero
    return _Opened(picture, kind, orientation, bits, white_is_zero, tuple(notes))


def _damaged(kind: str) -> InvalidInput:
    return InvalidInput(f"is a damaged {kind} image; export it again")


def _check_size(picture: Image.Image) -> None:
    width, height = picture.size
    if width < 1 or height < 1:
        raise InvalidInput("has no pixels; export it again")
    if width * height > PIXEL_LIMIT:
        raise InvalidInput(
            f"has {width}x{height} px, more than {PIXEL_LIMIT // 1_000_000} million; "
            "make it smaller"
        )


def _go_to_main(picture: Image.Image, page: tiff.Page | None) -> list[str]:
    """Turn to the one picture that is meant; notes on those beside it."""
    count = getattr(picture, "n_frames", 1)
    if count == 1:
        return []
    if page is not None:
        picture.seek(page.number)
    elif picture.format == "MPO":
        picture.seek(_main_of_mpo(picture))
    else:
        raise InvalidInput(f"holds more than one picture ({count}); save a single one as PNG")
    _check_size(picture)
    return [f"holds {count} pictures, as a preview beside it; the main one is taken"]


def _main_of_mpo(picture: Image.Image) -> int:
    entries = getattr(picture, "mpinfo", {}).get(_MPF_ENTRIES, [])
    primary = [
        number
        for number, entry in enumerate(entries)
        if entry["Attribute"]["MPType"] == "Baseline MP Primary Image"
    ]
    return primary[0] if primary else 0


def _jpeg_damage(data: bytes) -> list[str]:
    """A note where a strict decoder finds damage that libjpeg paints over without a word."""
    decoder = av.CodecContext.create("mjpeg", "r")
    decoder.thread_count = 1
    decoder.options = {"err_detect": "explode"}
    try:
        decoder.decode(av.Packet(data))
    except av.error.InvalidDataError:
        return ["may be damaged, since a strict decoder cannot read all of it; look at the picture"]
    # Kinds of JPEG that this decoder does not know at all say nothing about damage.
    except av.FFmpegError:
        return []
    return []


def _orientation(picture: Image.Image) -> int:
    try:
        value = picture.getexif().get(_ORIENTATION_TAG, 1)
    # Camera notes of any kind of damage do not make the picture unreadable.
    except Exception:
        return 1
    return value if value in range(1, 9) else 1


def _aspect(picture: Image.Image) -> float | None:
    """x spacing / y spacing by the first densities that are not equal: those of the format (pHYs,
    JFIF, pixels per metre, resolution), then those of EXIF; 1.0 where all are."""
    for across, down in _densities(picture):
        if across > 0 and down > 0:
            aspect = pixel_aspect(down / across)
            if aspect != 1.0:
                return aspect
    return 1.0


def _densities(picture: Image.Image) -> Iterator[tuple[float, float]]:
    for key in ("aspect", "jfif_density", "dpi", "resolution"):
        try:
            across, down = picture.info[key]
            yield float(across), float(down)
        except (KeyError, TypeError, ValueError, ZeroDivisionError):
            continue
    try:
        exif = picture.getexif()
        across, down = (float(exif[tag]) for tag in _DENSITY_TAGS)
    # As above: damaged camera notes are none.
    except Exception:
        return
    yield across, down


def _grey(opened: _Opened, maximum: int, notes: list[str]) -> tuple[Grey, int]:
    """The grey pixels, and the value that became 255 where there were more than 8 bits."""
    picture = opened.picture
    if opened.is_deep_grey:
        return _grey_of_deep(opened, maximum, notes)
    if picture.mode == "F":
        raise InvalidInput("has floating-point pixels; save it as an 8-bit image")
    if "transparency" not in picture.info:
        if picture.mode == "L":
            return np.asarray(picture), 0
        if picture.mode == "1":
            return np.asarray(picture.convert("L")), 0
    grey = _grey_of_colour(picture, notes)
    if opened.bits == 16:
        if grey.max(initial=0) < _DIMMEST_COLOUR:
            raise InvalidInput(
                "has 16 bits a channel and uses only the darkest part of them, so that it would "
                "become black; save it as 8-bit grey"
            )
        notes.append("has 16 bits a channel; 0 to 65535 became 0 to 255")
    return grey, 0


def _grey_of_deep(opened: _Opened, maximum: int, notes: list[str]) -> tuple[Grey, int]:
    values: NDArray[Any] = np.asarray(opened.picture)
    grey, became_white = grey_from_16_bit(values, maximum)
    notes.append(f"has more than 8 bits a pixel; 0 to {became_white} became 0 to 255")
    if opened.white_is_zero:
        grey = 255 - grey
        notes.append("says that 0 is white; turned round, so that bright echoes are bright")
    clear = opened.picture.info.get("transparency")
    if clear is not None and (values == clear).any():
        grey = np.where(values == clear, np.uint8(0), grey)
        notes.append("is partly transparent; laid on black")
    return grey, became_white


def _grey_of_colour(picture: Image.Image, notes: list[str]) -> Grey:
    if picture.mode in ("LA", "PA", "La", "RGBa", "RGBA") or "transparency" in picture.info:
        on_black = picture.convert("RGBA")
        if on_black.getchannel("A").getextrema() != (255, 255):
            notes.append("is partly transparent; laid on black")
        black = Image.new("RGBA", picture.size, (0, 0, 0, 255))
        picture = Image.alpha_composite(black, on_black)
    elif picture.mode == "CMYK":
        notes.append("has the inks of a print (CMYK) for colours; they became grey as on a screen")
    colours = picture.convert("RGB")
    values = np.asarray(colours)
    if (values[..., 0] != values[..., 1]).any() or (values[..., 1] != values[..., 2]).any():
        notes.append("has coloured pixels; they became grey")
    return np.asarray(colours.convert("L"))
