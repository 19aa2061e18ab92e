"""What people did with pre-labels, and how long it took them: plain data for `training`.

Nothing of held-out or external subjects, and nothing that was erased. A reading ends where the
expert first looked at it (`selectors.readings`): what is changed after a return counts no more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import shapely
from django.db.models import Max, Q

from annotation.models import (
    Annotation,
    Assignment,
    Image,
    Reference,
    Revision,
    RevisionContent,
    Site,
    Suggestion,
)
from annotation.selectors.images import spacing_of
from annotation.selectors.labels import named_now
from annotation.selectors.monitoring import mean_dice, watched
from annotation.selectors.readings import reading_ends
from domain import measurement
from domain.anchoring import Measured, PairedReading
from domain.geometry import Region, normalise, regions_from_json

NEWEST = 500
"""So many approved scans at most are compared with their pre-labels: 2 ms each on 2 cores."""
FROM_SCRATCH_OR_PRE_LABEL = frozenset({Revision.Origin.DRAWN, Revision.Origin.PRE_LABEL})


@dataclass(frozen=True)
class Worked:
    """One person's outline of one image: seconds until it was handed in, and with what help."""

    image_id: int
    subject_code: str
    at: datetime
    seconds: float
    with_pre_label: bool


@dataclass(frozen=True)
class Kept:
    """An approved scan whose reader had a pre-label: Dice between the two, mean over labels."""

    image_id: int
    subject_code: str
    at: datetime
    version: str
    dice: float

    @property
    def is_unchanged(self) -> bool:
        """Whether no pixel differs."""
        return self.dice == 1.0


def worked(site: Site) -> list[Worked]:
    """Finished outlines with the seconds they took, in the order in which they were handed in.

    Left out: decisions without a contour, work that began from another outline than the pre-label
    (copied, carried, interpolated, imported, corrections), and work without a time.
    """
    finished = Annotation.objects.filter(image__in=watched(site), revision_count__gt=0).exclude(
        state=Annotation.State.DRAFT
    )
    annotations = finished.select_related("image__subject").in_bulk()
    ends = reading_ends(site)
    revisions: defaultdict[int, list[Revision]] = defaultdict(list)
    found = Revision.objects.filter(annotation__in=finished.order_by().values("pk"))
    for revision in found.defer("tools").order_by("number"):
        end = ends.get(revision.annotation_id)
        if end is None or revision.number <= end:
            revisions[revision.annotation_id].append(revision)
    done = [_worked(annotations[pk], work) for pk, work in revisions.items()]
    return sorted((one for one in done if one), key=lambda one: (one.at, one.image_id))


def newest_at(site: Site) -> datetime | None:
    """When the newest revision of an outline of the site that was handed in was saved."""
    handed_in = Revision.objects.filter(annotation__image__site=site).exclude(
        annotation__state=Annotation.State.DRAFT
    )
    newest: datetime | None = handed_in.aggregate(at=Max("created_at"))["at"]
    return newest


def kept(site: Site, only: Collection[int] | None = None) -> list[Kept]:
    """The NEWEST approved scans whose reader had a pre-label, in the order of their approval.

    `only`: of these images. Of each the reference of now. Left out: scans that two people read,
    outlines approved outside, and scans without an outline.
    """
    images = watched(site) if only is None else watched(site).filter(pk__in=only)
    references = (
        Reference.objects.filter(
            image__in=images, superseded_at__isnull=True, revision__decision=""
        )
        .filter(
            Q(how=Reference.How.SINGLE_EXPERT, revision__annotation__offered__isnull=False)
            | Q(
                how=Reference.How.CORRECTED,
                revision__based_on__annotation__offered__isnull=False,
            )
        )
        .exclude(image__assignments__blind=True)
        .select_related("image__subject", "revision__content", "revision__annotation")
        .select_related("revision__annotation__offered")
        .select_related("revision__based_on__annotation__offered")
        .defer("revision__annotation__offered__uncertainty_map")
        .defer("revision__based_on__annotation__offered__uncertainty_map")
        .order_by("-created_at", "-id")[:NEWEST]
    )
    rows = [(reference, _offered(reference)) for reference in references]
    return [_kept(reference, offered) for reference, offered in reversed(rows) if offered]


def paired_readings(site: Site) -> list[PairedReading]:
    """Each label of each image that two finished, one with the pre-label and one without.

    A scan whose pre-label was gone when its reader began is no pair, nor is one whose other reader
    had begun with a pre-label before the scan was paired.
    """
    people: defaultdict[int, dict[bool, int]] = defaultdict(dict)
    readings = Assignment.objects.filter(
        image__in=watched(site), image__assignments__with_pre_label=True, person__isnull=False
    )
    for image_id, person_id, with_it in readings.values_list("image", "person", "with_pre_label"):
        people[image_id][with_it] = person_id
    whole = {image_id: both for image_id, both in people.items() if len(both) == 2}
    work = _finished_work(site, whole)
    return [
        paired
        for image_id, both in whole.items()
        if (image_id, both[True]) in work and (image_id, both[False]) in work
        for paired in _pair(site, work[image_id, both[True]], work[image_id, both[False]])
    ]


