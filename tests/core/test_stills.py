"""Still images: what a file says of its pixels is honoured, one that is not whole is refused."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core import untrusted
from core.sandbox import Sandbox
from domain.errors import InvalidInput
from domain.pixels import Grey, fault_as_scan

RAMP = np.linspace(0, 255, 48).astype(np.uint8).reshape(6, 8)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as shared:
        yield shared


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def noise(width: int = 64, height: int = 48) -> Image.Image:
    grey = np.random.default_rng(1).normal(128, 60, (height, width))
    return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(values: np.ndarray, colour: int, *extra: bytes) -> bytes:
    """A PNG of (height, width, channels) values of 8 or 16 bits."""
    depth = values.dtype.itemsize * 8
    header = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], depth, colour, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(values.dtype.newbyteorder(">")).tobytes() for row in values)
    parts = [chunk(b"IHDR", header), *extra, chunk(b"IDAT", zlib.compress(rows))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


def tiff(values: bytes, bits: int, photometric: int = 1, order: str = "<", **tags: int) -> bytes:
    """A TIFF of 8x6 grey pixels, uncompressed."""
    entries = {256: 8, 257: 6, 258: bits, 259: 1, 262: photometric, 273: 0, 277: 1, 278: 6}
    entries |= {279: len(values)} | {int(tag[1:]): value for tag, value in tags.items()}
    entries[273] = 8 + 2 + 12 * len(entries) + 4
    head = struct.pack(f"{order}2sHI", b"II" if order == "<" else b"MM", 42, 8)
    body = b"".join(
        struct.pack(f"{order}HHII", tag, 4, 1, value)
        if tag in (273, 279)
        else struct.pack(f"{order}HHIHH", tag, 3, 1, value, 0)
        for tag, value in sorted(entries.items())
    )
    return head + struct.pack(f"{order}H", len(entries)) + body + bytes(4) + values


def decode(sandbox: Sandbox, data: bytes, maximum: int = 0) -> untrusted.DecodedImage:
    return untrusted.decode_image(sandbox, data, maximum)


# Densities


PHYS = {
    "pHYs of one metre": lambda: png(
        RAMP[..., None], 0, chunk(b"pHYs", struct.pack(">IIB", 3000, 2000, 1))
    ),
    "pHYs of no unit": lambda: png(
        RAMP[..., None], 0, chunk(b"pHYs", struct.pack(">IIB", 3, 2, 0))
    ),
    "JFIF": lambda: encoded(noise(), "JPEG", dpi=(150, 100)),
    "BMP": lambda: encoded(noise(), "BMP", dpi=(300, 200)),
    "TIFF": lambda: encoded(noise(), "TIFF", dpi=(300, 200)),
}


@pytest.mark.parametrize("make", PHYS.values(), ids=PHYS.keys())
def test_unequal_densities_are_the_aspect(sandbox: Sandbox, make: Callable[[], bytes]) -> None:
    assert decode(sandbox, make()).aspect == pytest.approx(2 / 3, rel=1e-3)


def test_a_jfif_ratio_without_a_unit_is_the_aspect(sandbox: Sandbox) -> None:
    data = bytearray(encoded(noise(), "JPEG", dpi=(16, 15)))
    data[data.index(b"JFIF\0") + 7] = 0

    assert decode(sandbox, bytes(data)).aspect == pytest.approx(15 / 16)


@pytest.mark.parametrize("density", [(72, 72), (2835, 2836), (0, 0), (0, 100)])
def test_equal_or_empty_densities_are_square(sandbox: Sandbox, density: tuple[int, int]) -> None:
    data = png(RAMP[..., None], 0, chunk(b"pHYs", struct.pack(">IIB", *density, 1)))

    assert decode(sandbox, data).aspect == 1.0


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_a_turned_picture_keeps_its_stored_pixels_and_turns_its_aspect(
    sandbox: Sandbox, kind: str, orientation: int
) -> None:
    stored = Image.fromarray(np.kron(RAMP, np.ones((8, 8), np.uint8)))
    exif = stored.getexif()
    exif[0x0112] = orientation

    decoded = decode(sandbox, encoded(stored, kind, exif=exif, dpi=(300, 200)))

    assert decoded.orientation == orientation
    assert abs(decoded.pixels.astype(int) - np.asarray(stored)).mean() < 6
    turned = orientation >= 5
    assert decoded.upright.shape == ((64, 48) if turned else (48, 64))
    assert decoded.upright_aspect == pytest.approx(3 / 2 if turned else 2 / 3, rel=1e-3)


# Depth and meaning of the values


def test_a_series_has_one_scale(sandbox: Sandbox) -> None:
    tissue = np.full((6, 8), 200, np.uint16)

    def grey(brightest: int) -> int:
        values = tissue.copy()
        values[0, 0] = brightest
        return int(decode(sandbox, encoded(Image.fromarray(values), "PNG"), 4095).pixels[3, 3])

    assert grey(250) == grey(1000) == grey(4000) == round(200 / 4095 * 255)


@pytest.mark.parametrize("order", ["<", ">"])
def test_white_is_zero_is_turned_round_in_16_bit(sandbox: Sandbox, order: str) -> None:
    values = RAMP.astype(np.uint16) * 257
    data = values.astype(f"{order}u2").tobytes()

    plain = decode(sandbox, tiff(data, 16, 1, order))
    white = decode(sandbox, tiff(data, 16, 0, order)) if order == "<" else None

    assert (plain.pixels == RAMP).all()
    if white is not None:
        assert (white.pixels == 255 - RAMP).all()
        assert "turned round" in " ".join(white.notes)
    else:
        with pytest.raises(InvalidInput, match=r"16 bits.*white is zero.*not read"):
            decode(sandbox, tiff(data, 16, 0, order))


def test_white_is_zero_is_turned_round_in_8_and_1_bit(sandbox: Sandbox) -> None:
    bits = np.packbits(RAMP > 100, axis=1).tobytes()

    assert (decode(sandbox, tiff(RAMP.tobytes(), 8, 0)).pixels == 255 - RAMP).all()
    assert (decode(sandbox, tiff(bits, 1, 0)).pixels == np.where(RAMP > 100, 0, 255)).all()
    assert (decode(sandbox, tiff(bits, 1, 1)).pixels == np.where(RAMP > 100, 255, 0)).all()


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits"])
@pytest.mark.parametrize("deep", [False, True])
def test_white_is_zero_is_turned_round_where_it_is_compressed(
    sandbox: Sandbox, compression: str, deep: bool
) -> None:
    values = RAMP.astype(np.uint16) * 257 if deep else RAMP
    data = encoded(Image.fromarray(values), "TIFF", compression=compression, tiffinfo={262: 0})

    # Pillow turns 8 bits round itself when it writes them so, and leaves 16 as they are.
    assert (decode(sandbox, data).pixels == (255 - RAMP if deep else RAMP)).all()


def packed_12_bits(values: np.ndarray) -> bytes:
    pairs = values.ravel().reshape(-1, 2)
    return b"".join(bytes([a >> 4, (a & 15) << 4 | b >> 8, b & 255]) for a, b in pairs.tolist())


def test_twelve_bits_are_taken_or_named(sandbox: Sandbox) -> None:
    values = np.linspace(0, 4095, 48).astype(int).reshape(6, 8)

    decoded = decode(sandbox, tiff(packed_12_bits(values), 12))

    assert decoded.maximum == 4095
    assert abs(decoded.pixels - values * 255 / 4095).max() <= 0.5
    with pytest.raises(InvalidInput, match="12 bits a pixel"):
        decode(sandbox, tiff(packed_12_bits(values), 12, order=">"))


def test_signed_values_are_never_read_as_unsigned(sandbox: Sandbox) -> None:
    plain, negative = np.full(48, 300, "<i2"), np.full(48, -5, "<i2")

    assert decode(sandbox, tiff(plain.tobytes(), 16, t339=2)).maximum == 1023
    with pytest.raises(InvalidInput, match="outside 0 to 65535"):
        decode(sandbox, tiff(negative.tobytes(), 16, t339=2))
    with pytest.raises(InvalidInput, match="signed pixels"):
        decode(sandbox, tiff(np.full(48, -5, np.int8).tobytes(), 8, t339=2))


def test_sixteen_bits_of_colour_are_said_or_refused_where_they_would_be_black(
    sandbox: Sandbox,
) -> None:
    bright = np.repeat((RAMP.astype(np.uint16) * 257)[..., None], 3, axis=2)

    decoded = decode(sandbox, png(bright, 2))

    assert (decoded.pixels == RAMP).all()
    assert "16 bits a channel" in " ".join(decoded.notes)
    with pytest.raises(InvalidInput, match="would become black"):
        decode(sandbox, png(bright // 16, 2))


# Transparency and colour


@pytest.mark.parametrize(("colour", "clear"), [(0, b"\x00\xff"), (2, b"\0\xff\0\xff\0\xff")])
def test_a_transparent_value_is_laid_on_black(sandbox: Sandbox, colour: int, clear: bytes) -> None:
    values = np.repeat(RAMP[..., None], 3 if colour else 1, axis=2)

    decoded = decode(sandbox, png(values, colour, chunk(b"tRNS", clear)))

    assert (decoded.pixels == np.where(RAMP == 255, 0, RAMP)).all()
    assert "partly transparent" in " ".join(decoded.notes)


def test_a_transparent_value_of_16_bits_is_laid_on_black(sandbox: Sandbox) -> None:
    values = (RAMP.astype(np.uint16) * 257)[..., None]

    decoded = decode(sandbox, png(values, 0, chunk(b"tRNS", b"\xff\xff")))

    assert (decoded.pixels == np.where(RAMP == 255, 0, RAMP)).all()
    assert "partly transparent" in " ".join(decoded.notes)


def test_grey_with_alpha_is_laid_on_black(sandbox: Sandbox) -> None:
    alpha = np.where(RAMP > 200, 0, 255).astype(np.uint8)

    decoded = decode(sandbox, png(np.dstack([RAMP, alpha]), 4))

    assert (decoded.pixels == np.where(RAMP > 200, 0, RAMP)).all()
    assert "partly transparent" in " ".join(decoded.notes)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_inks_become_grey_as_on_a_screen(sandbox: Sandbox, kind: str) -> None:
    bright = Image.new("CMYK", (32, 32), (0, 0, 0, 20))
    bright.paste((0, 0, 0, 240), (0, 0, 16, 32))

    decoded = decode(sandbox, encoded(bright, kind))

    assert decoded.pixels[16, 24] > 200 > 60 > decoded.pixels[16, 4]
    assert "CMYK" in " ".join(decoded.notes)


# Several pictures in one file


def test_the_main_picture_of_an_mpo_is_taken(sandbox: Sandbox) -> None:
    main, preview = noise(), noise(16, 12)
    data = encoded(main, "MPO", save_all=True, append_images=[preview], quality=95)

    decoded = decode(sandbox, data)

    assert (decoded.format, decoded.pixels.shape) == ("JPEG", (48, 64))
    assert "main one is taken" in decoded.notes[0]


def test_a_tiff_with_a_preview_is_one_picture_and_its_pages_are_several(sandbox: Sandbox) -> None:
    pages = [noise(), noise(16, 12)]
    data = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])

    with pytest.raises(InvalidInput, match="TIFF of 2 pages"):
        decode(sandbox, data)

    pages[1].encoderinfo = {"tiffinfo": {254: 1}}
    previewed = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    decoded = decode(sandbox, previewed)
    assert decoded.pixels.shape == (48, 64)
    assert "main one is taken" in decoded.notes[0]


# What is not whole


def without_end(data: bytes) -> bytes:
    return data[: data.index(b"IEND") - 4]


def flipped(data: bytes) -> bytes:
    broken = bytearray(data)
    broken[data.index(b"IDAT") + 40] ^= 0x55
    return bytes(broken)


def wrong_checksum(data: bytes) -> bytes:
    start = data.index(b"IDAT")
    (length,) = struct.unpack(">I", data[start - 4 : start])
    broken = bytearray(data)
    broken[start + 4 + length] ^= 1
    return bytes(broken)


NOT_WHOLE = {
    "PNG without end": (lambda: without_end(encoded(noise(), "PNG")), "its end is missing"),
    "PNG with a flipped byte": (lambda: flipped(encoded(noise(), "PNG")), "damaged PNG"),
    "PNG with a wrong checksum": (
        lambda: wrong_checksum(encoded(noise(), "PNG")),
        "checksum of its part IDAT is wrong",
    ),
    "JPEG without end": (lambda: encoded(noise(), "JPEG")[:-2], "damaged JPEG"),
    "half a JPEG": (lambda: encoded(noise(), "JPEG")[:1000], "damaged JPEG"),
    "half a progressive JPEG": (
        lambda: encoded(noise(200, 200), "JPEG", progressive=True)[:9000] + b"\xff\xff",
        "damaged JPEG",
    ),
    "half a BMP": (lambda: encoded(noise(), "BMP")[:2000], "damaged BMP"),
    "half a TIFF": (lambda: encoded(noise(), "TIFF")[:2000], "damaged TIFF"),
    "half a compressed TIFF": (
        lambda: encoded(noise(), "TIFF", compression="tiff_lzw")[:2000],
        "damaged TIFF",
    ),
}


@pytest.mark.parametrize(("make", "message"), NOT_WHOLE.values(), ids=NOT_WHOLE.keys())
def test_a_file_that_is_not_whole_is_refused(
    sandbox: Sandbox, make: Callable[[], bytes], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        decode(sandbox, make())


def test_a_jpeg_that_is_damaged_within_is_said(sandbox: Sandbox) -> None:
    data = bytearray(encoded(noise(200, 200), "JPEG"))
    middle = len(data) // 2
    data[middle : middle + 600] = bytes(600)

    assert "may be damaged" in " ".join(decode(sandbox, bytes(data)).notes)
    whole = [
        encoded(noise(), "JPEG", progressive=True),
        encoded(noise().convert("RGB"), "JPEG", quality=30),
        encoded(noise().convert("CMYK"), "JPEG"),
        encoded(noise(), "JPEG") + b"\0" * 50,
        encoded(noise(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"),
    ]
    assert not any("damaged" in " ".join(decode(sandbox, one).notes) for one in whole)


# What is none


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (bytes(128) + b"DICM" + bytes(40), "is DICOM"),
        (b"II+\0" + bytes(40), "BigTIFF"),
        (b"GIF89a" + bytes(40), "is GIF by its content"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "is WebP by its content"),
        (b"\0\0\0\x18ftypheic" + bytes(20), "is HEIC by its content"),
        (b"\0\0\0\x18ftypisom" + bytes(20), "is MP4 by its content"),
    ],
)
def test_what_is_no_picture_is_called_by_its_name(sandbox: Sandbox, data: bytes, name: str) -> None:
    with pytest.raises(InvalidInput, match=name):
        decode(sandbox, data)


@pytest.mark.parametrize(
    ("pixels", "fault"),
    [
        (np.zeros((48, 64), np.uint8), "is all black"),
        (np.full((48, 64), 90, np.uint8), "of one grey"),
        (np.arange(1, dtype=np.uint8).reshape(1, 1), "1x1 px"),
        (np.arange(40_000).reshape(2, 20_000).astype(np.uint8), "20000x2 px"),
        (np.arange(64 * 48).reshape(48, 64).astype(np.uint8), ""),
    ],
)
def test_what_can_be_no_scan(pixels: Grey, fault: str) -> None:
    found = fault_as_scan(pixels)

    assert fault in found if fault else found == ""
