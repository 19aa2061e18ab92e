"""Reading subjects: the list, and everything measured on one of them over the visits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Count, F, Min, Q

from annotation.models import HELD_OUT, Image, Site, Study, Subject, SubjectPartition
from annotation.selectors import measurements
from annotation.selectors.measurements import RELATIONS, Measurement
from core.models import User
from domain.errors import NotFound
from domain.names import identity

PAGE_SIZE = 48


@dataclass(frozen=True)
class SubjectRow:
    """One subject of the list with what there is of them and one of their images to show."""

    subject: Subject
    n_visits: int
    n_scans: int
    image: Image | None


@dataclass(frozen=True)
class SubjectPage:
    """Some subjects in the order of their codes; `after` begins the next page, '' if none."""

    rows: Sequence[SubjectRow] = field(default_factory=tuple)
    after: str = ""


@dataclass(frozen=True)
class ScanRow:
    """One scan of a subject: the image shown for it and what was measured, by label.

    The measurements are the scan's values, of a sweep each label's on its measured frame; the image
    is the first one's, else the first frame of the selected take.
    """

    visit: date | None
    side: str
    image: Image
    n_frames: int
    measurements: Sequence[Measurement] = field(default_factory=tuple)


@dataclass(frozen=True)
class SiteOfSubject:
    """All scans of one site of a subject, by visit and side."""

    site: Site
    scans: Sequence[ScanRow]


def subjects_of(study: Study, *, starting_with: str = "", after: str = "") -> SubjectPage:
    """One page of a study's subjects whose codes begin with `starting_with`, after a code."""
    subjects = (
        Subject.objects.filter(study=study, code__startswith=starting_with, code__gt=after)
        .annotate(
            n_visits=Count("visits", distinct=True),
            n_scans=Count("visits__scans", distinct=True),
            shown=Min("images", filter=Q(images__erased_at__isnull=True)),
        )
        .order_by("code")
    )
    found = list(subjects[: PAGE_SIZE + 1])
    images = Image.objects.select_related("site", "subject").in_bulk(
        [one.shown for one in found[:PAGE_SIZE] if one.shown is not None]
    )
    rows = [
        SubjectRow(one, one.n_visits, one.n_scans, images.get(one.shown))
        for one in found[:PAGE_SIZE]
    ]
    return SubjectPage(rows, rows[-1].subject.code if len(found) > PAGE_SIZE else "")


def subject_named(study: Study, code: str) -> Subject:
    """A subject of a study by its code, as it is written or by its identity. Raises NotFound."""
    of_study = Subject.objects.filter(study=study).select_related("centre")
    subject = of_study.filter(code=code).first() or of_study.filter(identity=identity(code)).first()
    if subject is None:
        raise NotFound("There is no such subject in this study.")
    return subject


def is_in_test_set(subject: Subject) -> bool:
    """Whether the subject is in the test partition or the reserve, whose outlines are not shown in
    passing."""
    return SubjectPartition.objects.filter(subject=subject, partition__in=HELD_OUT).exists()


def scans_of(subject: Subject, drawn_by: User | None = None) -> list[SiteOfSubject]:
    """The subject's scans with their measurements, by site; `drawn_by` keeps to one reader's."""
    study = subject.study
    measured = [
        one
        for one in measurements.of_study(
            study, subject_code=subject.code, drawn_by=drawn_by, with_echo_intensity=False
        )
        if one.of_scan
    ]
    frames = (
        Image.objects.filter(
            subject=subject,
            erased_at__isnull=True,
            take=F("take__scan__selected_take"),
        )
        .select_related("site", *RELATIONS)
        .order_by(
            "site__order",
            "site__slug",
            "take__scan__visit__date",
            "take__scan__side",
            "take__scan_id",
            "frame",
        )
    )
    by_scan: dict[int, list[Image]] = {}
    for image in frames:
        by_scan.setdefault(image.take.scan_id, []).append(image)
    by_site: dict[int, list[ScanRow]] = {}
    for images in by_scan.values():
        by_site.setdefault(images[0].site_id, []).append(_scan_row(images, measured))
    return [SiteOfSubject(rows[0].image.site, rows) for rows in by_site.values()]


def _scan_row(images: Sequence[Image], measured: Iterable[Measurement]) -> ScanRow:
    by_id = {image.pk: image for image in images}
    of_scan = [one for one in measured if one.image_id in by_id]
    shown = by_id[of_scan[0].image_id] if of_scan else images[0]
    scan = shown.take.scan
    return ScanRow(
        visit=scan.visit.date,
        side=scan.side,
        image=shown,
        n_frames=len(images),
        measurements=of_scan,
    )
