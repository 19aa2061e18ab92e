"""Files from outside as checked values: what core.decoding found, looked at once more here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.sandbox import Reply, Sandbox
from domain.errors import InvalidInput
from domain.pixels import TRANSPOSED, Grey, oriented, pixel_aspect


@dataclass(frozen=True)
class DecodedImage:
    """A still image as it is stored: not yet turned by its EXIF orientation (1 to 8).

    Args:
        aspect: that of its pixels as stored (see `aspect_of`).
        maximum: the value that became 255 where it has more than 8 bits a pixel, else None.
    """

    pixels: Grey
    format: str
    orientation: int
    aspect: float | None
    maximum: int | None
    notes: tuple[str, ...]

    @property
    def upright(self) -> Grey:
        return oriented(self.pixels, self.orientation)

    @property
    def upright_aspect(self) -> float | None:
        """The aspect of the pixels of the upright picture."""
        return 1 / self.aspect if self.aspect and self.orientation in TRANSPOSED else self.aspect


@dataclass(frozen=True)
class ClipFrame:
    """An upright frame of a clip: its number there, from 0, and the aspect of its pixels (see
    `aspect_of`). The notes on the clip stand with its last frame."""

    number: int
    pixels: Grey
    aspect: float | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class UnpackedFile:
    """A file of an archive: its name there, with `/`, where it lies now, and how its name was read.

    `names_in`: the encoding of those names of the archive that do not say theirs.
    """

    name: str
    path: Path
    names_in: str


def decode_image(sandbox: Sandbox, data: bytes, maximum: int = 0) -> DecodedImage:
    """A PNG, JPEG, BMP or single-page TIFF as 8-bit grey (core.decoding.images has the rules).

    `maximum`: the value that becomes 255 in a series of more than 8 bits a pixel.

    Raises:
        InvalidInput: damaged, too large, animated, or something else.
    """
    return image_of(sandbox.call("core.decoding.images.decode", data, maximum=maximum))


def brightest(sandbox: Sandbox, data: bytes) -> int:
    """The highest value of a grey picture of more than 8 bits, 0 for any other.

    Raises InvalidInput as `decode_image`.
    """
    return int(sandbox.call("core.decoding.images.brightest", data).result["highest"])


def image_of(reply: Reply) -> DecodedImage:
    """The still image of an answer, its values checked. Raises InvalidInput where it lies."""
    return DecodedImage(
        pixels=pixels_of(reply),
        format=str(reply.result["format"]),
        orientation=int(reply.result["orientation"]),
        aspect=aspect_of(reply),
        maximum=int(reply.result["maximum"]) or None,
        notes=tuple(str(note) for note in reply.result["notes"]),
    )


def decode_mask(sandbox: Sandbox, data: bytes) -> NDArray[np.bool_]:
    """The bitmap of a LabelMe mask, bool (height, width). Raises InvalidInput for any other."""
    return pixels_of(sandbox.call("core.decoding.images.decode_mask", data)).astype(np.bool_)


def clip_frames(sandbox: Sandbox, path: Path, step: int) -> Iterator[ClipFrame]:
    """Each `step`-th frame of an MP4 or AVI, upright.

    Raises:
        InvalidInput: another kind of file, damaged from the start, too many frames, or frames
            that change size, aspect or turn.
    """
    source = str(path.resolve())
    for reply in sandbox.stream("core.decoding.video.frames", path=source, step=max(1, step)):
        yield ClipFrame(
            number=int(reply.result["frame"]),
            pixels=pixels_of(reply),
            aspect=aspect_of(reply),
            notes=tuple(str(note) for note in reply.result["notes"]),
        )


def unpack(
    sandbox: Sandbox, archive: Path, folder: Path, *, encoding: str = ""
) -> list[UnpackedFile]:
    """The files of a zip archive, written into `folder` under numbers.

    `encoding`: of names that do not say theirs; empty: it is found out.

    Raises:
        InvalidInput: damaged, too large, encrypted, or with a trick in a path or an offset.
    """
    replies = sandbox.stream(
        "core.decoding.archives.unpack",
        path=str(archive.resolve()),
        folder=str(folder.resolve()),
        encoding=encoding,
    )
    return [
        UnpackedFile(
            str(reply.result["name"]),
            folder / str(int(reply.result["number"])),
            str(reply.result["encoding"]),
        )
        for reply in replies
    ]


def pixels_of(reply: Reply) -> Grey:
    """The grey pixels of an answer, its size checked. Raises InvalidInput where it lies."""
    height, width = int(reply.result["height"]), int(reply.result["width"])
    if height < 1 or width < 1 or height * width != len(reply.payload):
        raise InvalidInput("cannot be decoded; export it again")
    return np.frombuffer(reply.payload, np.uint8).reshape(height, width)


def aspect_of(reply: Reply) -> float | None:
    """x spacing / y spacing of the pixels of an answer; None where it is not to be believed."""
    value = reply.result.get("aspect")
    return pixel_aspect(float(value)) if isinstance(value, int | float) else None
