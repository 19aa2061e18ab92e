"""What an expert decides on, and what is told of a decision: whose work, which round, what was
remarked, how the readings differ, and what was decided before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse

from annotation.models import (
    HANDED_IN,
    Annotation,
    Assignment,
    Image,
    Issue,
    Reference,
    Review,
    Revision,
)
from annotation.policies import is_double_read, is_test_subject
from annotation.selectors import thumbnails, work
from annotation.selectors.annotations import head_revision
from annotation.selectors.comparisons import Comparison
from annotation.selectors.images import spacing_of
from annotation.selectors.thumbnails import Thumbnail
from core.models import User
from core.numbers import AREA_UNITS, AreaUnit, number
from domain.comparison import OutlineChange, compare
from domain.errors import InvalidGeometry
from domain.geometry import regions_from_json

RETURNED_VERSION = "returned-version"


@dataclass(frozen=True)
class Figures:
    """How one outline differs from another, label by label; lengths in `unit`, areas in
    `area`."""

    title: str
    unit: str
    area: AreaUnit
    rows: Sequence[tuple[str, OutlineChange]]

    @property
    def lines(self) -> list[tuple[str, OutlineChange, str]]:
        """Each label with its change, and the change of its CSA as text, in the site's unit."""
        return [(label, change, self._area_text(change)) for label, change in self.rows]

    def _area_text(self, change: OutlineChange) -> str:
        if change.csa_mm2 is None:
            return ""
        value = number(change.csa_mm2 * self.area.per_mm2, self.area.places, sign=True)
        return f"{value} {self.area.sign}"


@dataclass(frozen=True)
class ShownReading:
    """One of several finished readings of a scan, as a picture that leads to it."""

    name: str
    address: str
    is_shown: bool
    picture: Thumbnail


@dataclass(frozen=True)
class Deciding:
    """What stands beside the outline under review.

    `whose`: the author, or that it is one of a blind pair, whose readers are not named. `round`
    counts from 1. `decisions`: all on the scan, the newest first; `reference`: what stands.
    """

    whose: str
    name: str
    is_blind: bool
    round: int
    return_reason: str
    readings: Sequence[ShownReading] = field(default_factory=tuple)
    figures: Sequence[Figures] = field(default_factory=tuple)
    decisions: Sequence[Review] = field(default_factory=tuple)
    reference: Reference | None = None


def deciding(user: User, annotation: Annotation, asked: str, role: str) -> Deciding:
    """What an expert, or an admin who looks on, sees of the work and the decisions on it.

    `asked`: the query of the address, which goes along to the other readings.
    """
    image = annotation.image
    readings = _readings(image)
    is_blind = is_double_read(image)
    name = _name(annotation, readings, is_blind)
    before = _last_return(annotation)
    alone = f"by {name}" if len(readings) < 2 else f"by {name}, one of {len(readings)} readings"
    return Deciding(
        whose=f"Reading {name} of a blind pair" if is_blind else alone,
        name=name,
        is_blind=is_blind,
        round=round_of(annotation),
        return_reason=before.reason if before else "",
        readings=_shown(annotation, readings, is_blind, asked, user, role),
        figures=_figures(annotation, readings, is_blind, before),
        decisions=work.decisions_on(image),
        reference=work.current_reference(image),
    )


def overlays(annotation: Annotation) -> list[Comparison]:
    """What an expert lays over the work: the other finished readings, and the version that was
    returned before this round."""
    readings = _readings(annotation.image)
    is_blind = is_double_read(annotation.image)
    others = [
        Comparison(
            f"reading-{one.pk}",
            f"Reading {_name(one, readings, is_blind)}" if is_blind else f"Reading of {one.author}",
            _regions(head_revision(one)),
        )
        for one in readings
        if one.pk != annotation.pk and one.state in HANDED_IN
    ]
    before = _last_return(annotation)
    if before is None:
        return others
    title = f"As it was returned (round {round_of(annotation) - 1})"
    return [*others, Comparison(RETURNED_VERSION, title, before.revision.regions)]


def reading_name(annotation: Annotation) -> str:
    """What a reading is called: by its author, of a blind pair by its letter."""
    readings = _readings(annotation.image)
    is_blind = is_double_read(annotation.image)
    name = _name(annotation, readings, is_blind)
    return f"Reading {name}" if is_blind else name


def other_readings(reference: Reference, user: User) -> QuerySet[Annotation]:
    """Others' finished readings of the image that the reference does not rest on."""
    source = reference.revision.based_on
    rests_on = [reference.revision.annotation_id, source.annotation_id if source else 0]
    ids = [one.pk for one in _readings(reference.image) if one.state in HANDED_IN]
    return Annotation.objects.filter(pk__in=ids).exclude(pk__in=rests_on).exclude(author=user.pk)


