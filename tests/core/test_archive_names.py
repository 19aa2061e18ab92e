"""Names of zip archives that do not say their encoding."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from core.decoding.archives import unpack
from core.decoding.names import decoded_names
from domain.errors import InvalidInput

PACKED = {
    "gbk": ["受试者甲/股直肌1.png"],
    "cp932": ["被験者一/大腿直筋1.png", "ヤマダ/カ.png"],
    "cp949": ["피험자1/대퇴직근.png"],
    "big5": ["受試者甲/股直肌.png"],
    "cp437": ["Müller/é.png"],
    "cp1252": ["José/Größe.png"],
    "utf-8": ["Müller/被験者.png"],
}


@pytest.mark.parametrize("encoding", PACKED)
def test_names_are_read_by_the_likeliest_encoding(encoding: str) -> None:
    names = PACKED[encoding]
    assert decoded_names([name.encode(encoding) for name in names]) == (encoding, names)


def test_a_given_encoding_counts_unless_the_names_are_utf_8() -> None:
    assert decoded_names(["é.png".encode("cp850")], "cp850") == ("cp850", ["é.png"])
    assert decoded_names(["é.png".encode()], "cp850") == ("utf-8", ["é.png"])
    with pytest.raises(InvalidInput, match="not in shift_jis"):
        decoded_names([b"\xff\xff.png"], "shift_jis")


@pytest.mark.parametrize(("written", "found"), [(b"a.png", "Müller.png"), (b"old.png", "a.png")])
def test_a_name_of_its_own_field_counts_while_it_belongs_to_the_header(
    tmp_path: Path, written: bytes, found: str
) -> None:
    path, out = tmp_path / "a.zip", tmp_path / "out"
    out.mkdir()
    said = b"\x01" + struct.pack("<I", zlib.crc32(written)) + "Müller.png".encode()
    info = zipfile.ZipInfo("a.png")
    info.extra = struct.pack("<HH", 0x7075, len(said)) + said
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, b"x")

    (one,) = [result for result, _ in unpack(b"", path=str(path), folder=str(out))]

    assert one["name"] == found


@pytest.mark.parametrize("encoding", PACKED)
def test_an_archive_without_the_flag_is_unpacked_with_readable_names(
    tmp_path: Path, encoding: str
) -> None:
    path, out = tmp_path / "a.zip", tmp_path / "out"
    out.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        for name in PACKED[encoding]:
            info = zipfile.ZipInfo()
            info.filename = name.encode(encoding).decode("cp437")
            archive.writestr(info, b"x")
    data = path.read_bytes()
    for name in PACKED[encoding]:
        packed = name.encode(encoding)
        as_utf_8 = packed.decode("cp437").encode()
        data = data.replace(as_utf_8, packed + b"_" * (len(as_utf_8) - len(packed)))
    flagged = bytearray(data)
    _clear_flags(flagged)
    path.write_bytes(flagged)

    found = [result for result, _ in unpack(b"", path=str(path), folder=str(out))]

    assert [one["name"].rstrip("_") for one in found] == PACKED[encoding]
    assert {one["encoding"] for one in found} == {encoding}


def _clear_flags(data: bytearray) -> None:
    """Take the UTF-8 flag from each local and central header."""
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at >= 0:
            data[at + offset + 1] &= 0xF7
            at = data.find(mark, at + 4)