@dataclass(frozen=True)
class _Reading:
    annotation: Annotation
    regions: list[Region]
    seconds: float


def _finished_work(
    site: Site, image_ids: dict[int, dict[bool, int]]
) -> dict[tuple[int, int], _Reading]:
    """The readings with an outline, by image and author."""
    annotations = (
        Annotation.objects.filter(image__in=image_ids, revision_count__gt=0)
        .exclude(state=Annotation.State.DRAFT)
        .select_related("image__subject", "image__calibration", "offered")
        .defer("offered__uncertainty_map")
    )
    by_id = {one.pk: one for one in annotations}
    ends = reading_ends(site)
    seconds: defaultdict[int, float] = defaultdict(float)
    last: dict[int, Revision] = {}
    for revision in Revision.objects.filter(annotation__in=by_id).order_by("number"):
        annotation = by_id[revision.annotation_id]
        is_own = revision.author_id == annotation.author_id
        if is_own and revision.number <= ends.get(annotation.pk, annotation.revision_count):
            seconds[annotation.pk] += revision.seconds
            last[annotation.pk] = revision
    contents = RevisionContent.objects.filter(
        revision__in=[one.pk for one in last.values() if not one.decision]
    ).select_related("revision")
    return {
        (annotation.image_id, annotation.author_id): _Reading(
            annotation,
            regions_from_json(named_now(content.regions, annotation.label_names)),
            seconds[annotation.pk],
        )
        for content in contents
        for annotation in [by_id[content.revision.annotation_id]]
    }


def _pair(site: Site, with_it: _Reading, without_it: _Reading) -> list[PairedReading]:
    offered = with_it.annotation.offered
    if offered is None or without_it.annotation.offered is not None:
        return []
    image = with_it.annotation.image
    pre_label = regions_from_json(offered.regions)
    drawn = (*pre_label, *with_it.regions, *without_it.regions)
    labels = sorted({region.label for region in drawn})
    return [_of_label(site, image, label, pre_label, with_it, without_it) for label in labels]


def _of_label(
    site: Site,
    image: Image,
    label: str,
    pre_label: Sequence[Region],
    with_it: _Reading,
    without_it: _Reading,
) -> PairedReading:
    offered, drawn, alone = (
        [region for region in regions if region.label == label]
        for regions in (pre_label, with_it.regions, without_it.regions)
    )
    cut = {side for region in (*drawn, *alone) for side in region.cut}
    shapes = [
        normalise(shapely.union_all([region.shape for region in regions]))
        for regions in (offered, drawn, alone)
    ]
    has_csa = measurement.has_csa(site.plane) and not cut
    return PairedReading(
        image=image.pk,
        subject=image.subject.code,
        dice_with=mean_dice(drawn, offered, image),
        dice_without=mean_dice(alone, offered, image),
        csa=_measured([shape.area for shape in shapes]) if has_csa else None,
        mt=None
        if measurement.is_cut_thickness(cut)
        else _measured([_thickness(site, image, shape) for shape in shapes]),
        seconds_with=with_it.seconds or None,
        seconds_without=without_it.seconds or None,
    )


def _measured(values: Sequence[float]) -> Measured | None:
    """Of pre-label, reading with it and without; None where the pre-label has nothing."""
    pre_label, with_it, without_it = values
    return Measured(pre_label, with_it, without_it) if pre_label > 0 else None


def _thickness(site: Site, image: Image, shape: shapely.MultiPolygon) -> float:
    """In mm with a calibration, else in px; 0 for an empty shape."""
    if shape.is_empty:
        return 0.0
    found = measurement.thickness(shape, site.thickness_definition, spacing_of(image))
    return found.value_px if found.value_mm is None else found.value_mm


def _worked(annotation: Annotation, work: Sequence[Revision]) -> Worked | None:
    seconds = sum(one.seconds for one in work if one.author_id == annotation.author_id)
    is_plain = all(one.origin in FROM_SCRATCH_OR_PRE_LABEL and not one.decision for one in work)
    if not is_plain or seconds <= 0:
        return None
    return Worked(
        image_id=annotation.image_id,
        subject_code=annotation.image.subject.code,
        at=work[-1].created_at,
        seconds=seconds,
        with_pre_label=annotation.offered_id is not None,
    )


def _offered(reference: Reference) -> Suggestion | None:
    """What the reader had whose work was approved, or corrected and approved."""
    revision = reference.revision
    if reference.how == Reference.How.CORRECTED and revision.based_on is not None:
        return revision.based_on.annotation.offered
    return revision.annotation.offered


def _kept(reference: Reference, offered: Suggestion) -> Kept:
    return Kept(
        image_id=reference.image_id,
        subject_code=reference.image.subject.code,
        at=reference.created_at,
        version=offered.version,
        dice=mean_dice(
            regions_from_json(offered.regions),
            regions_from_json(reference.revision.regions),
            reference.image,
        ),
    )
