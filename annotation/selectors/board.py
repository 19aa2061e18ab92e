"""What waits for an expert, in four columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import shapely
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from annotation.models import (
    Annotation,
    Assignment,
    Image,
    Reference,
    Review,
    Revision,
    Study,
    Suggestion,
)
from annotation.selectors.queue import waiting_for_review
from core.models import User
from domain.errors import InvalidGeometry
from domain.geometry import Region, regions_from_json

COLUMN_SIZE = 24
COMPARED = 60
"""How many of the longest-waiting scans are compared with their pre-label to sort them."""


@dataclass(frozen=True)
class Filters:
    """What the board is narrowed to: a site's slug, an author's name."""

    site: str = ""
    author: str = ""


@dataclass(frozen=True)
class Card:
    """One scan on the board: whose work, and one line on why it stands where it stands.

    `readings` holds the regions of both readers where two are compared.
    """

    image: Image
    annotation: Annotation | None
    line: str
    need: float = 0.0
    readings: Sequence[list[dict[str, Any]]] = ()


@dataclass(frozen=True)
class Column:
    """One column of the board, the most needful first."""

    title: str
    empty: str
    cards: Sequence[Card] = field(default_factory=tuple)
    count: int = 0
    note: str = ""


def columns(user: User, study: Study, filters: Filters) -> list[Column]:
    """To review, readings that disagree, returned, approved today."""
    return [
        _to_review(user, study, filters),
        _disagreeing(user, study, filters),
        _returned(study, filters),
        _approved_today(study, filters),
    ]


def changed_share(before: Iterable[Region], after: Iterable[Region]) -> float:
    """Area on which two sets of regions differ, over the area that either covers, in [0, 1].

    Labels are compared one by one. 0 where both are empty; 1 where only one is.
    """
    first, second = _by_label(before), _by_label(after)
    different = covered = 0.0
    for label in first.keys() | second.keys():
        one = first.get(label, shapely.Polygon())
        other = second.get(label, shapely.Polygon())
        different += shapely.symmetric_difference(one, other).area
        covered += shapely.union(one, other).area
    return different / covered if covered else 0.0


def _by_label(regions: Iterable[Region]) -> dict[str, shapely.Geometry]:
    shapes: dict[str, list[shapely.Geometry]] = {}
    for region in regions:
        shapes.setdefault(region.label, []).append(region.shape)
    return {label: shapely.union_all(parts) for label, parts in shapes.items()}


def _to_review(user: User, study: Study, filters: Filters) -> Column:
    waiting = _narrowed(waiting_for_review(user, study), filters)
    blind = Assignment.objects.filter(image=OuterRef("image"), blind=True)
    single = waiting.exclude(Exists(blind))
    unread = blind.filter(done_at__isnull=True)
    half = waiting.filter(Exists(blind), Exists(unread)).count()
    annotations = list(single[:COMPARED])
    cards = sorted(_compared_with_prelabel(annotations), key=lambda card: -card.need)
    return Column(
        "To review",
        "Nothing waits for a review.",
        cards[:COLUMN_SIZE],
        single.count(),
        note=_waiting_note(half),
    )


def _waiting_note(half: int) -> str:
    if not half:
        return ""
    scans = "1 scan waits" if half == 1 else f"{half} scans wait"
    return f"{scans} for the second reader."


def _compared_with_prelabel(annotations: Sequence[Annotation]) -> list[Card]:
    work = _heads([annotation.pk for annotation in annotations])
    images = [annotation.image_id for annotation in annotations]
    offered = {
        one.image_id: one.regions
        for one in Suggestion.objects.filter(
            image__in=images, hidden=False, state=Suggestion.State.CURRENT
        ).only("image_id", "regions")
    }
    return [
        _reviewed_card(annotation, work.get(annotation.pk), offered.get(annotation.image_id))
        for annotation in annotations
    ]


def _reviewed_card(
    annotation: Annotation, head: Revision | None, offered: list[dict[str, object]] | None
) -> Card:
    author = annotation.author.get_username()
    if head is not None and head.decision:
        return Card(annotation.image, annotation, f"{author}: {head.get_decision_display()}", 1.0)
    if head is None or offered is None:
        return Card(annotation.image, annotation, f"{author}, drawn without a pre-label", 0.5)
    share = _share(offered, head.regions)
    line = f"{author}, changed {share:.0%} of the pre-label"
    return Card(annotation.image, annotation, line, share)


def _disagreeing(user: User, study: Study, filters: Filters) -> Column:
    blind = Assignment.objects.filter(image=OuterRef("image"), blind=True)
    unread = blind.filter(done_at__isnull=True)
    readings = (
        _narrowed(waiting_for_review(user, study), filters)
        .filter(Exists(blind))
        .exclude(Exists(unread))
        .exclude(image__state=Image.State.APPROVED)
        .order_by("image", "id")
    )
    pairs: dict[int, list[Annotation]] = {}
    for reading in readings[: 2 * COMPARED]:
        pairs.setdefault(reading.image_id, []).append(reading)
    heads = _heads([reading.pk for pair in pairs.values() for reading in pair])
    cards = [_pair_card(pair, heads) for pair in pairs.values()]
    cards.sort(key=lambda card: -card.need)
    count = readings.order_by().values("image").distinct().count()
    empty = "No scan that was read twice waits for a decision."
    return Column("Readings that disagree", empty, cards[:COLUMN_SIZE], count)


def _pair_card(pair: Sequence[Annotation], heads: dict[int, Revision]) -> Card:
    names = " and ".join(reading.author.get_username() for reading in pair)
    found = [heads[reading.pk].regions for reading in pair if reading.pk in heads]
    if len(found) < 2:
        return Card(pair[0].image, pair[0], f"{names}: one reading", 0.5)
    share = _share(found[0], found[1])
    line = f"{names} differ on {share:.0%} of the area"
    return Card(pair[0].image, pair[0], line, share, readings=found)


def _returned(study: Study, filters: Filters) -> Column:
    returned = _narrowed(
        Annotation.objects.filter(
            image__study=study,
            image__erased_at__isnull=True,
            state=Annotation.State.RETURNED,
        ).select_related("image__site", "image__subject", "image__take__scan__visit", "author"),
        filters,
    ).order_by("-changed_at")
    annotations = list(returned[:COLUMN_SIZE])
    reviews = Review.objects.filter(
        revision__annotation__in=[annotation.pk for annotation in annotations],
        decision=Review.Decision.RETURN,
    ).select_related("revision")
    reasons = {review.revision.annotation_id: review.reason for review in reviews.order_by("id")}
    cards = [
        Card(one.image, one, f"{one.author.get_username()}: {reasons.get(one.pk, '')}")
        for one in annotations
    ]
    return Column("Returned", "Nothing is with its author for changes.", cards, returned.count())


def _approved_today(study: Study, filters: Filters) -> Column:
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    accepted = Reference.objects.filter(
        image__study=study,
        image__erased_at__isnull=True,
        superseded_at__isnull=True,
        created_at__gte=today,
        created_at__lt=today + timedelta(days=1),
    )
    if filters.site:
        accepted = accepted.filter(image__site__slug=filters.site)
    if filters.author:
        accepted = accepted.filter(revision__author__username=filters.author)
    related = ("image__site", "image__subject", "image__take__scan__visit", "accepted_by")
    references = accepted.select_related(*related).order_by("-id")
    cards = [
        Card(one.image, None, f"{one.get_how_display()} ({one.accepted_by.get_username()})")
        for one in references[:COLUMN_SIZE]
    ]
    return Column("Approved today", "Nothing was approved today yet.", cards, accepted.count())


def _narrowed(annotations: QuerySet[Annotation], filters: Filters) -> QuerySet[Annotation]:
    condition = Q()
    if filters.site:
        condition &= Q(image__site__slug=filters.site)
    if filters.author:
        condition &= Q(author__username=filters.author)
    return annotations.filter(condition)


def _heads(annotation_ids: Sequence[int]) -> dict[int, Revision]:
    newest = Revision.objects.filter(
        annotation__in=annotation_ids, number=F("annotation__revision_count")
    ).select_related("content", "annotation")
    return {revision.annotation_id: revision for revision in newest}


def _share(before: object, after: object) -> float:
    try:
        return changed_share(regions_from_json(before), regions_from_json(after))
    except InvalidGeometry:
        return 1.0
