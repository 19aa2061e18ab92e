"""Clips to 8-bit grey frames, in the child process of core.sandbox.

Taken, by content: MP4 (and QuickTime) and AVI. Frames become grey as FFmpeg's `gray` format: the
luma over its full range. They come upright, turned and mirrored as the container's display matrix
says; the pixels stay as many as they were, and their aspect is told. Frames end at the first
damage; frames that change size, aspect or turn within a clip refuse it.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import av
import numpy as np
from av.sidedata.sidedata import Type as SideData
from av.video.reformatter import VideoReformatter

from core.decoding.formats import is_quicktime
from core.decoding.images import PIXEL_LIMIT
from domain.errors import InvalidInput
from domain.pixels import TRANSPOSED, oriented, pixel_aspect

DECODED_LIMIT = 20_000
FRAME_LIMIT = 2_000
# ISO 14496-12, 6.2.2: x' = a x + c y, y' = b x + d y, here by (a, b, c, d) as EXIF orientations.
_ORIENTATIONS = {
    (1, 0, 0, 1): 1,
    (-1, 0, 0, 1): 2,
    (-1, 0, 0, -1): 3,
    (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5,
    (0, 1, -1, 0): 6,
    (0, -1, -1, 0): 7,
    (0, -1, 1, 0): 8,
}
_TURNS = {
    2: "mirrored",
    3: "turned by 180 degrees",
    4: "upside down and mirrored",
    5: "turned by 90 degrees and mirrored",
    6: "turned by 90 degrees",
    7: "turned by 270 degrees and mirrored",
    8: "turned by 270 degrees",
}


@dataclass(frozen=True)
class _Form:
    """What all frames of a clip have in common: size as stored, pixel aspect, orientation."""

    width: int
    height: int
    aspect: Fraction
    orientation: int

    def __str__(self) -> str:
        turned = f", {_TURNS[self.orientation]}" if self.orientation != 1 else ""
        return f"{self.width}x{self.height} px (pixel aspect {self.aspect}{turned})"


class _Decoding:
    """The frames of a stream up to its end or its first damage."""

    def __init__(self, clip: av.container.InputContainer, stream: av.VideoStream) -> None:
        self._clip = clip
        self._stream = stream
        self.packets = 0
        self.is_damaged = False

    def frames(self) -> Iterator[av.VideoFrame]:
        try:
            for packet in self._clip.demux(self._stream):
                self.packets += packet.size > 0
                frames = [] if packet.is_corrupt else packet.decode()
                self.is_damaged = packet.is_corrupt
                for frame in frames:
                    self.is_damaged |= bool(frame.is_corrupt)
                    if not self.is_damaged:
                        yield frame
                if self.is_damaged:
                    return
        except av.FFmpegError:
            self.is_damaged = True


def frames(payload: bytes, *, path: str, step: int) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Each `step`-th frame from the first, upright: its number in the clip, width, height and
    pixel aspect (x spacing / y spacing, None where it is not to be believed), and with the last
    one the notes on the clip."""
    with Path(path).open("rb") as file:
        try:
            yield from _frames(file, _container(file), step)
        except (av.FFmpegError, ValueError, EOFError) as error:
            raise InvalidInput(
                "is a damaged clip, or its recording was cut off; export it again as MP4 or AVI"
            ) from error


def _container(file: BinaryIO) -> str:
    """The one demuxer of FFmpeg that may read the file; no other ever probes it."""
    head = file.read(12)
    file.seek(0)
    if is_quicktime(head):
        return "mp4"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    raise InvalidInput("is no MP4 or AVI by its content; export it as one of them")


def _frames(file: BinaryIO, kind: str, step: int) -> Iterator[tuple[dict[str, Any], bytes]]:
    with av.open(file, format=kind, options={"protocol_whitelist": "pipe"}) as clip:
        if not clip.streams.video:
            raise InvalidInput("has no video stream; export the clip again")
        stream = clip.streams.video[0]
        stream.codec_context.thread_count = 1
        # Else the decoder paints over what is damaged and says nothing.
        stream.codec_context.options = {"err_detect": "explode"}
        decoding = _Decoding(clip, stream)
        reformatter = VideoReformatter()
        form: _Form | None = None
        held: tuple[dict[str, Any], bytes] | None = None
        decoded = sent = 0
        interlaced = False
        for number, frame in enumerate(decoding.frames()):
            _check_limits(frame, number, sent)
            form = form or _form(frame, stream)
            _check_form(form, _form(frame, stream), number)
            decoded, interlaced = number + 1, interlaced or bool(frame.interlaced_frame)
            if number % step == 0:
                if held is not None:
                    yield held
                held = _answer(reformatter, frame, form, number)
                sent += 1
        if held is None or form is None:
            raise InvalidInput(
                "has no frames that can be read, as if its recording was cut off; export it again"
            )
        held[0]["notes"] = _notes(form, interlaced) + _ending(file, kind, stream, decoding, decoded)
        yield held


