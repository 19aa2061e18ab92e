"""What waits for an expert, in four columns, each of them to its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from django.db.models import F, QuerySet
from django.utils import timezone

from annotation.models import (
    Annotation,
    Image,
    Reference,
    Review,
    Revision,
    Study,
    Suggestion,
)
from annotation.selectors.review_lists import (
    PAIRS,
    TITLES,
    TO_REVIEW,
    WAITING,
    Entry,
    ReviewList,
    entries,
)
from core.models import User
from domain.comparison import changed_share
from domain.errors import InvalidGeometry
from domain.geometry import regions_from_json

COLUMN_SIZE = 24
RETURNED, APPROVED = "returned", "approved"
COLUMNS = (TO_REVIEW, PAIRS, RETURNED, APPROVED)
LISTS = (*COLUMNS, WAITING)
EMPTY = {
    TO_REVIEW: "Nothing waits for a review.",
    PAIRS: "No scan with two readings waits for a decision.",
    WAITING: "No scan waits for another reader.",
    RETURNED: "Nothing is with its author for changes.",
    APPROVED: "Nothing was approved today yet.",
}
DETAILS = ("image__site", "image__subject", "image__take__scan__visit", "author")


@dataclass(frozen=True)
class Card:
    """One scan on the board: whose work, and one line on why it stands where it stands.

    `readings` holds the regions of both readers where two are compared.
    """

    image: Image
    annotation: Annotation | None
    line: str
    readings: Sequence[list[dict[str, Any]]] = ()


@dataclass(frozen=True)
class Column:
    """One page of one list of the board, the most needful first; `number` counts pages from 1."""

    wanted: ReviewList
    title: str
    empty: str
    cards: Sequence[Card] = field(default_factory=tuple)
    count: int = 0
    waiting: int = 0
    number: int = 1

    @property
    def note(self) -> str:
        """What is left out of it, in words."""
        if not self.waiting:
            return ""
        scans = "1 scan waits" if self.waiting == 1 else f"{self.waiting} scans wait"
        return f"{scans} for the second reader."

    @property
    def first(self) -> int:
        """The number of the first card in the list, from 1."""
        return (self.number - 1) * COLUMN_SIZE + 1

    @property
    def last(self) -> int:
        """The number of the last one."""
        return self.first + len(self.cards) - 1

    @property
    def has_more(self) -> bool:
        """Whether the list goes on after this page."""
        return self.last < self.count


def columns(user: User, study: Study, wanted: ReviewList) -> list[Column]:
    """The first page of each, narrowed as `wanted` is: to review, readings that disagree, returned,
    approved today."""
    return [column(user, study, replace(wanted, name=name)) for name in COLUMNS]


def column(user: User, study: Study, wanted: ReviewList, number: int = 1) -> Column:
    """One page of a list; of one beyond its end, the last."""
    if wanted.name == RETURNED:
        return _returned(study, wanted, number)
    if wanted.name == APPROVED:
        return _approved_today(study, wanted, number)
    found = entries(user, study, wanted)
    number = _within(number, len(found))
    waiting = 0
    if wanted.name == TO_REVIEW:
        waiting = len(entries(user, study, replace(wanted, name=WAITING)))
    return Column(
        wanted,
        TITLES[wanted.name],
        EMPTY[wanted.name],
        _cards(found[_slice(number)]),
        len(found),
        waiting=waiting,
        number=number,
    )


def _within(number: int, count: int) -> int:
    """The number of the page, or of the last one."""
    return max(1, min(number, -(-count // COLUMN_SIZE)))


def _slice(number: int) -> slice:
    return slice((number - 1) * COLUMN_SIZE, number * COLUMN_SIZE)


def _page_of(rows: QuerySet[Any], number: int) -> tuple[int, int, list[Any]]:
    count = rows.count()
    number = _within(number, count)
    return count, number, list(rows[_slice(number)])


def _cards(found: Sequence[Entry]) -> list[Card]:
    ids = [pk for entry in found for pk in entry.annotation_ids]
    annotations = Annotation.objects.select_related(*DETAILS).in_bulk(ids)
    work = _heads(ids)
    images = [entry.image_id for entry in found]
    offered = {
        one.image_id: one.regions
        for one in Suggestion.objects.filter(
            image__in=images, hidden=False, state=Suggestion.State.CURRENT
        ).only("image_id", "regions")
    }
    return [
        _pair_card([annotations[pk] for pk in entry.annotation_ids], work)
        if len(entry.annotation_ids) > 1
        else _reviewed_card(
            annotations[entry.annotation_ids[0]],
            work.get(entry.annotation_ids[0]),
            offered.get(entry.image_id),
        )
        for entry in found
    ]


def _reviewed_card(
    annotation: Annotation, head: Revision | None, offered: list[dict[str, object]] | None
) -> Card:
    author = annotation.author.get_username()
    if head is not None and head.decision:
        return Card(annotation.image, annotation, f"{author}: {head.get_decision_display()}")
    if head is None or offered is None:
        return Card(annotation.image, annotation, f"{author}, drawn without a pre-label")
    share = _share(offered, head.regions)
    return Card(annotation.image, annotation, f"{author}, changed {share:.0%} of the pre-label")


def _pair_card(pair: Sequence[Annotation], heads: dict[int, Revision]) -> Card:
    """Names by the alphabet: whose reading is A and whose is B is not told."""
    image = pair[0].image
    names = " and ".join(sorted(str(one.author) for one in pair))
    found = [heads[reading.pk].regions for reading in pair if reading.pk in heads]
    share = _share(found[0], found[1])
    line = f"{names} differ on {share:.0%} of the area"
    return Card(image, pair[0], line, readings=found)


def _returned(study: Study, wanted: ReviewList, number: int) -> Column:
    returned = Annotation.objects.filter(
        image__study=study, image__erased_at__isnull=True, state=Annotation.State.RETURNED
    ).select_related(*DETAILS)
    if wanted.site:
        returned = returned.filter(image__site__slug=wanted.site)
    if wanted.author:
        returned = returned.filter(author__username=wanted.author)
    count, number, annotations = _page_of(returned.order_by("-changed_at", "-id"), number)
    reviews = Review.objects.filter(
        revision__annotation__in=[annotation.pk for annotation in annotations],
        decision=Review.Decision.RETURN,
    ).select_related("revision")
    reasons = {review.revision.annotation_id: review.reason for review in reviews.order_by("id")}
    cards = [
        Card(one.image, one, f"{one.author.get_username()}: {reasons.get(one.pk, '')}")
        for one in annotations
    ]
    return Column(wanted, "Returned", EMPTY[RETURNED], cards, count, number=number)


def _approved_today(study: Study, wanted: ReviewList, number: int) -> Column:
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    accepted = Reference.objects.filter(
        image__study=study,
        image__erased_at__isnull=True,
        superseded_at__isnull=True,
        created_at__gte=today,
        created_at__lt=today + timedelta(days=1),
    )
    if wanted.site:
        accepted = accepted.filter(image__site__slug=wanted.site)
    if wanted.author:
        accepted = accepted.filter(revision__author__username=wanted.author)
    related = ("image__site", "image__subject", "image__take__scan__visit", "accepted_by")
    rows = accepted.select_related(*related).order_by("-id")
    count, number, references = _page_of(rows, number)
    cards = [
        Card(one.image, None, f"{one.get_how_display()} ({one.accepted_by.get_username()})")
        for one in references
    ]
    return Column(wanted, "Approved today", EMPTY[APPROVED], cards, count, number=number)


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
