"""Hostile and broken files: each is refused in words, and the sandbox goes on."""

from __future__ import annotations

import io
import os
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from core import untrusted
from core.decoding import archives
from core.sandbox import Sandbox
from domain.errors import InvalidInput
from domain.pixels import Grey, oriented
from tests.shared import SHARED, needs_shared

DECODERS = "tests.core.odd_decoders"
GREY = np.arange(48, dtype=np.uint8).reshape(6, 8)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as shared:
        yield shared


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, rows: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(rows))
        + png_chunk(b"IEND", b"")
    )


# Images


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_grey_pixels_come_back_as_they_are(sandbox: Sandbox, kind: str) -> None:
    decoded = untrusted.decode_image(sandbox, encoded(Image.fromarray(GREY), kind))

    assert decoded.format == kind
    assert decoded.notes == ()
    assert (decoded.pixels == GREY).all()


def test_a_jpeg_is_decoded(sandbox: Sandbox) -> None:
    decoded = untrusted.decode_image(sandbox, encoded(Image.new("L", (32, 16), 77), "JPEG"))

    assert decoded.format == "JPEG"
    assert (decoded.pixels == 77).all()


def test_equal_channels_keep_their_value_and_colour_is_said(sandbox: Sandbox) -> None:
    same = Image.merge("RGB", [Image.fromarray(GREY)] * 3)
    red = Image.new("RGB", (8, 6), (255, 0, 0))

    assert (untrusted.decode_image(sandbox, encoded(same)).pixels == GREY).all()
    assert untrusted.decode_image(sandbox, encoded(same)).notes == ()
    decoded = untrusted.decode_image(sandbox, encoded(red))
    assert (decoded.pixels == 76).all()
    assert decoded.notes == ("has coloured pixels; they became grey",)


def test_palette_transparency_and_one_bit(sandbox: Sandbox) -> None:
    clear = Image.new("RGBA", (8, 6), (200, 200, 200, 0))
    one_bit = Image.fromarray(GREY > 20)

    assert (untrusted.decode_image(sandbox, encoded(clear)).pixels == 0).all()
    assert (
        untrusted.decode_image(sandbox, encoded(one_bit)).pixels == (GREY > 20) * np.uint8(255)
    ).all()
    palette = Image.fromarray(GREY).convert("P")
    assert (untrusted.decode_image(sandbox, encoded(palette)).pixels == GREY).all()


@pytest.mark.parametrize(("highest", "nominal"), [(200, 255), (4000, 4095), (65535, 65535)])
def test_sixteen_bits_are_scaled_from_their_nominal_depth(
    sandbox: Sandbox, highest: int, nominal: int
) -> None:
    values = np.linspace(0, highest, 48).astype(np.uint16).reshape(6, 8)

    decoded = untrusted.decode_image(sandbox, encoded(Image.fromarray(values)))

    assert (decoded.pixels == np.floor(values * 255.0 / nominal + 0.5)).all()
    assert f"0 to {nominal} became 0 to 255" in decoded.notes[0]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_told_and_undone(sandbox: Sandbox, orientation: int) -> None:
    stored = Image.fromarray(np.kron(GREY, np.ones((8, 8), np.uint8)))
    exif = stored.getexif()
    exif[0x0112] = orientation

    decoded = untrusted.decode_image(sandbox, encoded(stored, "PNG", exif=exif))

    assert decoded.orientation == orientation
    upright = oriented(decoded.pixels, orientation)
    assert upright.shape == ((48, 64) if orientation < 5 else (64, 48))
    assert upright.min() == 0
    assert (oriented(oriented(GREY, 6), 8) == GREY).all()


def animated() -> bytes:
    frames = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
    return encoded(frames[0], "PNG", save_all=True, append_images=frames[1:])


def two_pages() -> bytes:
    return encoded(
        Image.fromarray(GREY), "TIFF", save_all=True, append_images=[Image.new("L", (8, 6))]
    )


REFUSED = {
    "nothing": (lambda: b"", "no PNG, JPEG, BMP or TIFF"),
    "text": (lambda: b"<html>", "no PNG, JPEG, BMP or TIFF"),
    "gif": (lambda: encoded(Image.fromarray(GREY), "GIF"), "no PNG, JPEG, BMP or TIFF"),
    "webp": (lambda: encoded(Image.fromarray(GREY), "WEBP"), "no PNG, JPEG, BMP or TIFF"),
    "truncated PNG": (lambda: encoded(Image.fromarray(GREY))[:-30], "damaged PNG"),
    "truncated JPEG": (lambda: encoded(Image.new("L", (64, 64)), "JPEG")[:-200], "damaged JPEG"),
    "signature only": (lambda: b"\x89PNG\r\n\x1a\n", "damaged PNG"),
    "claims more pixels than it has": (lambda: png(2000, 2000, b"\0" * 2001), "damaged PNG"),
    "claims gigapixels": (lambda: png(60000, 60000, b"\0" * 100), "million"),
    "pixel bomb": (lambda: png(5001, 5000, b"\0" * (5002 * 5000)), "25 million"),
    "animated": (animated, "more than one picture"),
    "two pages": (two_pages, "more than one picture"),
    "floating point": (
        lambda: encoded(Image.fromarray(GREY.astype(np.float32)), "TIFF"),
        "floating-point",
    ),
    "a BMP header and nothing": (lambda: b"BM" + b"\0" * 12 + b"\x28" + b"\0" * 60, "damaged BMP"),
}


