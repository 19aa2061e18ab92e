"""The scale of an imported frame: what its file and its manifest say, as a spacing."""

from __future__ import annotations

from annotation.models import Calibration
from annotation.services.imports.reading import ReadImage
from domain.calibration import PixelSpacing, from_depth


def spacing_of(read: ReadImage) -> PixelSpacing | None:
    """The spacing that the manifest gives, else the one that follows from the imaging depth."""
    place = read.unit.placement
    if place.spacing_x_mm is not None and place.spacing_y_mm is not None:
        return PixelSpacing(place.spacing_x_mm, place.spacing_y_mm, Calibration.Method.MANIFEST)
    if place.depth_mm is not None and read.aspect is not None:
        return from_depth(place.depth_mm, read.full_height, read.aspect)
    return None
