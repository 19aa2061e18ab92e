"""CSA, thickness and echo intensity of approved outlines: one row per image and label.

Test subjects are left out: their references leave through `services.lock.open_references` only,
whose items `of_items` measures the same way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Any

import shapely
from django.db.models import Q, QuerySet

from annotation.models import HELD_OUT, Image, MeasuredFrame, Reference, Site, Study
from annotation.selectors import measured_frames
from annotation.selectors.images import pixels, spacing_of, why_no_mm
from annotation.selectors.locks import sealed_images
from annotation.selectors.references import ReferenceItem
from core.models import User
from domain.calibration import PixelSpacing
from domain.geometry import CUTS, Region, normalise, regions_from_json
from domain.measurement import (
    CSA,
    MEASUREMENT_VERSION,
    NOT_CALIBRATED,
    THICKNESS,
    cross_section,
    echo_intensity,
    has_csa,
    thickness,
    thickness_quantity,
)
from domain.sweep_value import FrameSize, measured_frame

NOT_OUTLINED = "not outlined"
THE_RULE = "rule"
SIDES = ("right", "left", "")
ONE_A_SUBJECT = (
    "One value a subject: of the first visit that has one, of the right side, of the left where "
    "the right has none."
)
CHUNK = 200
RELATIONS = ("subject", "take__scan__visit", "calibration", "scale_basis")


@dataclass(frozen=True)
class Measurement:
    """What one approved outline of one label measures, and where it comes from.

    mm are None without a calibration, CSA on a longitudinal site, everything where the label is
    not outlined; `why_no_csa` and `why_no_mt` say so. `csa_quantity` is "visible CSA" where the
    view cuts the muscle, `mt_quantity` "visible thickness" where it cuts it deep; `cut` names the
    sides. `selected`: of the take that measurement uses. `of_scan`: this is the scan's value, of
    a sweep its measured frame; `frame_by` is who chose that frame, THE_RULE or a person with the
    reason in `frame_reason`, and empty where there is no choice.
    """

    study: str
    site: str
    subject: str
    visit: date | None
    side: str
    take: int
    frame: int
    selected: bool
    label: str
    csa_quantity: str
    csa_mm2: float | None
    csa_px: float | None
    why_no_csa: str
    mt_mm: float | None
    mt_px: float | None
    why_no_mt: str
    mt_definition: str
    ei: float | None
    spacing_x_mm: float | None
    spacing_y_mm: float | None
    calibration: str
    reader: str
    how: str
    version: str
    image_id: int
    revision_digest: str
    cut: tuple[str, ...]
    mt_quantity: str
    of_scan: bool = False
    frame_by: str = ""
    frame_reason: str = ""

    @property
    def is_outlined(self) -> bool:
        """Whether the label is outlined on the image; else nothing is measured."""
        return self.mt_px is not None

    def value_of(self, quantity: str) -> float | None:
        """The value in mm or mm² under its proper name: what the view cuts has no CSA."""
        return {self.csa_quantity: self.csa_mm2, self.mt_quantity: self.mt_mm}.get(quantity)


@dataclass(frozen=True)
class _Outline:
    """The regions accepted as truth on an image, and who drew them."""

    regions: list[dict[str, Any]]
    reader: str
    how: str
    digest: str


def of_study(
    study: Study,
    *,
    site: Site | None = None,
    subject_code: str = "",
    drawn_by: User | None = None,
    with_echo_intensity: bool = True,
) -> Iterator[Measurement]:
    """The measurements of a study's current references, by site, subject, visit, side and take.

    `drawn_by` keeps to one reader's outlines, which changes nothing about which frame of a sweep is
    measured. Echo intensity reads each image's pixels. Erased images and those of test subjects
    are left out.
    """
    rows = _references(study, site).exclude(_withheld())
    if subject_code:
        rows = rows.filter(image__subject__code=subject_code)
    sites, chosen = _sites(study), measured_frames.standing_in(study)
    found = rows.iterator(chunk_size=CHUNK)
    for take, of_take in groupby(found, key=lambda row: row.image.take_id):
        measured = []
        for row in of_take:
            revision = row.revision
            outline = _Outline(
                revision.regions, revision.author.get_username(), row.how, revision.digest
            )
            own = drawn_by is None or revision.author_id == drawn_by.pk
            site_of_row = sites[row.image.site_id]
            with_ei = with_echo_intensity and own
            measured += [(one, own) for one in _measured(site_of_row, row.image, outline, with_ei)]
        valued = _with_values([one for one, _ in measured], chosen.get(take))
        yield from (one for one, (_, own) in zip(valued, measured, strict=True) if own)


def of_items(
    study: Study, items: Sequence[ReferenceItem], *, with_echo_intensity: bool = True
) -> Iterator[Measurement]:
    """The measurements of references that a counted look has opened, in their order."""
    sites, chosen = _sites(study), measured_frames.standing_in(study)
    found: list[tuple[int, Measurement]] = []
    for start in range(0, len(items), CHUNK):
        chunk = items[start : start + CHUNK]
        images = Image.objects.select_related(*RELATIONS).in_bulk([one.image_id for one in chunk])
        for item in chunk:
            outline = _Outline(item.regions, item.reader, item.how, item.revision_digest)
            image = images[item.image_id]
            measured = _measured(sites[image.site_id], image, outline, with_echo_intensity)
            found += [(image.take_id, one) for one in measured]
    by_take: dict[int, list[Measurement]] = defaultdict(list)
    for take, one in found:
        by_take[take].append(one)
    valued = {
        take: iter(_with_values(of_take, chosen.get(take))) for take, of_take in by_take.items()
    }
    return (next(valued[take]) for take, _ in found)


def of_reading(
    site: Site, image: Image, regions: list[dict[str, Any]], label: str, *, reader: str
) -> Measurement:
    """What one reader's regions of a label measure on an image, without echo intensity.

    `image` comes with RELATIONS.
    """
    region = region_of(regions_from_json(regions), label)
    return _row(site, image, _Outline(regions, reader, "", ""), region, spacing_of(image), None)


def on_measured_frame(of_label: Sequence[Measurement], choice: MeasuredFrame | None) -> Measurement:
    """The measurement that is a take's value, of those of one label and reader, at least one.

    `choice` is the frame that a person chose for the take; it counts where it is among them.
    """
    image, _ = _frame_of(of_label, choice)
    return next(one for one in of_label if one.image_id == image)


def _with_values(of_take: Sequence[Measurement], choice: MeasuredFrame | None) -> list[Measurement]:
    """The measurements of one take, those of them marked that are the scan's values.

    A sweep has one measured frame a label: the one that a person chose, where the label is
    outlined there, else that of `domain.sweep_value`.
    """
    frames = {
        label: _frame_of([one for one in of_take if one.label == label], choice)
        for label in dict.fromkeys(one.label for one in of_take)
    }
    return [
        _marked(one, *frames[one.label], choice)
        if one.selected and frames[one.label][0] == one.image_id
        else one
        for one in of_take
    ]


def _frame_of(
    of_label: Sequence[Measurement], choice: MeasuredFrame | None
) -> tuple[int | None, str]:
    """The image that a label's values are taken from, and who says so."""
    outlined = [one for one in of_label if one.is_outlined]
    if choice is not None and choice.image_id in {one.image_id for one in outlined}:
        return choice.image_id, choice.author.get_username()
    if len(of_label) == 1:
        return of_label[0].image_id, ""
    images = {one.frame: one.image_id for one in outlined}
    in_mm = all(one.mt_mm is not None for one in outlined)
    frame = measured_frame([_size(one, in_mm) for one in outlined])
    return (images[frame], THE_RULE) if frame is not None else (of_label[0].image_id, "")


