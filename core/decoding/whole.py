"""Whether the file of a picture is all there and as it was written, in the child process.

Pillow takes a PNG whose pixels have the wrong checksum, and one or the other file without its
end; what is missing stays black or grey. Here such a file is refused.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator

from domain.errors import InvalidInput

_START = 8
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xff]")
_JPEG_END = 0xD9
_JPEG_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))
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


def check_png(data: bytes) -> None:
    """Raise InvalidInput unless every chunk up to the end has its checksum and the pixels are
    as many as the header says."""
    compressed = []
    for kind, content in _chunks(data):
        if kind == b"IDAT":
            compressed.append(content)
    try:
        length = _inflated(compressed, _expected(data))
    except (zlib.error, struct.error, KeyError) as error:
        raise InvalidInput("is a damaged PNG image: its pixels do not unpack") from error
    if length < _expected(data):
        raise InvalidInput("is a damaged PNG image: it has fewer pixels than it says")


def check_jpeg(data: bytes) -> None:
    """Raise InvalidInput where a JPEG has no end."""
    position = 2
    while True:
        found = _JPEG_MARKER.search(data, position)
        if found is None:
            raise InvalidInput("is a damaged JPEG image: its end is missing; export it again")
        marker, position = data[found.start() + 1], found.end()
        if marker == _JPEG_END:
            return
        if marker not in _JPEG_ALONE:
            # What a segment holds, such as a preview with an end of its own, is no marker.
            position += int.from_bytes(data[position : position + 2], "big")


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kind and content of each chunk of a PNG up to its end."""
    position = _START
    while position + 12 <= len(data):
        length, kind = struct.unpack(">I4s", data[position : position + 8])
        content = data[position + 8 : position + 8 + length]
        checksum = data[position + 8 + length : position + 12 + length]
        if len(checksum) < 4:
            break
        if zlib.crc32(kind + content) != int.from_bytes(checksum, "big"):
            name = kind.decode("ascii", "replace")
            raise InvalidInput(
                f"is a damaged PNG image: the checksum of its part {name} is wrong; export it again"
            )
        if kind == b"IEND":
            return
        yield kind, content
        position += length + 12
    raise InvalidInput("is a damaged PNG image: its end is missing; export it again")


def _inflated(compressed: list[bytes], most: int) -> int:
    """How many bytes the parts unpack to, counted up to `most`."""
    stream = zlib.decompressobj()
    length = 0
    for part in compressed:
        while part and length < most:
            length += len(stream.decompress(part, 1 << 20))
            part = stream.unconsumed_tail
    return length


def _expected(data: bytes) -> int:
    """How many bytes the pixels of a PNG unpack to, by its header."""
    width, height, depth, colour = struct.unpack(">IIBB", data[16:26])
    bits = depth * _CHANNELS[colour]
    passes = _ADAM7 if data[28] else ((0, 0, 1, 1),)
    expected = 0
    for x, y, dx, dy in passes:
        columns, rows = -(-max(width - x, 0) // dx), -(-max(height - y, 0) // dy)
        expected += rows * (1 + -(-columns * bits // 8)) if columns else 0
    return expected
