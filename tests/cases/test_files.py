"""Cases of files: formats, pixels, encodings, pairing and sweeps, imported as they lie there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