def _size(one: Measurement, in_mm: bool) -> FrameSize:
    """What frames are compared by: CSA where there is one, else thickness; in mm if all can."""
    if one.csa_px is not None:
        size = one.csa_mm2 if in_mm and one.csa_mm2 is not None else one.csa_px
        return FrameSize(one.frame, size, one.csa_quantity != CSA)
    thick = one.mt_mm if in_mm else one.mt_px
    assert thick is not None, "an outline has a thickness"
    return FrameSize(one.frame, thick, one.mt_quantity != THICKNESS)


def _marked(
    one: Measurement, image: int | None, by: str, choice: MeasuredFrame | None
) -> Measurement:
    reason = choice.reason if choice and choice.image_id == image else ""
    return replace(one, of_scan=True, frame_by=by, frame_reason=reason)


def of_subjects(rows: Iterable[Measurement], quantity: str) -> dict[str, float]:
    """{subject: its value of one label's quantity}, by ONE_A_SUBJECT; nothing is averaged."""
    found: dict[str, float] = {}
    for one in sorted(rows, key=_first_visit_right_side):
        value = one.value_of(quantity)
        if one.of_scan and value is not None:
            found.setdefault(one.subject, value)
    return found


def _first_visit_right_side(one: Measurement) -> tuple[bool, date, int]:
    return one.visit is None, one.visit or date.max, SIDES.index(one.side)