def _answer(
    reformatter: VideoReformatter, frame: av.VideoFrame, form: _Form, number: int
) -> tuple[dict[str, Any], bytes]:
    # A reformatter a frame, each with threads of its own, would use up the address space.
    plain = reformatter.reformat(frame, format="gray", threads=1)
    grey = oriented(plain.to_ndarray().astype(np.uint8, copy=False), form.orientation)
    aspect = 1 / form.aspect if form.orientation in TRANSPOSED else form.aspect
    return (
        {
            "frame": number,
            "width": grey.shape[1],
            "height": grey.shape[0],
            "aspect": pixel_aspect(float(aspect)),
            "notes": [],
        },
        grey.tobytes(),
    )


def _form(frame: av.VideoFrame, stream: av.VideoStream) -> _Form:
    aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    return _Form(frame.width, frame.height, Fraction(aspect or 1), _orientation(frame))


def _orientation(frame: av.VideoFrame) -> int:
    """The display matrix of a frame as an EXIF orientation, 1 to 8; its scale does not count."""
    matrix = frame.side_data.get(SideData.DISPLAYMATRIX)
    if matrix is None:
        return 1
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(matrix))
    across, down = math.hypot(a, b), math.hypot(c, d)
    if not across or not down:
        return 1
    turn = tuple(round(v / w, 3) for v, w in ((a, across), (b, across), (c, down), (d, down)))
    if turn not in _ORIENTATIONS:
        raise InvalidInput(
            "says that its frames are turned by an angle that is no quarter turn; export the clip "
            "upright"
        )
    return _ORIENTATIONS[turn]


def _check_form(first: _Form, form: _Form, number: int) -> None:
    if form != first:
        raise InvalidInput(
            f"changes within: frame {number} has {form}, those before it {first}; cut it there "
            "and export the parts as clips of their own"
        )


def _check_limits(frame: av.VideoFrame, number: int, sent: int) -> None:
    if frame.width * frame.height > PIXEL_LIMIT:
        raise InvalidInput(f"has frames of {frame.width}x{frame.height} px; make them smaller")
    if number >= DECODED_LIMIT or sent >= FRAME_LIMIT:
        raise InvalidInput(
            f"has more than {DECODED_LIMIT} frames or gives more than {FRAME_LIMIT}; "
            "choose a larger sampling step or cut the clip"
        )


def _notes(form: _Form, interlaced: bool) -> list[str]:
    notes = []
    if form.orientation != 1:
        notes.append(f"says that its frames are {_TURNS[form.orientation]}; taken upright")
    if interlaced:
        notes.append(
            "has interlaced frames: every other line is of another moment, so edges that move are "
            "combed; record progressive frames where you can"
        )
    return notes


def _ending(
    file: BinaryIO, kind: str, stream: av.VideoStream, decoding: _Decoding, decoded: int
) -> list[str]:
    """What is to be said of a clip that does not reach its end."""
    frames = f"its first {decoded} frames can be read and are taken"
    if decoding.is_damaged:
        return [f"is damaged or cut off after frame {decoded - 1}; {frames}"]
    if stream.frames > decoding.packets:
        return [f"ends early: it says {stream.frames} frames, {frames}"]
    if kind == "avi" and _is_cut(file):
        return [f"is shorter than it says, as if its end were missing; {frames}"]
    return []


def _is_cut(file: BinaryIO) -> bool:
    """Whether an AVI's first RIFF list, whose size stands at its head, is not all there.

    A recorder that was switched off leaves a size of 0; an odd size may lack its padding.
    """
    file.seek(4)
    (size,) = struct.unpack("<I", file.read(4))
    return size == 0 or size + 7 > file.seek(0, 2)