@pytest.mark.parametrize(("make", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses_the_image(sandbox: Sandbox, make: Callable[[], bytes], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        untrusted.decode_image(sandbox, make())
    assert (untrusted.decode_image(sandbox, encoded(Image.fromarray(GREY))).pixels == GREY).all()


def test_a_black_png_is_complete(sandbox: Sandbox) -> None:
    black = np.zeros((6, 9), np.uint8)

    for mode in ("L", "1", "RGB", "P"):
        picture = Image.fromarray(black).convert(mode)
        assert (untrusted.decode_image(sandbox, encoded(picture)).pixels == 0).all()


def test_what_follows_the_picture_is_not_looked_at(sandbox: Sandbox) -> None:
    data = encoded(Image.fromarray(GREY)) + b"<script>alert(1)</script>"

    assert (untrusted.decode_image(sandbox, data).pixels == GREY).all()


def test_a_mask_is_a_grey_png(sandbox: Sandbox) -> None:
    bitmap = np.array([[0, 1, 255], [0, 0, 7]], np.uint8)

    assert (untrusted.decode_mask(sandbox, encoded(Image.fromarray(bitmap))) == (bitmap > 0)).all()
    for wrong in (
        b"AAAA",
        encoded(Image.new("RGB", (3, 2))),
        encoded(Image.new("L", (3, 2)), "BMP"),
    ):
        with pytest.raises(InvalidInput, match="bitmap"):
            untrusted.decode_mask(sandbox, wrong)


# Limits of the process


def test_a_decoder_that_hangs_is_ended_and_the_next_file_goes_on() -> None:
    with Sandbox(seconds=1, wall=60) as busy:
        with pytest.raises(InvalidInput, match="longer than 1 s"):
            busy.call(f"{DECODERS}.spin")
        assert busy.call(f"{DECODERS}.echo", b"abc").payload == b"abc"


def test_a_decoder_that_sleeps_is_ended() -> None:
    with Sandbox(wall=2) as impatient, pytest.raises(InvalidInput, match="takes longer"):
        impatient.call(f"{DECODERS}.sleep")


def test_a_decoder_that_dies_is_a_refusal(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidInput, match="cannot be decoded"):
        sandbox.call(f"{DECODERS}.die")
    assert sandbox.call(f"{DECODERS}.echo", b"abc").payload == b"abc"


def test_a_decoder_gets_no_more_memory_than_allowed() -> None:
    with Sandbox(memory=1024**3) as narrow, pytest.raises(InvalidInput, match="memory"):
        narrow.call(f"{DECODERS}.allocate", size=2 * 1024**3)


def test_a_decoder_sees_no_environment_and_its_prints_go_nowhere(sandbox: Sandbox) -> None:
    os.environ["MYOTRACE_PLANTED"] = "secret"

    reply = sandbox.call(f"{DECODERS}.environment")

    assert "MYOTRACE_PLANTED" not in reply.result["names"]
    assert sandbox.call(f"{DECODERS}.chatter").payload == b"quiet"


def test_an_unexpected_error_is_a_refusal_that_names_it(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidInput, match="cannot be decoded \\(ZeroDivisionError\\)"):
        sandbox.call(f"{DECODERS}.fail")


def test_one_child_serves_many_files(sandbox: Sandbox) -> None:
    first = sandbox.call(f"{DECODERS}.environment").result["pid"]

    assert sandbox.call(f"{DECODERS}.environment").result["pid"] == first
    assert first != os.getpid()


# Clips


def write_clip(path: Path, codec: str, frames: int = 6, rate: int = 10) -> list[Grey]:
    pictures = [np.full((48, 64), 20 + 30 * number, np.uint8) for number in range(frames)]
    with av.open(str(path), "w") as clip:
        stream = clip.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = (
            64,
            48,
            "yuvj420p" if codec == "mjpeg" else "yuv420p",
        )
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(np.dstack([picture] * 3), format="rgb24")
            clip.mux(stream.encode(frame))
        clip.mux(stream.encode())
    return pictures


@pytest.mark.parametrize(("name", "codec"), [("a.avi", "mjpeg"), ("a.mp4", "mpeg4")])
def test_every_third_frame_of_a_clip(
    sandbox: Sandbox, tmp_path: Path, name: str, codec: str
) -> None:
    pictures = write_clip(tmp_path / name, codec)

    found = list(untrusted.clip_frames(sandbox, tmp_path / name, 3))

    assert [frame.number for frame in found] == [0, 3]
    for frame in found:
        assert frame.pixels.shape == (48, 64)
        assert abs(frame.pixels.astype(int) - pictures[frame.number]).max() <= 6


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(encoded(Image.fromarray(GREY)), id="a PNG"),
        pytest.param(encoded(Image.fromarray(GREY), "GIF"), id="a GIF"),
        pytest.param(b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", id="a playlist"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"\0\0\0\x18ftypisom" + b"\0" * 400, id="an empty MP4"),
        pytest.param(b"RIFF\x20\0\0\0AVI LIST" + b"\0" * 400, id="an empty AVI"),
    ],
)
def test_what_is_no_clip_is_refused(sandbox: Sandbox, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(data)

    with pytest.raises(InvalidInput, match=r"clip|MP4"):
        list(untrusted.clip_frames(sandbox, tmp_path / "a.mp4", 1))


def test_a_clip_left_half_read_does_not_spoil_the_next_call(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    write_clip(tmp_path / "a.avi", "mjpeg")

    next(untrusted.clip_frames(sandbox, tmp_path / "a.avi", 1))

    assert (untrusted.decode_image(sandbox, encoded(Image.fromarray(GREY))).pixels == GREY).all()


@needs_shared
def test_a_real_clip(sandbox: Sandbox) -> None:
    clip = SHARED / "data" / "us_video" / "clarius-ocular-short.mp4"

    found = list(untrusted.clip_frames(sandbox, clip, 20))

    assert [frame.number for frame in found] == [0, 20, 40]
    assert all(frame.pixels.shape == (960, 1280) for frame in found)
    assert {(frame.aspect, frame.notes) for frame in found} == {(1.0, ())}


# Archives


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def test_unpacks_plain_files_under_numbers(sandbox: Sandbox, tmp_path: Path) -> None:
    archive = zipped(
        tmp_path / "a.zip",
        {
            "s1/a.png": b"one",
            "s1/": b"",
            "__MACOSX/._a.png": b"junk",
            "s1/.DS_Store": b"junk",
            "b\\c.json": b"two",
        },
    )
    (tmp_path / "out").mkdir()

    found = untrusted.unpack(sandbox, archive, tmp_path / "out")

    assert {file.name: file.path.read_bytes() for file in found} == {
        "s1/a.png": b"one",
        "b/c.json": b"two",
    }
    assert all(file.path.parent == tmp_path / "out" for file in found)


def symlinked(path: Path) -> Path:
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    return path


def encrypted(path: Path) -> Path:
    zipped(path, {"a.png": b"one"})
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    return path


def overlapping(path: Path) -> Path:
    """Two directory entries that share one file's bytes, as David Fifield's bomb does."""
    zipped(path, {"a": b"x" * 1000, "b": b"x" * 1000})
    with zipfile.ZipFile(path) as archive:
        second = archive.infolist()[1].header_offset
        start = archive.start_dir
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02", start) + 4)
    data[entry + 42 : entry + 46] = struct.pack("<I", second - 5)
    path.write_bytes(data)
    return path


def lies_about_its_size(path: Path) -> Path:
    zipped(path, {"a": b"x" * 5000})
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = struct.pack("<I", 10)
    path.write_bytes(data)
    return path


ARCHIVES = {
    "no zip": (lambda path: path.write_bytes(b"PK nothing") and path, "damaged zip"),
    "parent": (lambda path: zipped(path, {"../a": b""}), "leads outside"),
    "deep parent": (lambda path: zipped(path, {"a/../../b": b""}), "leads outside"),
    "backslash parent": (lambda path: zipped(path, {"..\\a": b""}), "leads outside"),
    "absolute": (lambda path: zipped(path, {"/etc/passwd": b""}), "leads outside"),
    "drive": (lambda path: zipped(path, {"C:\\a": b""}), "leads outside"),
    "line break": (lambda path: zipped(path, {"a\nb": b""}), "leads outside"),
    "twice": (lambda path: zipped(path, {"a.png": b"", "A.png": b""}), "twice"),
    "link": (symlinked, "link or device"),
    "encrypted": (encrypted, "encrypted"),
    "overlapping": (overlapping, "overlap"),
    "bomb": (lambda path: zipped(path, {"a": b"\0" * (70 * 1024**2)}), "would unpack to 70 MiB"),
    "many entries": (
        lambda path: zipped(path, {str(n): b"" for n in range(archives.ENTRY_LIMIT + 1)}),
        "20001 entries",
    ),
    "lie": (lies_about_its_size, "damaged|larger than it says"),
    "half of it": (
        lambda path: (
            path.write_bytes(zipped(path, {"a": os.urandom(999)}).read_bytes()[:500]) and path
        ),
        "damaged zip",
    ),
}


@pytest.mark.parametrize(("make", "message"), ARCHIVES.values(), ids=ARCHIVES.keys())
def test_an_archive_that_plays_tricks_is_refused(
    sandbox: Sandbox, tmp_path: Path, make: Callable[[Path], Path], message: str
) -> None:
    (tmp_path / "out").mkdir()

    with pytest.raises(InvalidInput, match=message):
        untrusted.unpack(sandbox, make(tmp_path / "a.zip"), tmp_path / "out")
    assert [path for path in tmp_path.iterdir() if path.name not in ("out", "a.zip")] == []