def left_out(study: Study, *, site: Site | None = None) -> int:
    """How many approved images are not measured since their subjects are in the test partition."""
    return _references(study, site).filter(_withheld()).count()


def _references(study: Study, site: Site | None) -> QuerySet[Reference]:
    rows = Reference.objects.filter(
        image__study=study, image__erased_at__isnull=True, superseded_at__isnull=True
    )
    if site is not None:
        rows = rows.filter(image__site=site)
    return rows.select_related(
        "revision__content",
        "revision__author",
        "revision__annotation",
        *(f"image__{name}" for name in RELATIONS),
    ).order_by(
        "image__site__order",
        "image__site__slug",
        "image__subject__code",
        "image__take__scan__visit__date",
        "image__take__scan__side",
        "image__take__number",
        "image__take_id",
        "image__frame",
        "image_id",
    )


def _withheld() -> Q:
    locked = sealed_images().values("image")
    return Q(image__subject__partition__partition__in=HELD_OUT) | Q(image__in=locked)


def _sites(study: Study) -> dict[int, Site]:
    return {
        site.pk: site for site in study.sites.select_related("study").prefetch_related("labels")
    }


def _measured(
    site: Site, image: Image, outline: _Outline, with_echo_intensity: bool
) -> Iterator[Measurement]:
    regions = regions_from_json(outline.regions)
    grey = pixels(image) if with_echo_intensity and regions else None
    spacing = spacing_of(image)
    for label in _labels(site, regions):
        region = region_of(regions, label)
        ei = None if grey is None else echo_intensity(grey, region.shape)
        yield _row(site, image, outline, region, spacing, ei)


def _labels(site: Site, regions: Sequence[Region]) -> list[str]:
    """The site's labels, retired ones only where they are drawn."""
    drawn = {region.label for region in regions}
    return [one.name for one in site.labels.all() if not one.retired or one.name in drawn]


def region_of(regions: Sequence[Region], label: str) -> Region:
    """All regions of a label as one; empty where there is none."""
    of_label = [region for region in regions if region.label == label]
    shape = normalise(shapely.union_all([region.shape for region in of_label]))
    return Region(label, shape, tuple(s for s in CUTS if any(s in one.cut for one in of_label)))


def _row(
    site: Site,
    image: Image,
    outline: _Outline,
    region: Region,
    spacing: PixelSpacing | None,
    ei: float | None,
) -> Measurement:
    take, scan = image.take, image.take.scan
    shape, drawn = region.shape, not region.shape.is_empty
    csa = cross_section(shape, site.plane, region.cut, spacing)
    mt = thickness(shape, site.thickness_definition, spacing) if drawn else None
    return Measurement(
        study=site.study.name,
        site=site.slug,
        subject=image.subject.code,
        visit=scan.visit.date,
        side=scan.side,
        take=take.number,
        frame=image.frame,
        selected=scan.selected_take_id == take.pk,
        label=region.label,
        csa_quantity=csa.quantity,
        csa_mm2=csa.value_mm2 if drawn else None,
        csa_px=shape.area if drawn and has_csa(site.plane) else None,
        why_no_csa=_why(drawn, csa.why_empty, spacing, image),
        mt_mm=mt.value_mm if mt else None,
        mt_px=mt.value_px if mt else None,
        why_no_mt=_why(drawn, "", spacing, image),
        mt_definition=site.thickness_definition,
        ei=ei,
        spacing_x_mm=spacing.x_mm if spacing else None,
        spacing_y_mm=spacing.y_mm if spacing else None,
        calibration=spacing.method if spacing else "",
        reader=outline.reader,
        how=outline.how,
        version=MEASUREMENT_VERSION,
        image_id=image.pk,
        revision_digest=outline.digest,
        cut=region.cut,
        mt_quantity=thickness_quantity(region.cut),
    )


def _why(drawn: bool, reason: str, spacing: PixelSpacing | None, image: Image) -> str:
    """Why a quantity has no value: not outlined, a reason of its own, or no scale."""
    if not drawn:
        return NOT_OUTLINED
    if reason and reason != NOT_CALIBRATED:
        return reason
    return why_no_mm(image) if spacing is None else ""