def round_of(annotation: Annotation) -> int:
    """1 until the work is returned, then one more each time."""
    returned = Review.objects.filter(
        revision__annotation=annotation, decision=Review.Decision.RETURN
    )
    return returned.count() + 1


def remarks_on(annotation: Annotation) -> list[Issue]:
    """The remarks of the last return, answered or not, and what is still open of earlier ones."""
    last = _last_return(annotation)
    wanted = Q(resolved_at__isnull=True) | Q(review=last) if last else Q(resolved_at__isnull=True)
    issues = Issue.objects.filter(wanted, review__revision__annotation=annotation)
    return list(issues.order_by("id"))


def corrected(user: User, annotation: Annotation) -> tuple[Figures, Comparison] | None:
    """What an expert changed of the author's outline when it was approved: the figures, and the
    outline itself.

    None where nothing was corrected, on test subjects and the reserve, and while the author has the
    scan to read blind.
    """
    image = annotation.image
    reference = work.current_reference(image)
    if reference is None or annotation.author_id != user.pk:
        return None
    source = reference.revision.based_on
    is_correction = source is not None and source.annotation_id == annotation.pk
    if not is_correction or source is None or is_test_subject(image) or _is_to_read(user, image):
        return None
    by = reference.revision.author
    figures = _compared(image, f"What {by} changed before approving it", source, reference.revision)
    outline = Comparison("correction", f"Corrected by {by}", reference.revision.regions)
    return figures, outline


def _is_to_read(user: User, image: Image) -> bool:
    return Assignment.objects.filter(
        image__take__scan=image.take.scan_id, person=user.pk, blind=True, done_at__isnull=True
    ).exists()


def _readings(image: Image) -> list[Annotation]:
    """People's own readings of an image, the first begun first: no experts' corrections."""
    begun = Annotation.objects.filter(image=image, revision_count__gt=0).exclude(
        state=Annotation.State.DRAFT
    )
    corrections = Revision.objects.filter(
        annotation__image=image, number=1, origin__in=Revision.CORRECTIONS
    )
    readings = begun.exclude(pk__in=corrections.values("annotation"))
    return list(readings.select_related("author", "image").order_by("id"))


def _name(annotation: Annotation, readings: Sequence[Annotation], is_blind: bool) -> str:
    if not is_blind:
        return str(annotation.author)
    ids = [one.pk for one in readings]
    return ascii_uppercase[ids.index(annotation.pk)] if annotation.pk in ids else "of an expert"


def _last_return(annotation: Annotation) -> Review | None:
    return (
        Review.objects.filter(revision__annotation=annotation, decision=Review.Decision.RETURN)
        .select_related("revision__content", "reviewer")
        .order_by("-id")
        .first()
    )


def _regions(revision: Revision | None) -> list[dict[str, Any]]:
    return revision.regions if revision else []


def _shown(
    annotation: Annotation,
    readings: Sequence[Annotation],
    is_blind: bool,
    asked: str,
    user: User,
    role: str,
) -> list[ShownReading]:
    finished = [one for one in readings if one.state in HANDED_IN]
    if len(finished) < 2:
        return []
    image = annotation.image
    picture = thumbnails.of_images([image], user, role)[image.pk]
    return [
        ShownReading(
            _name(one, readings, is_blind),
            reverse("annotation:review", args=[image.study.name, one.pk]) + asked,
            one.pk == annotation.pk,
            thumbnails.with_readings(picture, [_regions(head_revision(one))]),
        )
        for one in finished
    ]


def _figures(
    annotation: Annotation, readings: Sequence[Annotation], is_blind: bool, before: Review | None
) -> list[Figures]:
    image = annotation.image
    head = head_revision(annotation)
    if head is None:
        return []
    found = []
    for one in readings:
        other = head_revision(one)
        if one.pk == annotation.pk or one.state not in HANDED_IN or other is None:
            continue
        here, there = (_name(work_, readings, is_blind) for work_ in (annotation, one))
        found.append(_compared(image, f"From {there} to {here}", other, head))
    if before is not None and before.revision_id != head.pk:
        found.append(_compared(image, "Since it was returned", before.revision, head))
    return found


def _compared(image: Image, title: str, first: Revision, second: Revision) -> Figures:
    spacing = spacing_of(image)
    labels = {label.name: label.title or label.name for label in image.site.labels.all()}
    try:
        changes = compare(
            regions_from_json(first.regions),
            regions_from_json(second.regions),
            height=image.height,
            width=image.width,
            spacing=spacing,
            plane=image.site.plane,
            thickness_definition=image.site.thickness_definition,
        )
    except InvalidGeometry:
        changes = []
    rows = [(labels.get(change.label, change.label), change) for change in changes]
    return Figures(title, "mm" if spacing else "px", AREA_UNITS[image.site.area_unit], rows)
