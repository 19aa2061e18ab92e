"""Cases of files: formats, pixels, encodings, pairing and sweeps, imported as they lie there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from annotation.models import Image, Study
from annotation.selectors.images import pixels
from annotation.services.imports import running
from annotation.services.imports.report import ImportReport
from annotation.services.imports.request import ImportRequest
from core.models import User
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
