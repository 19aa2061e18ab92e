"""The lists that an expert decides from, in the order of the board, with the way through them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Max, QuerySet

from annotation.models import Annotation, Study
from annotation.selectors.queue import ready_for_review, waiting_for_readers
from core.models import User

TO_REVIEW, PAIRS, WAITING = "review", "pairs", "waiting"
TITLES = {
    TO_REVIEW: "To review",
    PAIRS: "Readings that disagree",
    WAITING: "Waiting for another reader",
}
UNKNOWN_NEED = 0.5
"""Of work that there was nothing to compare with."""


@dataclass(frozen=True)
class ReviewList:
    """A list with what it is narrowed to: a site's slug, an author's name. Travels in addresses."""

    name: str = TO_REVIEW
    site: str = ""
    author: str = ""

    @property
    def query(self) -> str:
        """As it stands in an address, after the question mark."""
        values = {"list": self.name, "site": self.site, "author": self.author}
        return urlencode({name: value for name, value in values.items() if value})

    @property
    def title(self) -> str:
        """What people call it."""
        return TITLES[self.name]


Place = tuple[float, int, int, int]
"""Minus the need of the take, then take, frame and image: the most needful take comes first, the
oldest of equals, and the frames of a sweep stay together in their order."""


@dataclass(frozen=True)
class Entry:
    """One scan of a list with the readings of it that wait; `place` orders the list."""

    image_id: int
    annotation_ids: tuple[int, ...]
    place: Place


def entries(user: User, study: Study, wanted: ReviewList) -> list[Entry]:
    """All that is in a list, in its order."""
    waiting = _waiting(user, study, wanted)
    columns = ("image", "pk", "author__username", *PLACE)
    of_image: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for image_id, *row in waiting.order_by("id").values_list(*columns):
        of_image[image_id].append(tuple(row))
    takes = _needs_of_takes(waiting)
    found = [
        Entry(image_id, tuple(row[0] for row in rows), _place_of(image_id, rows, takes))
        for image_id, rows in of_image.items()
        if (not wanted.author or any(row[1] == wanted.author for row in rows))
        and (wanted.name == WAITING or (len(rows) > 1) == (wanted.name == PAIRS))
    ]
    return sorted(found, key=lambda entry: entry.place)


def following(
    user: User,
    study: Study,
    wanted: ReviewList,
    *,
    after: Annotation | None = None,
    but: int | None = None,
) -> Annotation | None:
    """The first reading of the list's next scan after the one of `after`, decided or not, and not
    of image `but`; None at the end."""
    found = [one for one in entries(user, study, wanted) if one.image_id != but]
    if after is not None:
        place = _place(after)
        found = [one for one in found if one.place > place]
    return Annotation.objects.get(pk=found[0].annotation_ids[0]) if found else None


PLACE = ("image__take", "image__frame")


def _waiting(user: User, study: Study, wanted: ReviewList) -> QuerySet[Annotation]:
    those = waiting_for_readers if wanted.name == WAITING else ready_for_review
    waiting = those(user, study)
    return waiting.filter(image__site__slug=wanted.site) if wanted.site else waiting


def _place(annotation: Annotation) -> Place:
    """The place of a scan, which stays when it, or another frame of its take, is decided."""
    readings = Annotation.objects.filter(image=annotation.image_id)
    rows = list(readings.values_list("pk", "author__username", *PLACE))
    return _place_of(annotation.image_id, rows, _needs_of_takes(readings))


def _place_of(image_id: int, rows: Sequence[tuple[Any, ...]], takes: dict[int, float]) -> Place:
    *_, take, frame = rows[0]
    return (-takes[take], take, frame, image_id)


def _needs_of_takes(annotations: QuerySet[Annotation]) -> dict[int, float]:
    """The need of the most needful frame of each take that some of the work is on, decided or
    not."""
    takes = annotations.order_by().values("image__take")
    frames = Annotation.objects.filter(image__take__in=takes)
    needs = frames.order_by().values_list("image__take").annotate(most=Max("need"))
    return {take: UNKNOWN_NEED if most is None else most for take, most in needs}
