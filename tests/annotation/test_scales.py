"""Depth, image area and typed spacing from the import to mm, and what waits for a person."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from annotation.models import Image, Study
from annotation.selectors.images import AREA_UNKNOWN, CONTRADICTED, spacing_of, why_no_mm
from annotation.services.imports import running
from annotation.services.imports.report import ImportReport
from annotation.services.imports.request import ImportRequest
from core.models import User
from domain.calibration import PixelSpacing
from domain.errors import InvalidInput
from domain.pixels import Grey

WIDTH, HEIGHT, TOP, ROWS = 200, 600, 80, 400
"""A file of 600 rows, in which the machine shows tissue on 400."""


def scan(seed: int = 0) -> Grey:
    """Speckle on rows 80 to 480 of a black picture."""
    frame = np.zeros((HEIGHT, WIDTH), np.uint8)
    rng = np.random.default_rng(seed)
    frame[TOP : TOP + ROWS] = np.clip(rng.rayleigh(45, (ROWS, WIDTH)), 5, 255).astype(np.uint8)
    return frame


@pytest.fixture
def take_in(tmp_path: Path, study: Study, admin: User) -> Callable[..., ImportReport]:
    """`take_in(fields, settings)`: a picture of 600 rows with these columns of a manifest."""

    def run(fields: dict[str, str], pixels: Grey | None = None, **settings: object) -> ImportReport:
        buffer = io.BytesIO()
        Picture.fromarray(scan() if pixels is None else pixels).save(buffer, "PNG")
        (tmp_path / "a.png").write_bytes(buffer.getvalue())
        header = ",".join(["image", "subject", "site", *fields])
        row = ",".join(["a.png", "S1", "rf", *(f'"{value}"' for value in fields.values())])
        (tmp_path / "manifest.csv").write_text(f"{header}\n{row}\n")
        request = ImportRequest(source=str(tmp_path), **settings)
        return running.import_files(request, study.name, actor=admin)

    return run


def taken() -> Image:
    return Image.objects.select_related("calibration", "scale_basis", "take").get()


CROP = f"0,{TOP},{WIDTH},{ROWS}"


class TestFromDepth:
    @pytest.mark.parametrize(
        ("fields", "settings"),
        [
            ({"image_area": CROP}, {}),
            ({"image_area": CROP}, {"crop": CROP}),
            ({}, {"image_area": CROP}),
            ({}, {"image_area": CROP, "crop": "10,100,100,100"}),
            ({}, {"crop": CROP, "crop_is_area": True}),
            ({"image_area": CROP}, {"image_area": "full"}),
        ],
    )
    def test_a_depth_spans_the_image_area(
        self, take_in: Callable[..., ImportReport], fields: dict[str, str], settings: dict[str, str]
    ) -> None:
        report = take_in({"depth_mm": "40", **fields}, **settings)
        assert report.files["a.png"].reasons == []
        assert spacing_of(taken()) == PixelSpacing(0.1, 0.1, "depth")

    def test_full_is_the_whole_file_whatever_is_cropped(
        self, take_in: Callable[..., ImportReport]
    ) -> None:
        take_in({"depth_mm": "60"}, image_area="full", crop=CROP)
        assert spacing_of(taken()) == PixelSpacing(0.1, 0.1, "depth")

    def test_the_area_is_kept_in_the_file_and_in_the_crop(
        self, take_in: Callable[..., ImportReport]
    ) -> None:
        take_in({"depth_mm": "40"}, image_area=CROP, crop="10,100,100,450")
        calibration = taken().calibration
        assert calibration is not None
        assert calibration.file_area == [0, TOP, WIDTH, ROWS]
        assert calibration.area == [0, 0, 100, 380]

    @pytest.mark.parametrize("settings", [{}, {"crop": CROP}])
    def test_an_area_that_nobody_said_gives_no_mm_and_says_why(
        self, take_in: Callable[..., ImportReport], settings: dict[str, str]
    ) -> None:
        report = take_in({"depth_mm": "40"}, **settings)
        image = taken()
        assert spacing_of(image) is None
        assert why_no_mm(image) == AREA_UNKNOWN
        assert "the image area is not" in report.files["a.png"].reasons[0]
        assert image.scale_basis.proposed == [0, TOP, WIDTH, ROWS]

    @pytest.mark.parametrize("area", ["0,0,200,601", "1,0,200,600", "0,600,1,1"])
    def test_an_area_outside_the_picture_is_refused(
        self, take_in: Callable[..., ImportReport], area: str
    ) -> None:
        report = take_in({"depth_mm": "40"}, image_area=area)
        assert report.files["a.png"].refused
        assert "does not lie inside the picture" in report.files["a.png"].reasons[0]
        assert not Image.objects.exists()

    def test_a_crop_that_keeps_nothing_of_the_area_is_refused(
        self, take_in: Callable[..., ImportReport]
    ) -> None:
        report = take_in({"depth_mm": "40"}, image_area=CROP, crop="0,0,200,50")
        assert "keeps nothing of the image area" in report.files["a.png"].reasons[0]

    @pytest.mark.parametrize("area", ["whole", "1,2,3", "0,0,0,10", "-1,0,10,10"])
    def test_an_area_that_is_none_is_refused(
        self, take_in: Callable[..., ImportReport], area: str
    ) -> None:
        assert take_in({"depth_mm": "40", "image_area": area}).files["a.png"].refused
        with pytest.raises(InvalidInput):
            ImportRequest(source="", image_area=area)

    def test_a_crop_and_an_area_that_contradict_are_refused(self) -> None:
        with pytest.raises(InvalidInput, match="not both"):
            ImportRequest(source="", crop=CROP, crop_is_area=True, image_area="full")
        with pytest.raises(InvalidInput, match="Name the crop"):
            ImportRequest(source="", crop_is_area=True)


class TestContradiction:
    def test_a_spacing_that_the_depth_contradicts_gives_no_mm(
        self, take_in: Callable[..., ImportReport]
    ) -> None:
        report = take_in(
            {"depth_mm": "40", "spacing_x_mm": "0.2", "spacing_y_mm": "0.2"},
            scan()[TOP : TOP + 384],
        )
        image = taken()
        assert spacing_of(image) is None
        assert why_no_mm(image) == CONTRADICTED
        assert (
            "contradicts its spacing of 0.2 mm per px by 48 %" in report.files["a.png"].reasons[0]
        )

    def test_depth_over_the_whole_picture_worked_out_by_hand_is_found(
        self, take_in: Callable[..., ImportReport]
    ) -> None:
        take_in({"depth_mm": "40", "spacing_x_mm": "0.0667", "spacing_y_mm": "0.0667"})
        assert why_no_mm(taken()) == CONTRADICTED

    @pytest.mark.parametrize("area", ["", "full", CROP])
    def test_a_spacing_that_agrees_counts(
        self, take_in: Callable[..., ImportReport], area: str
    ) -> None:
        spacing = 40 / 600 if area == "full" else 0.1
        typed = {"spacing_x_mm": str(spacing), "spacing_y_mm": str(spacing)}
        report = take_in({"depth_mm": "40", "image_area": area, **typed})
        assert report.files["a.png"].reasons == []
        assert spacing_of(taken()) == PixelSpacing(spacing, spacing, "manifest")
