"""Clips to 8-bit grey frames, in the child process of core.sandbox.

Taken, by content: MP4 (and QuickTime) and AVI. Frames become grey as FFmpeg's `gray` format: the
luma over its full range.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import av

from core.decoding.images import PIXEL_LIMIT
from domain.errors import InvalidInput

DECODED_LIMIT = 20_000
FRAME_LIMIT = 2_000


def frames(payload: bytes, *, path: str, step: int) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Each `step`-th frame from the first, with its number in the clip, width and height."""
    with Path(path).open("rb") as file:
        try:
            yield from _frames(file, _container(file), step)
        except (av.FFmpegError, ValueError, EOFError) as error:
            raise InvalidInput("is a damaged clip; export it again as MP4 or AVI") from error


def _container(file: BinaryIO) -> str:
    """The one demuxer of FFmpeg that may read the file; no other ever probes it."""
    head = file.read(12)
    file.seek(0)
    if head[4:8] == b"ftyp":
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
        sent = 0
        for number, frame in enumerate(clip.decode(stream)):
            _check(frame, number, sent)
            if number % step == 0:
                grey = frame.to_ndarray(format="gray")
                yield (
                    {"frame": number, "width": grey.shape[1], "height": grey.shape[0]},
                    grey.tobytes(),
                )
                sent += 1
        if not sent:
            raise InvalidInput("has no frames; export the clip again")


def _check(frame: av.VideoFrame, number: int, sent: int) -> None:
    if frame.width * frame.height > PIXEL_LIMIT:
        raise InvalidInput(f"has frames of {frame.width}x{frame.height} px; make them smaller")
    if number >= DECODED_LIMIT or sent >= FRAME_LIMIT:
        raise InvalidInput(
            f"has more than {DECODED_LIMIT} frames or gives more than {FRAME_LIMIT}; "
            "choose a larger sampling step or cut the clip"
        )
