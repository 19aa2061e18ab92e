"""Pixels that are not square: the scale follows what the file says, axis by axis, or says why."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from annotation.forms.image import Calibrate
from annotation.models import Image, Study
from annotation.services.imports import running
from annotation.services.imports.report import ImportReport
from annotation.services.imports.request import ImportRequest
from core.models import User
from tests.core.test_clips import MATRICES, turned, write_clip


@pytest.fixture
def take_in(tmp_path: Path, study: Study, admin: User) -> Callable[..., ImportReport]:
    """`take_in(aspect, fields, orientation)`: a clip with a manifest of these further columns."""

    def run(aspect: str, orientation: int = 1, **fields: str) -> ImportReport:
        turned(write_clip(tmp_path / "a.mp4", aspect=Fraction(aspect)), *MATRICES[orientation])
        header = ",".join(["image,subject,site", *fields])
        row = ",".join(["a.mp4,S1,rf", *fields.values()])
        (tmp_path / "manifest.csv").write_text(f"{header}\n{row}\n")
        return running.import_files(ImportRequest(source=str(tmp_path)), study.name, actor=admin)

    return run


def calibration() -> tuple[float, float] | None:
    image = Image.objects.select_related("calibration").first()
    assert image is not None
    return image.calibration and (image.calibration.x_mm, image.calibration.y_mm)


@pytest.mark.parametrize(("aspect", "orientation"), [("12/11", 1), ("8/9", 3), ("16/15", 6)])
def test_a_depth_gives_the_scale_of_each_axis(
    take_in: Callable[..., ImportReport], aspect: str, orientation: int
) -> None:
    report = take_in(aspect, orientation, depth_mm="48", image_area="full")

    height = 64 if orientation == 6 else 48
    ratio = 1 / Fraction(aspect) if orientation == 6 else Fraction(aspect)
    assert calibration() == pytest.approx((48 / height * float(ratio), 48 / height))
    assert "scale across" in "\n".join(report.files["a.mp4"].reasons)


def test_an_aspect_that_is_not_believed_gives_no_mm(take_in: Callable[..., ImportReport]) -> None:
    report = take_in("16/1", depth_mm="48", image_area="full")

    assert calibration() is None
    assert "depth gives no mm" in "\n".join(report.files["a.mp4"].reasons)


@pytest.mark.parametrize(
    ("x_mm", "word"), [("0.1", "says otherwise"), ("0.1067", "so does the manifest")]
)
def test_a_typed_spacing_is_held_against_the_aspect(
    take_in: Callable[..., ImportReport], x_mm: str, word: str
) -> None:
    report = take_in("16/15", spacing_x_mm=x_mm, spacing_y_mm="0.1")

    assert calibration() == (float(x_mm), 0.1)
    assert word in "\n".join(report.files["a.mp4"].reasons)


def test_a_depth_typed_on_the_page_follows_the_aspect(image: Image) -> None:
    image.pixel_aspect = 16 / 15
    form = Calibrate(image, {"depth_mm": "48", "area": "full"})

    assert form.is_valid()
    assert form.spacing is not None
    assert (form.spacing.x_mm, form.spacing.y_mm) == pytest.approx((16 / 15, 1.0))

    image.pixel_aspect = None
    unsaid = Calibrate(image, {"depth_mm": "48", "area": "full"})
    assert not unsaid.is_valid()
    assert "not square" in unsaid.errors["depth_mm"][0]
