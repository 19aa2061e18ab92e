"""Clips: what the container says of size, aspect and turn is honoured, and damage is said."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from core import untrusted
from core.sandbox import Sandbox
from domain.errors import InvalidInput
from domain.pixels import oriented

WIDTH, HEIGHT = 64, 48
# ISO 14496-12: a, b, u, c, d, v, x, y, w of the track header, by EXIF orientation.
MATRICES = {
    1: (1, 0, 0, 1),
    2: (-1, 0, 0, 1),
    3: (-1, 0, 0, -1),
    4: (1, 0, 0, -1),
    5: (0, 1, 1, 0),
    6: (0, 1, -1, 0),
    7: (0, -1, -1, 0),
    8: (0, -1, 1, 0),
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as shared:
        yield shared


def scene(number: int = 0) -> np.ndarray:
    """Four grey quarters, none like another, and a stripe that moves: (height, width)."""
    grey = np.kron(np.array([[30, 90], [150, 220]]), np.ones((HEIGHT // 2, WIDTH // 2)))
    grey[:, 2 * number : 2 * number + 4] = 255
    return grey.astype(np.uint8)


def write_clip(
    path: Path,
    codec: str = "mpeg4",
    *,
    aspect: Fraction | None = None,
    frames: int = 6,
    fast_start: bool = False,
) -> Path:
    options = {"movflags": "faststart"} if fast_start else {}
    with av.open(str(path), "w", options=options) as clip:
        stream = clip.add_stream(codec, rate=10)
        stream.width, stream.height = WIDTH, HEIGHT
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(np.dstack([scene(number)] * 3), format="rgb24")
            clip.mux(stream.encode(frame))
        clip.mux(stream.encode())
    return path


def turned(path: Path, a: float, b: float, c: float, d: float) -> Path:
    """The clip with another matrix in its track header."""
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 4 + 4 + 20 + 16
    values = [round(v * 65536) for v in (a, b)] + [0] + [round(v * 65536) for v in (c, d)]
    struct.pack_into(">9i", data, start, *values, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def write_jpegs(path: Path, sizes: list[tuple[int, int]]) -> Path:
    """An AVI of Motion JPEG whose frames have these sizes."""
    with av.open(str(path), "w") as clip:
        stream = clip.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = *sizes[0], "yuvj420p"
        for number, size in enumerate(sizes):
            buffer = io.BytesIO()
            Image.effect_noise(size, 60).convert("RGB").save(buffer, "JPEG")
            packet = av.Packet(buffer.getvalue())
            packet.stream, packet.pts, packet.dts = stream, number, number
            packet.time_base, packet.is_keyframe = Fraction(1, 10), True
            clip.mux(packet)
    return path


def read(sandbox: Sandbox, path: Path) -> list[untrusted.ClipFrame]:
    return list(untrusted.clip_frames(sandbox, path, 1))


@pytest.mark.parametrize("name", ["a.mp4", "a.avi"])
@pytest.mark.parametrize("aspect", ["16/15", "12/11", "8/9", "4/3", "59/54"])
def test_the_aspect_of_the_pixels_is_told(
    sandbox: Sandbox, tmp_path: Path, name: str, aspect: str
) -> None:
    found = read(sandbox, write_clip(tmp_path / name, aspect=Fraction(aspect)))

    assert [frame.aspect for frame in found] == pytest.approx([float(Fraction(aspect))] * 6)
    assert found[0].pixels.shape == (HEIGHT, WIDTH)


@pytest.mark.parametrize(("aspect", "told"), [("1/1", 1.0), ("1001/1000", 1.0), ("16/1", None)])
def test_an_aspect_of_rounding_is_square_and_an_absurd_one_is_none(
    sandbox: Sandbox, tmp_path: Path, aspect: str, told: float | None
) -> None:
    found = read(sandbox, write_clip(tmp_path / "a.mp4", aspect=Fraction(aspect)))

    assert {frame.aspect for frame in found} == {told}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_frames_come_upright(sandbox: Sandbox, tmp_path: Path, orientation: int) -> None:
    path = turned(write_clip(tmp_path / "a.mp4", aspect=Fraction(4, 3)), *MATRICES[orientation])

    found = read(sandbox, path)

    transposed = orientation >= 5
    expected = oriented(scene(), orientation).astype(int)
    assert found[0].pixels.shape == expected.shape
    assert abs(found[0].pixels - expected).mean() < 8
    assert found[0].aspect == pytest.approx(3 / 4 if transposed else 4 / 3)
    assert ("taken upright" in " ".join(found[-1].notes)) == (orientation != 1)


def test_a_turn_that_is_no_quarter_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    path = turned(write_clip(tmp_path / "a.mp4"), 0.8, 0.6, -0.6, 0.8)

    with pytest.raises(InvalidInput, match="no quarter turn"):
        read(sandbox, path)


@pytest.mark.parametrize("codec", ["mjpeg", "mpeg4"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_cut_avi_gives_the_frames_before_the_cut_and_says_so(
    sandbox: Sandbox, tmp_path: Path, codec: str, share: float
) -> None:
    path = write_clip(tmp_path / "a.avi", codec, frames=20)
    whole = read(sandbox, path)
    data = path.read_bytes()
    # The header of this writer fills the first kilobytes.
    start = data.index(b"movi")
    path.write_bytes(data[: start + int(share * (len(data) - start))])

    found = read(sandbox, path)

    # Of the last share of these files all frames are there, and the index is cut.
    assert 0 < len(found) <= 20
    assert any(word in found[-1].notes[-1] for word in ("cut off", "ends early", "end were"))
    assert f"first {len(found)} frames" in found[-1].notes[-1]
    for before, after in zip(whole, found, strict=False):
        assert (before.pixels == after.pixels).all()


def test_an_avi_that_was_never_finished_is_said(sandbox: Sandbox, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.avi", "mjpeg")
    data = bytearray(path.read_bytes())
    data[4:8] = bytes(4)
    path.write_bytes(data)

    assert "end were missing" in read(sandbox, path)[-1].notes[-1]


def test_a_cut_mp4_is_said_or_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    ending = write_clip(tmp_path / "ending.mp4")
    ending.write_bytes(ending.read_bytes()[:-200])
    with pytest.raises(InvalidInput, match="cut off"):
        read(sandbox, ending)

    path = write_clip(tmp_path / "a.mp4", frames=20, fast_start=True)
    data = path.read_bytes()
    start = data.index(b"mdat")
    path.write_bytes(data[: start + (len(data) - start) // 2])
    found = read(sandbox, path)
    assert 0 < len(found) < 20
    assert any(word in found[-1].notes[-1] for word in ("cut off", "ends early"))


def test_frames_that_change_size_refuse_the_clip(sandbox: Sandbox, tmp_path: Path) -> None:
    path = write_jpegs(tmp_path / "a.avi", [(64, 48), (64, 48), (48, 64)])

    with pytest.raises(InvalidInput, match=r"frame 2 has 48x64 px.*before it 64x48 px"):
        read(sandbox, path)


def test_a_frame_damaged_within_ends_the_clip_there(sandbox: Sandbox, tmp_path: Path) -> None:
    path = write_jpegs(tmp_path / "a.avi", [(64, 48)] * 6)
    data = bytearray(path.read_bytes())
    third = [i for i in range(len(data)) if data.startswith(b"\xff\xd8\xff", i)][3]
    scan = data.index(b"\xff\xda", third) + 14
    data[scan : scan + 900] = b"\xff\xfe" * 450
    path.write_bytes(data)

    found = read(sandbox, path)

    assert [frame.number for frame in found] == [0, 1, 2]
    assert "damaged or cut off after frame 2" in found[-1].notes[-1]


def test_a_whole_clip_has_nothing_to_be_said(sandbox: Sandbox, tmp_path: Path) -> None:
    for name, codec in (("a.avi", "mjpeg"), ("b.avi", "mpeg4"), ("c.mp4", "libx264")):
        assert read(sandbox, write_clip(tmp_path / name, codec))[-1].notes == ()
