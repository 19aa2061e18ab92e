"""From what an import read to what the intake takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from annotation.models import Study, Take
from annotation.services.imports import scales
from annotation.services.imports.reading import ReadImage
from annotation.services.imports.report import ImportReport
from annotation.services.intake.batch import Frame
from domain.calibration import Scale


def frames_of(read: Sequence[ReadImage], study: Study | None, report: ImportReport) -> list[Frame]:
    """The frames of an import in its order. Files of one group share a take; one with several
    frames is dynamic. What is to be said of their scales goes to the report."""
    together = Counter(_group(image) for image in read)
    confirmed = scales.confirmed_areas(study) if study is not None else {}
    frames = []
    for image in read:
        scale, warnings = scales.decided(image.scale, image.unit.placement.device, confirmed)
        report.warn(image.name, *warnings)
        frames.append(_frame(image, together[_group(image)] > 1, scale))
    return frames


def _group(image: ReadImage) -> tuple[object, ...]:
    place = image.unit.placement
    return (place.subject, place.visit, place.site, place.side, image.unit.group)


def _frame(image: ReadImage, has_more: bool, scale: Scale) -> Frame:
    place = image.unit.placement
    kind = Take.Kind.DYNAMIC if has_more or image.frame > 0 else Take.Kind.STATIC
    return Frame(
        subject=place.subject,
        site=place.site,
        stored=image.stored,
        name=image.name,
        original_sha256=image.original_sha256,
        pixel_aspect=image.aspect,
        grey_maximum=image.grey_maximum,
        side=place.side,
        visit=place.visit,
        take=place.take,
        group=image.unit.group,
        frame=image.frame,
        selected=place.selected,
        partition=place.partition,
        subject_fields=place.subject_fields,
        take_fields={**place.take_fields, "kind": kind},
        scale=scale,
        seen=image.scale,
        outlines=tuple(image.outlines),
    )
