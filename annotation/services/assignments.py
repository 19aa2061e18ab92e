"""Asking for images in an order that a query round gave, and whose screen a free one is on."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from annotation.models import Annotation, Assignment, Image, Reservation, Scan, Site, Study
from annotation.policies import can_take_reading
from annotation.selectors.editor import next_to_outline
from annotation.selectors.queue import CLOSED
from annotation.selectors.reservations import held_by_others
from core.models import User
from domain.errors import Refused

HELD_FOR = timedelta(minutes=10)
"""How long a scan stays reserved that is shown, or fetched ahead; an open page renews it sooner."""
MOST_TRIES = 20


def ask(image: Image, *, rank: int, reason: str) -> None:
    """Put an image that nobody has taken at this place of the queue, with the reason to show.

    A double reading keeps its two blind readings; both get the rank.
    """
    with transaction.atomic():
        ranked = Assignment.objects.filter(image=image, person__isnull=True).update(
            rank=rank, reason=reason[:300]
        )
        if not ranked and not Assignment.objects.filter(image=image).exists():
            Assignment.objects.create(image=image, rank=rank, reason=reason[:300])


def forget_ranks(site: Site) -> None:
    """Take back the ranks of a site's earlier query rounds where nobody has begun."""
    Assignment.objects.filter(
        image__site=site, person__isnull=True, done_at__isnull=True, rank__isnull=False
    ).update(rank=None, reason="")


def reserve(image: Image, person: User) -> None:
    """Keep a scan that is shown to a person for them; one that they have already needs nothing.

    Raises Refused where every free reading is on others' screens.
    """
    if not _can_be_begun(image, person):
        return
    with transaction.atomic():
        Scan.objects.select_for_update().get(takes=image.take_id)
        if held_by_others(person, Q(image=image)):
            raise Refused(
                "Somebody else has this scan open. Open the next one; this one is offered again "
                "when they leave it."
            )
        Reservation.objects.filter(until__lte=timezone.now()).delete()
        Reservation.objects.update_or_create(
            image=image, person=person, defaults={"until": timezone.now() + HELD_FOR}
        )


def release(image: Image, person: User) -> None:
    """The person has left the scan."""
    Reservation.objects.filter(image=image, person=person).delete()


def reserve_next(person: User, study: Study, *, after: int | None = None) -> Image | None:
    """The scan to outline next, kept for the person; where another was quicker, the one after."""
    for _ in range(MOST_TRIES):
        image = next_to_outline(person, study, after=after)
        if image is None or _is_reserved(image, person):
            return image
    return None


def _is_reserved(image: Image, person: User) -> bool:
    try:
        reserve(image, person)
    except Refused:
        return False
    return True


def _can_be_begun(image: Image, person: User) -> bool:
    if image.state in CLOSED or not can_take_reading(person, image):
        return False
    if Annotation.objects.filter(image=image, author=person).exists():
        return False
    readers = list(Assignment.objects.filter(image=image).values_list("person", flat=True))
    return person.pk not in readers and (not readers or None in readers)
