"""Cases of files: formats, pixels, encodings, pairing and sweeps, imported as they lie there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from annotation.models import Annotation, Image, Study, Take
from annotation.selectors.images import pixels
from annotation.services.imports import running
from annotation.services.imports.report import ImportReport
from annotation.services.imports.request import ImportRequest
from core.models import User
from domain.errors import InvalidInput
from domain.pixels import Grey
from tests.shared import SHARED, needs_shared

pytestmark = [needs_shared, pytest.mark.django_db]


@pytest.fixture
def take_in(study: Study, admin: User) -> Callable[..., ImportReport]:
    """`take_in(case, **settings)`: a case imported as it lies there, into a site of its own."""

    def run(case: str, **settings: Any) -> ImportReport:
        source = SHARED / "cases" / case
        if not (source / "manifest.csv").exists():
            settings = {"site": "rf", "create_site": True, **settings}
        return running.import_files(
            ImportRequest(source=str(source), **settings), study.name, actor=admin
        )

    return run


def reasons(report: ImportReport, path: str) -> str:
    return "\n".join(report.files[path].reasons)


def taken(name: str) -> Grey:
    """The pixels that a file became."""
    return pixels(Image.objects.get(original_name=name))


def frames() -> list[int]:
    return list(Image.objects.order_by("frame").values_list("frame", flat=True))


# Clips


def test_avi_truncated(take_in: Callable[..., ImportReport]) -> None:
    report = take_in("avi-truncated", step=5)

    assert report.files["S1/clip.avi"].status == "warning"
    assert "damaged or cut off after frame 19" in reasons(report, "S1/clip.avi")
    assert frames() == [0, 5, 10, 15]


def test_clip_anamorphic(take_in: Callable[..., ImportReport]) -> None:
    report = take_in("clip-anamorphic", image_area="full")

    assert "1.067 times as wide as high" in reasons(report, "clip.mp4")
    for image in Image.objects.select_related("calibration"):
        assert image.calibration is not None
        assert image.pixel_aspect == pytest.approx(16 / 15)
        assert image.calibration.y_mm == pytest.approx(48 / 240)
        assert image.calibration.x_mm == pytest.approx(48 / 240 * 16 / 15)


def test_clip_rotated(take_in: Callable[..., ImportReport]) -> None:
    report = take_in("clip-rotated")

    assert "turned by 90 degrees; taken upright" in reasons(report, "S1/clip.mp4")
    for image in Image.objects.all():
        upright = pixels(image)
        # The marker, long along the top of the stored frame, hangs down at the right of it.
        assert upright.shape == (320, 240)
        assert upright[6:58, 229:235].mean() > 200 > upright[6:58, 5:11].mean()


# Pictures


def test_cmyk(take_in: Callable[..., ImportReport]) -> None:
    report = take_in("cmyk")

    assert "CMYK" in reasons(report, "S1/a.jpg")
    grey = taken("S1/a.jpg")
    assert grey[6:10, 6:58].mean() > 200
    assert grey.mean() < 100


def test_depth16_scale(take_in: Callable[..., ImportReport]) -> None:
    report = take_in("depth16-scale")

    tissue = {int(np.median(taken(f"S1/{name}.png"))) for name in "abc"}
    assert tissue == {round(200 / 4095 * 255)}
    assert set(Image.objects.values_list("grey_maximum", flat=True)) == {4095}
    assert "0 to 4095 became 0 to 255" in reasons(report, "S1/a.png")
    assert "no pixel brighter than 250 of 0 to 4095" in reasons(report, "S1/a.png")
    assert take_in("depth16-scale").count("unchanged") == 3


def test_mpo(take_in: Callable[..., ImportReport]) -> None:
    report = take_in("mpo")

    assert "main one is taken" in reasons(report, "S1/a.jpg")
    assert taken("S1/a.jpg").shape == (240, 320)
    assert report.files["S1/a.json"].status == "imported"


def test_png_palette_alpha(take_in: Callable[..., ImportReport]) -> None:
    report = take_in("png-palette-alpha")

    for name in ("S1/p.png", "S1/rgba.png"):
        assert "laid on black" in reasons(report, name)
        assert taken(name).min() == 0
    assert taken("S1/rgba.png")[0, 0] == taken("S1/rgba.png")[-1, -1] == 0


def test_tiff_kinds(take_in: Callable[..., ImportReport]) -> None:
    report = take_in("tiff-kinds")

    assert (taken("S1/big.tif") == taken("S1/signed.tif")).all()
    assert report.files["S1/float.tif"].refused
    assert "floating-point" in reasons(report, "S1/float.tif")


def test_tiff_pages(take_in: Callable[..., ImportReport]) -> None:
    report = take_in("tiff-pages")

    assert "TIFF of 4 pages" in reasons(report, "S1/a.tif")
    assert not Image.objects.exists()


def test_tiff_white_is_zero_16(take_in: Callable[..., ImportReport]) -> None:
    report = take_in("tiff-white-is-zero-16")

    assert "turned round" in reasons(report, "S1/b16.tif")
    for name in ("S1/a8.tif", "S1/b16.tif"):
        # The marker at the top left is bright, the tissue below it dark.
        assert taken(name)[5:9, 8:56].mean() > 240
        assert taken(name).mean() < 100


def test_jfif(take_in: Callable[..., ImportReport]) -> None:
    report = take_in("jfif")

    assert {entry.status for entry in report.files.values()} == {"imported"}
    assert Image.objects.get().annotations.count() == 1


# LabelMe files


def test_imagedata_data_uri(take_in: Callable[..., ImportReport]) -> None:
    report = take_in("imagedata-data-uri")

    assert not any(entry.refused for entry in report.files.values())
    for name in ("S1/uri.json", "S1/unpadded.json"):
        assert taken(name).shape == (240, 320)
        assert "embedded copy is taken" in reasons(report, name)
    assert Annotation.objects.count() == 2


def test_json_utf16(take_in: Callable[..., ImportReport]) -> None:
    report = take_in("json-utf16")

    assert "utf-16" in reasons(report, "S1/a.json")
    assert Annotation.objects.get().image.original_name == "S1/a.png"


def test_mask_extent_drift(take_in: Callable[..., ImportReport]) -> None:
    report = take_in("mask-extent-drift")

    assert report.files["S1/a.json"].refused
    assert "61x41 px, its box 65x44; draw it again" in reasons(report, "S1/a.json")


def test_mask_fractional(take_in: Callable[..., ImportReport]) -> None:
    report = take_in("mask-fractional")

    assert report.files["S1/a.json"].status == "imported"
    (region,) = Annotation.objects.get().revisions.get().regions
    xs, ys = zip(*region["parts"][0][0], strict=True)
    # The bitmap holds a rectangle from (5, 5) to (55, 35), and lies at (50, 50).
    assert (min(xs), min(ys)) == (55, 55)
    assert max(xs) - min(xs) > 40
    assert max(ys) - min(ys) > 25


def test_shapes_object(take_in: Callable[..., ImportReport]) -> None:
    report = take_in("shapes-object")

    assert "'shapes' is one object instead of a list" in reasons(report, "S1/a.json")
    assert not Annotation.objects.exists()


# Which outlines belong to which scan


def test_renumbered(take_in: Callable[..., ImportReport]) -> None:
    report = take_in("renumbered")

    for name in ("S1/2.json", "S1/3.json"):
        assert report.files[name].refused
        assert "both are there" in reasons(report, name)
    assert not Annotation.objects.exists()
    assert Image.objects.count() == 3


def test_labels_apart_same_names(take_in: Callable[..., ImportReport]) -> None:
    take_in("labels-apart-same-names")

    pairs = {
        row.image.original_name: row.revisions.get().source_files.get().name
        for row in Annotation.objects.all()
    }
    assert pairs == {
        "images/S1/a.png": "labels/S1/a.json",
        "images/S2/a.png": "labels/S2/a.json",
    }


def test_sweep_outlined_frames(take_in: Callable[..., ImportReport]) -> None:
    report = take_in("sweep-outlined-frames", sweeps=True)

    assert frames() == [1, 3, 6, 11, 12]
    outlined = Annotation.objects.order_by("image__frame")
    assert [row.image.frame for row in outlined] == [3, 6, 12]
    assert Take.objects.get().kind == Take.Kind.DYNAMIC
    assert not any(name.endswith(".json") for name in report.ignored)


# Manifests


def test_manifest_cp1252(take_in: Callable[..., ImportReport]) -> None:
    with pytest.raises(InvalidInput, match=r"not UTF-8.*'Müller'.*CSV UTF-8"):
        take_in("manifest-cp1252")

    take_in("manifest-cp1252", encoding="cp1252")
    assert Take.objects.get().operator == "Müller"


def test_manifest_date(take_in: Callable[..., ImportReport]) -> None:
    report = take_in("manifest-date")

    assert "line 2: visit is '03.02.2026'" in reasons(report, "a.png")
    assert "line 3: take is '1.0'" in reasons(report, "b.png")


def test_manifest_leading_zeros(take_in: Callable[..., ImportReport]) -> None:
    take_in("manifest-leading-zeros")

    codes = set(Image.objects.values_list("subject__code", flat=True))
    assert {"007", "7"} <= codes


def test_manifest_sep_line(take_in: Callable[..., ImportReport]) -> None:
    assert take_in("manifest-sep-line").files["a.png"].status == "imported"
    assert Image.objects.get().subject.code == "S1"


def test_manifest_utf16(take_in: Callable[..., ImportReport]) -> None:
    assert take_in("manifest-utf16").files["a.png"].status == "imported"
    assert Image.objects.get().subject.code == "S1"


def test_failed_import_leaves_study(db: None, admin: User) -> None:
    """failed-import-leaves-study: its README's folder is taken by now, this one is not."""
    request = ImportRequest(
        source=str(SHARED / "cases" / "tiff-pages"), site="rf", create_site=True
    )

    running.import_files(request, "typo", actor=admin)

    assert not Study.objects.filter(name="typo").exists()
