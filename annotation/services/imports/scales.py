"""The scale of an imported frame: what its file, manifest and request say, as a spacing or a
reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from annotation.models import Calibration, Image, ImageArea, ScaleBasis, Study
from annotation.services.imports.placement import Placement
from annotation.services.imports.request import ImportRequest
from domain.calibration import (
    Known,
    Missing,
    PixelSpacing,
    Scale,
    area_from_text,
    as_text,
    in_crop,
    proposed_area,
    scale_of,
)
from domain.errors import InvalidInput
from domain.pixels import Grey, Rectangle, as_list

AREA_UNKNOWN = (
    "the depth is known, the image area is not, so nothing is given in mm: say it at the import, "
    "or confirm it on the page Scale"
)


@dataclass(frozen=True)
class SeenScale:
    """What is known of a frame's scale, and what of the file is kept, in px of the file."""

    known: Known
    crop: Rectangle


def seen(
    pixels: Grey, placement: Placement, request: ImportRequest, aspect: float | None = 1.0
) -> SeenScale:
    """What is known of the scale of a frame, upright and before anything of it is hidden.

    `aspect` is x spacing / y spacing by the file. The pixels are asked for the image area
    only where there is a depth and nobody says the area. Raises InvalidInput for an area outside
    the picture.
    """
    height, width = pixels.shape
    area = _said_area(placement, request, width, height)
    crop = request.crop_rectangle or Rectangle(0, 0, width, height)
    if area is not None and in_crop(area, crop) is None:
        raise InvalidInput(
            f"the crop {as_text(crop)} keeps nothing of the image area {as_text(area)}; mend one"
        )
    asks = placement.depth_mm is not None and area is None
    known = Known(
        width,
        height,
        placement.depth_mm,
        _typed(placement),
        area,
        proposed_area([pixels]) if asks else None,
        aspect,
    )
    return SeenScale(known, crop)


def _said_area(
    placement: Placement, request: ImportRequest, width: int, height: int
) -> Rectangle | None:
    """The manifest's image area, else the request's, else the crop where that is the area."""
    text = placement.image_area or request.image_area
    if text:
        return area_from_text(text, width, height)
    return request.crop_rectangle if request.crop_is_area else None


def _typed(placement: Placement) -> PixelSpacing | None:
    if placement.spacing_x_mm is None or placement.spacing_y_mm is None:
        return None
    return PixelSpacing(placement.spacing_x_mm, placement.spacing_y_mm, Calibration.Method.MANIFEST)


AreaKey = tuple[str, int, int]


def confirmed_areas(study: Study) -> dict[AreaKey, Rectangle]:
    """The image areas that people confirmed in a study, by device and size of the file."""
    rows = ImageArea.objects.filter(study=study).order_by("id")
    return {(row.device, row.width, row.height): Rectangle(*row.area) for row in rows}


def decided(
    read: SeenScale, device: str, confirmed: Mapping[AreaKey, Rectangle]
) -> tuple[Scale, list[str]]:
    """The scale of a frame, and what is to be said of it in the report."""
    known = read.known
    by_device = confirmed.get((device, known.width, known.height)) if device else None
    scale = scale_of(replace(known, area=known.area or by_device))
    return scale, _warnings(known, by_device, scale)


def _warnings(known: Known, by_device: Rectangle | None, scale: Scale) -> list[str]:
    warnings = []
    if scale.missing == Missing.AREA:
        warnings.append(AREA_UNKNOWN)
    elif scale.missing == Missing.CONTRADICTION and known.typed is not None:
        warnings.append(
            f"its depth of {known.depth_mm:g} mm over {known.likely_area.height} rows contradicts "
            f"its spacing of {known.typed.y_mm:g} mm per px by {100 * scale.share:.0f} %: nothing "
            "is given in mm until a person decides on the scan's page"
        )
    if None not in (known.area, by_device) and known.area != by_device:
        warnings.append(
            "its image area is another than the one that was confirmed for its device and size"
        )
    return warnings


def basis_row(image: Image, read: SeenScale) -> ScaleBasis:
    """What is kept of a frame's scale, not yet saved."""
    known = read.known
    return ScaleBasis(
        image=image,
        file_width=known.width,
        file_height=known.height,
        crop_x=read.crop.x,
        crop_y=read.crop.y,
        depth_mm=known.depth_mm,
        typed_x_mm=known.typed.x_mm if known.typed else None,
        typed_y_mm=known.typed.y_mm if known.typed else None,
        area=as_list(known.area),
        proposed=as_list(known.proposed),
    )
