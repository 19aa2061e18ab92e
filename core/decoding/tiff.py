"""What a TIFF says of its pages and pixels, by its tags; in the child process of core.sandbox.

Pillow names a kind that it does not read as it names a damaged file. TIFF 6.0 (Adobe, 1992) is
the source of the tags.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from domain.errors import InvalidInput

PAGE_LIMIT = 10_000
_SUBFILE, _BITS, _COMPRESSION, _PHOTOMETRIC = 254, 258, 259, 262
_SAMPLES, _SAMPLE_FORMAT = 277, 339
_WANTED = frozenset((_SUBFILE, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _SAMPLE_FORMAT))
_SIZES = {1: 1, 3: 2, 4: 4}
_LETTERS = {1: "B", 3: "H", 4: "I"}
_PREVIEW_OR_MASK = 1 | 4
UNSIGNED, SIGNED, FLOAT = 1, 2, 3


@dataclass(frozen=True)
class Page:
    """One picture of a TIFF: bits of each sample, their format, whether 0 is white."""

    number: int
    bits: int
    samples: int
    sample_format: int
    white_is_zero: bool
    compression: int
    is_preview: bool


def pages(data: bytes) -> list[Page]:
    """The pages of a TIFF. Raises InvalidInput where its tables are damaged."""
    order = "<" if data[:2] == b"II" else ">"
    found: list[Page] = []
    seen = set()
    try:
        (offset,) = struct.unpack_from(f"{order}I", data, 4)
        while offset and offset not in seen and len(found) < PAGE_LIMIT:
            seen.add(offset)
            tags, offset = _directory(data, order, offset)
            found.append(_page(len(found), tags))
    except struct.error as error:
        raise InvalidInput("is a damaged TIFF image, or its end is missing") from error
    return found


def main_page(found: list[Page]) -> Page:
    """The one picture of a TIFF, previews and masks beside it left out.

    Raises:
        InvalidInput: none or several, or pixels of a kind that has no grey levels of its own.
    """
    whole = [page for page in found if not page.is_preview]
    if len(whole) != 1:
        raise InvalidInput(
            f"is a TIFF of {len(whole)} pages, more than one picture; save each page as a file of "
            "its own, in a folder that is imported as a sweep where they are one"
            if whole
            else "is a TIFF without a picture; export it again"
        )
    page = whole[0]
    if page.sample_format >= FLOAT:
        raise InvalidInput("has floating-point pixels; save it as an 8-bit image")
    if page.sample_format == SIGNED and (page.bits <= 8 or page.white_is_zero):
        raise InvalidInput("has signed pixels; save it as an unsigned 8-bit image")
    return page


def unread(page: Page) -> InvalidInput:
    """The refusal of a kind of TIFF that is whole, but not read here."""
    return InvalidInput(
        f"is a TIFF of {page.bits} bits a pixel and {page.samples} "
        f"channel{'s' if page.samples > 1 else ''} (compression {page.compression}"
        f"{', white is zero' if page.white_is_zero else ''}), a kind that is not read; save it as "
        "an 8-bit or 16-bit grey PNG"
    )


def _directory(data: bytes, order: str, offset: int) -> tuple[dict[int, tuple[int, ...]], int]:
    """The wanted tags of a directory, and where the next one lies (0: none)."""
    (count,) = struct.unpack_from(f"{order}H", data, offset)
    tags = {}
    for number in range(count):
        entry = offset + 2 + 12 * number
        tag, kind, values = struct.unpack_from(f"{order}HHI", data, entry)
        if tag not in _WANTED or kind not in _SIZES or values > 16:
            continue
        place = entry + 8
        if values * _SIZES[kind] > 4:
            (place,) = struct.unpack_from(f"{order}I", data, place)
        tags[tag] = struct.unpack_from(f"{order}{values}{_LETTERS[kind]}", data, place)
    (following,) = struct.unpack_from(f"{order}I", data, offset + 2 + 12 * count)
    return tags, following


def _page(number: int, tags: dict[int, tuple[int, ...]]) -> Page:
    def first(tag: int, default: int) -> int:
        return (tags.get(tag) or (default,))[0]

    return Page(
        number=number,
        bits=max(tags.get(_BITS) or (1,)),
        samples=first(_SAMPLES, 1),
        sample_format=max(tags.get(_SAMPLE_FORMAT) or (UNSIGNED,)),
        white_is_zero=first(_PHOTOMETRIC, 1) == 0,
        compression=first(_COMPRESSION, 1),
        is_preview=bool(first(_SUBFILE, 0) & _PREVIEW_OR_MASK),
    )
