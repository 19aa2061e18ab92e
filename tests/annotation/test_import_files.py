"""Files as labs really have them: encodings, tables, folders, sweeps, odd pictures."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Picture

from annotation.models import Annotation, Image, Site, Study, Take
from annotation.selectors.images import pixels
from annotation.services.imports import running
from annotation.services.imports.manifest import read_manifest
from annotation.services.imports.pairing import ImageIndex
from annotation.services.imports.report import ImportReport
from annotation.services.imports.request import ImportRequest
from annotation.services.imports.sweeps import numbers_in
from core.models import User
from domain import labelme as labelme_files
from domain.errors import InvalidInput
from tests.annotation.folders import archive, folder, grey, labelme, picture


@pytest.fixture
def take_in(study: Study, site: Site, admin: User) -> Callable[..., ImportReport]:
    """`take_in(source, **settings)`: an import into the study, by default into its one site."""

    def run(source: Path, **settings: Any) -> ImportReport:
        if not settings.pop("by_manifest", False):
            settings.setdefault("site", site.slug)
        return running.import_files(
            ImportRequest(source=str(source), **settings), study.name, actor=admin
        )

    return run


def reasons(report: ImportReport, path: str) -> str:
    return "\n".join(report.files[path].reasons)


def deep(brightest: int, kind: str = "PNG") -> bytes:
    """A 16-bit picture of tissue at 200 with one brighter row."""
    values = np.full((48, 64), 200, np.uint16)
    values[0] = brightest
    buffer = io.BytesIO()
    Picture.fromarray(values).save(buffer, kind)
    return buffer.getvalue()


# Manifests as spreadsheets write them


TABLE = "image{0}subject{0}site{0}depth_mm{0}operator\r\na.png{0}007{0}rf{0}{1}{0}Jörg Öz\r\n"


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_table_of_any_delimiter_and_encoding_is_read(delimiter: str, encoding: str) -> None:
    (row,) = read_manifest(TABLE.format(delimiter, "40,5").encode(encoding)).rows

    assert row.fields["subject"] == "007"
    assert row.fields["depth_mm"] == "40.5"
    assert row.fields["operator"] == "Jörg Öz"


@pytest.mark.parametrize("first", ["sep=;\r\n", '"sep=;"\r\n', "SEP=;\n", "sep=;;;;\r\n"])
def test_the_line_that_names_the_separator_is_no_header(first: str) -> None:
    (row,) = read_manifest((first + TABLE.format(";", "40")).encode("utf-8-sig")).rows

    assert (row.line, row.image) == (3, "a.png")


@pytest.mark.parametrize("encoding", ["cp1252", "cp932", "gbk"])
def test_a_named_encoding_is_read(encoding: str) -> None:
    name = {"cp1252": "Müller", "cp932": "山田ソ", "gbk": "张伟"}[encoding]
    text = f"image,subject,site,operator\na.png,S1,rf,{name}\n"

    (row,) = read_manifest(text.encode(encoding), encoding).rows

    assert row.fields["operator"] == name


def test_what_may_be_a_thousand_or_a_fraction_is_asked() -> None:
    text = 'image,subject,site,depth_mm\na.png,S1,rf,"40,125"\nb.png,S1,rf,"0,125"\n'

    first, second = read_manifest(text.encode()).rows

    assert "may be a thousand or a fraction" in first.problem
    assert second.fields["depth_mm"] == "0.125"


def test_a_line_break_in_quotes_is_part_of_its_field() -> None:
    text = 'image;subject;site;operator\r\na.png;S1;rf;"Kim\r\nLee"\r\nb.png;S2;rf;Bo\r\n'

    rows = read_manifest(text.encode()).rows

    assert [row.fields["subject"] for row in rows] == ["S1", "S2"]
    assert rows[1].line == 4


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("written", ["a.png", "study/a.png"])
def test_a_folder_around_the_manifest_is_understood(
    tmp_path: Path, take_in: Callable[..., ImportReport], packed: bool, written: str
) -> None:
    contents = {
        "study/a.png": picture(1),
        "study/Manifest.CSV": f"image,subject,site\n{written},P7,rf\n".encode(),
    }
    make = archive if packed else folder
    source = make(tmp_path / "all.zip", contents)

    take_in(source, by_manifest=True)

    assert Image.objects.get().subject.code == "P7"


def test_several_manifests_are_asked_about(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    rows = b"image,subject,site\na.png,P7,rf\n"
    source = folder(tmp_path, {"x/manifest.csv": rows, "y/manifest.csv": rows, "x/a.png": b""})

    with pytest.raises(InvalidInput, match="several manifests"):
        take_in(source, by_manifest=True)


def test_outlines_that_no_line_of_a_manifest_takes_are_named(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    source = folder(
        tmp_path,
        {
            "a.png": picture(1),
            "b.png": picture(2),
            "b.json": labelme("b.png"),
            "manifest.csv": b"image,subject,site\na.png,P7,rf\n",
        },
    )

    report = take_in(source, by_manifest=True)

    assert report.files["b.json"].refused
    assert "of no image in the manifest" in reasons(report, "b.json")


# LabelMe files


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32"])
def test_json_of_any_unicode_encoding_is_read_and_said(encoding: str) -> None:
    document = labelme_files.parse(labelme("ü.png").decode().encode(encoding))

    assert document.image_path == "ü.png"
    assert document.warnings


def test_a_cut_utf_16_file_is_refused_in_words() -> None:
    with pytest.raises(InvalidInput, match="utf-16"):
        labelme_files.parse(labelme("a.png").decode().encode("utf-16")[:-1])


SPELLINGS: dict[str, Callable[[bytes], str]] = {
    "data address": lambda data: "data:image/png;base64," + base64.b64encode(data).decode(),
    "with parameters": lambda data: (
        "data:image/png;charset=utf-8;base64," + base64.b64encode(data).decode()
    ),
    "unpadded": lambda data: base64.b64encode(data).decode().rstrip("="),
    "of addresses": lambda data: base64.urlsafe_b64encode(data).decode().rstrip("="),
    "over lines": lambda data: base64.encodebytes(data).decode(),
    "blanks around": lambda data: f"  {base64.b64encode(data).decode()}\t",
}


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS.keys())
@pytest.mark.parametrize("extra", [b"", b"1", b"22"])
def test_an_embedded_image_is_read_however_it_is_spelled(
    tmp_path: Path,
    take_in: Callable[..., ImportReport],
    spell: Callable[[bytes], str],
    extra: bytes,
) -> None:
    text = spell(picture(1) + extra)
    take_in(folder(tmp_path, {"a.json": labelme("a.png", imageData=text)}))

    assert (pixels(Image.objects.get()) == grey(1)).all()


# Which outlines belong to which scan


@pytest.mark.parametrize(
    ("images", "outlines", "image_path", "found"),
    [
        ("S1/1.png S1/2.png", "S1/2.json", "1.png", ""),
        ("S1/1.png S1/2.png", "S1/2.json", "..\\S1\\1.png", ""),
        ("S1/1.png S1/2.png", "S1/2.json", "C:\\old\\1.png", ""),
        ("S1/1.png S1/2.jpg", "S1/2.json", "1%2Epng", ""),
        ("images/S1/1.png images/S1/2.png", "labels/S1/2.json", "1.png", ""),
        ("images/S1/1.png images/S1/2.png", "labels/S1/2.json", "../../images/S1/1.png", ""),
        ("S1/a.png S1/a.bmp", "S1/a.json", "a.png", "S1/a.png"),
        ("S1/a.png", "S1/other.json", "a.png", "S1/a.png"),
        ("S1/a b.png", "S1/a b.json", "a%20b.png", "S1/a b.png"),
        ("images/S1/a.png images/S2/a.png", "labels/S2/a.json", "a.png", "images/S2/a.png"),
        ("S1/images/a.png S2/images/a.png", "S2/labels/a.json", "a.png", "S2/images/a.png"),
        ("S1/a.png S2/a.png", "S2/json/a.json", "a.png", "S2/a.png"),
        ("S1/a.png S2/a.png", "labels/a.json", "D:\\data\\S2\\a.png", "S2/a.png"),
        ("images/S1/a.png", "labels/S2/a.json", "a.png", ""),
        ("S1/a.png S2/b.png", "S2/a.json", "a.png", ""),
        ("img/a.png", "json/a.json", "a.png", "img/a.png"),
        ("img/S1/a.png", "json/a.json", "a.png", "img/S1/a.png"),
    ],
)
def test_outlines_are_paired_with_their_own_scan_or_with_none(
    images: str, outlines: str, image_path: str, found: str
) -> None:
    # "S1/a b.png" is one name.
    names = [images] if " b" in images else images.split()

    pair = ImageIndex(names, [outlines]).pair(outlines, image_path)

    assert (pair.image or "") == found
    assert bool(pair.problem) == (not found)


# Sweeps


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        ("img_001 img_002 img_005", [1, 2, 5]),
        ("frame0001 frame0010 frame0100", [1, 10, 100]),
        ("1 2 10", [1, 2, 10]),
        ("S12_3_f007 S12_3_f009", [7, 9]),
        ("f3_depth40 f4_depth40", [3, 4]),
        ("a b c", None),
        ("f1 f1b f1c", None),
        ("20260302101530 20260302101531", None),
        ("frame0001 img_2 7", [1, 2, 7]),
        ("only_5", [5]),
    ],
)
def test_frame_numbers_are_those_of_the_names(names: str, numbers: list[int] | None) -> None:
    files = [f"S1/sweep/{name}.png" for name in names.split()]

    found = numbers_in(files)

    assert (found and list(found.values())) == numbers


def test_an_outlined_frame_is_taken_whatever_the_step_and_embedded_ones_are_frames(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    embedded = base64.b64encode(picture(99)).decode()
    frames = {f"S1/sweep/f{number:03}.png": picture(number) for number in (10, 11, 13, 14, 20, 30)}
    source = folder(
        tmp_path,
        frames
        | {
            "S1/sweep/f013.json": labelme("f013.png"),
            "S1/sweep/f014.json": labelme("f014.png", shapes=[]),
            "S1/sweep/f017.json": labelme("f017.png", imageData=embedded),
        },
    )

    report = take_in(source, sweeps=True, step=10)

    taken = Image.objects.order_by("frame").values_list("frame", flat=True)
    assert list(taken) == [10, 13, 14, 17, 20, 30]
    assert set(Annotation.objects.values_list("image__frame", flat=True)) == {13, 17}
    assert Take.objects.count() == 1
    assert report.ignored == ["S1/sweep/f011.png"]


def test_frames_without_numbers_are_counted_and_that_is_said(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    names = ("a", "b", "c")
    source = folder(tmp_path, {f"S1/sweep/{n}.png": picture(i) for i, n in enumerate(names, 5)})

    report = take_in(source, sweeps=True, step=2)

    assert list(Image.objects.order_by("frame").values_list("frame", flat=True)) == [0, 2]
    assert any("no frame numbers" in note for note in report.notes)


# Pictures


def test_one_scale_for_a_device_over_imports(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    first = folder(tmp_path / "1", {"S1/a.png": deep(4000)})
    second = folder(tmp_path / "2", {"S2/b.png": deep(250), "S3/c.tif": deep(900, "TIFF")})
    third = folder(tmp_path / "3", {"S4/d.png": deep(60_000)})

    take_in(first)
    take_in(second)
    report = take_in(third)

    tissue = {image.subject.code: int(pixels(image)[9, 9]) for image in Image.objects.all()}
    assert tissue["S1"] == tissue["S2"] == tissue["S3"] == 12
    assert any("0 to 4095" in note and "0 to 65535" in note for note in report.notes)
    assert take_in(first).count("unchanged") == take_in(third).count("unchanged") == 1


def test_each_device_has_its_own_scale(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    rows = b"image,subject,site,device\na.png,S1,rf,A\nb.png,S2,rf,B\nc.png,S3,rf,a\n"
    source = folder(
        tmp_path,
        {"a.png": deep(900), "b.png": deep(60_000), "c.png": deep(400), "manifest.csv": rows},
    )

    take_in(source, by_manifest=True)

    maxima = dict(Image.objects.values_list("subject__code", "grey_maximum"))
    assert maxima == {"S1": 1023, "S2": 65535, "S3": 1023}


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.dcm", bytes(128) + b"DICM" + bytes(99), "is DICOM"),
        ("IM0001", bytes(128) + b"DICM" + bytes(99), "is DICOM"),
        ("raw.dcm", b"\x08\x00\x05\x00" + bytes(300), "is DICOM"),
        ("a.png", bytes(128) + b"DICM" + bytes(99), "is DICOM"),
        ("a.gif", b"GIF89a" + bytes(50), "GIF by its content"),
        ("clip.mkv", b"\x1aE\xdf\xa3" + bytes(50), "no MP4 or AVI"),
    ],
)
def test_what_is_not_taken_is_named_by_what_it_is(
    tmp_path: Path, take_in: Callable[..., ImportReport], name: str, data: bytes, message: str
) -> None:
    report = take_in(folder(tmp_path, {name: data, "b.png": picture(2)}))

    assert report.files[name].refused
    assert message in reasons(report, name)


@pytest.mark.parametrize("name", ["scan", "scan.dat", "scan.jfif", "scan.jpe"])
def test_a_picture_is_taken_by_its_content(
    tmp_path: Path, take_in: Callable[..., ImportReport], name: str
) -> None:
    source = folder(tmp_path, {name: picture(1, "JPEG"), "scan.json": labelme(name)})

    report = take_in(source)

    assert Annotation.objects.get().image.original_name == name
    said = "is a JPEG image by its content" in reasons(report, name)
    assert said == (name in ("scan", "scan.dat"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((48, 64), np.uint8), "is all black"),
        (np.full((48, 64), 128, np.uint8), "is all of one grey"),
        (np.array([[7]], np.uint8), "has 1x1 px"),
        (np.arange(40_000).astype(np.uint8).reshape(2, 20_000), "has 20000x2 px"),
    ],
)
def test_what_is_no_scan_is_refused_with_its_outlines(
    tmp_path: Path, take_in: Callable[..., ImportReport], values: np.ndarray, message: str
) -> None:
    buffer = io.BytesIO()
    Picture.fromarray(values).save(buffer, "PNG")
    size = {"imageHeight": values.shape[0], "imageWidth": values.shape[1]}
    source = folder(tmp_path, {"a.png": buffer.getvalue(), "a.json": labelme("a.png", **size)})

    report = take_in(source)

    assert message in reasons(report, "a.png")
    assert "its image a.png was refused" in reasons(report, "a.json")
    assert not Image.objects.exists()


def test_a_crop_that_keeps_nothing_is_refused(
    tmp_path: Path, take_in: Callable[..., ImportReport]
) -> None:
    report = take_in(folder(tmp_path, {"a.png": picture(1)}), masks=("0,0,64,48",))

    assert "is all black" in reasons(report, "a.png")
