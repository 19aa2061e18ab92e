"""Depth, image area and typed spacing from the import to mm, and what waits for a person."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.test import Client
from PIL import Image as Picture

from annotation.models import Calibration, Image, Study
from annotation.selectors import scales
from annotation.selectors.images import AREA_UNKNOWN, CONTRADICTED, spacing_of, why_no_mm
from annotation.services import calibrations
from annotation.services.imports import running
from annotation.services.imports.report import ImportReport
from annotation.services.imports.request import ImportRequest
from core.models import AuditEvent, User
from domain.calibration import PixelSpacing
from domain.errors import InvalidInput, NotAllowed, NotFound, Refused
from domain.pixels import Grey, Rectangle

ClientOf = Callable[[User], Client]
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
        above = f"0,{TOP},{WIDTH},100"
        report = take_in({"depth_mm": "40"}, image_area=above, crop="0,300,200,50")
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


@pytest.fixture
def waiting(take_in: Callable[..., ImportReport]) -> Image:
    """A scan with a depth whose image area nobody has said."""
    take_in({"depth_mm": "40", "device": "TE7"})
    return taken()


class TestConfirming:
    def test_all_scans_of_device_and_size_get_mm_and_later_ones_too(
        self, waiting: Image, take_in: Callable[..., ImportReport], study: Study, expert: User
    ) -> None:
        done = calibrations.confirm_area(
            study, "TE7", WIDTH, HEIGHT, Rectangle(0, TOP, WIDTH, ROWS), actor=expert
        )
        assert done == calibrations.Confirmed(given=1)
        assert spacing_of(taken()) == PixelSpacing(0.1, 0.1, "depth")
        report = take_in({"depth_mm": "40", "device": "TE7", "take": "2"}, scan(seed=1))
        assert report.files["a.png"].reasons == []
        later = Image.objects.order_by("pk").last()
        assert later is not None
        assert spacing_of(later) == PixelSpacing(0.1, 0.1, "depth")
        assert AuditEvent.objects.filter(verb="image area confirmed", actor=expert).count() == 1

    @pytest.mark.parametrize("fields", [{"device": "other"}, {}])
    def test_another_device_or_none_asks_again(
        self,
        waiting: Image,
        take_in: Callable[..., ImportReport],
        study: Study,
        expert: User,
        fields: dict[str, str],
    ) -> None:
        area = Rectangle(0, TOP, WIDTH, ROWS)
        calibrations.confirm_area(study, "TE7", WIDTH, HEIGHT, area, actor=expert)
        take_in({"depth_mm": "40", "take": "2", **fields}, scan(seed=1))
        later = Image.objects.order_by("pk").last()
        assert later is not None
        assert why_no_mm(later) == AREA_UNKNOWN

    def test_a_confirmed_area_blocks_the_typed_spacing_that_it_contradicts(
        self, take_in: Callable[..., ImportReport], study: Study, expert: User
    ) -> None:
        typed = {"spacing_x_mm": "0.1", "spacing_y_mm": "0.1", "device": "TE7"}
        take_in({"depth_mm": "40", **typed})
        assert spacing_of(taken()) is not None
        done = calibrations.confirm_area(
            study, "TE7", WIDTH, HEIGHT, Rectangle(0, 0, WIDTH, HEIGHT), actor=expert
        )
        assert done == calibrations.Confirmed(blocked=1)
        assert why_no_mm(taken()) == CONTRADICTED

    def test_what_a_person_decided_stays(self, waiting: Image, study: Study, expert: User) -> None:
        with pytest.raises(Refused, match="contradicts"):
            calibrations.calibrate(waiting, PixelSpacing(0.2, 0.2, "typed"), actor=expert)
        calibrations.calibrate(
            waiting, PixelSpacing(0.2, 0.2, "typed"), actor=expert, despite_depth=True
        )
        done = calibrations.confirm_area(
            study, "TE7", WIDTH, HEIGHT, Rectangle(0, TOP, WIDTH, ROWS), actor=expert
        )
        assert done == calibrations.Confirmed(unchanged=1)
        assert spacing_of(taken()) == PixelSpacing(0.2, 0.2, "typed")

    def test_depth_scales_from_before_go_on_and_are_marked(
        self, waiting: Image, study: Study, expert: User
    ) -> None:
        old = Calibration.objects.create(
            image=waiting, x_mm=40 / 600, y_mm=40 / 600, method="depth"
        )
        Image.objects.filter(pk=waiting.pk).update(calibration=old)
        image = taken()
        assert spacing_of(image) is not None
        assert image.calibration is not None
        assert image.calibration.is_area_unconfirmed
        (group,) = scales.groups(study)
        assert (group.waits, group.n_unconfirmed, group.n_without) == (True, 1, 0)
        area = Rectangle(0, TOP, WIDTH, ROWS)
        calibrations.confirm_area(study, "TE7", WIDTH, HEIGHT, area, actor=expert)
        assert spacing_of(taken()) == PixelSpacing(0.1, 0.1, "depth")
        assert not scales.groups(study)[0].waits

    def test_a_cropped_scan_is_confirmed_in_px_of_its_file(
        self, take_in: Callable[..., ImportReport], study: Study, expert: User
    ) -> None:
        take_in({"depth_mm": "40", "device": "TE7"}, crop="10,100,100,300")
        (group,) = scales.groups(study)
        assert (group.width, group.height) == (WIDTH, HEIGHT)
        area = scales.proposal(scales.images_of(study, "TE7", WIDTH, HEIGHT))
        assert area == Rectangle(0, TOP, WIDTH, ROWS)
        calibrations.confirm_area(study, "TE7", WIDTH, HEIGHT, area, actor=expert)
        image = taken()
        assert spacing_of(image) == PixelSpacing(0.1, 0.1, "depth")
        assert image.calibration is not None
        assert image.calibration.area == [0, 0, 100, 300]

    def test_an_area_outside_or_of_nothing_is_refused(
        self, waiting: Image, study: Study, expert: User, annotator: User
    ) -> None:
        area = Rectangle(0, 1, WIDTH, HEIGHT)
        with pytest.raises(InvalidInput, match="inside"):
            calibrations.confirm_area(study, "TE7", WIDTH, HEIGHT, area, actor=expert)
        with pytest.raises(NotFound):
            calibrations.confirm_area(
                study, "none", WIDTH, HEIGHT, Rectangle(0, 0, 9, 9), actor=expert
            )
        with pytest.raises(NotAllowed):
            calibrations.confirm_area(
                study, "TE7", WIDTH, HEIGHT, Rectangle(0, 0, 9, 9), actor=annotator
            )

    def test_on_the_page(self, waiting: Image, expert: User, client_of: ClientOf) -> None:
        client = client_of(expert)
        page = client.get("/studies/lab/scale/").content.decode()
        assert f'value="{CROP}"' in page
        assert "to confirm" in page
        shown = client.get(f"/studies/lab/images/{waiting.pk}/").content.decode()
        assert "the image area is not" in shown
        assert 'href="/studies/lab/scale/"' in shown
        said = {"device": "TE7", "width": WIDTH, "height": HEIGHT}
        wrong = client.post("/studies/lab/scale/", {**said, "area": "0,0,900,900"})
        assert wrong.status_code == 422
        assert "does not lie inside" in wrong.content.decode()
        client.post("/studies/lab/scale/", {**said, "area": CROP})
        assert spacing_of(taken()) == PixelSpacing(0.1, 0.1, "depth")

    def test_over_the_api(self, waiting: Image, expert: User, client_of: ClientOf) -> None:
        def post(body: dict[str, object]) -> tuple[int, dict[str, object]]:
            answer = client_of(expert).post(
                "/api/v1/calibrations/", body, content_type="application/json"
            )
            return answer.status_code, answer.json()

        by_depth: dict[str, object] = {"method": "depth", "area": CROP}
        rule = {"device": "TE7", "width": WIDTH, "height": HEIGHT}
        assert post(by_depth)[0] == 400
        assert post({**by_depth, "rule": rule, "images": [waiting.pk]})[0] == 400
        assert post({**by_depth, "rule": {**rule, "colour": 1}})[0] == 400
        assert post({**by_depth, "images": [waiting.pk + 99]})[0] == 404
        typed = {"images": [waiting.pk], "method": "typed", "x_mm": 0.3, "y_mm": 0.3}
        assert post(typed)[0] == 409
        done = {"given": 1, "unchanged": 0, "blocked": 0, "sealed": 0}
        assert post({**by_depth, "rule": rule}) == (201, done)
        assert post({**typed, "despite_depth": True}) == (201, done)
        assert spacing_of(taken()) == PixelSpacing(0.3, 0.3, "typed")
