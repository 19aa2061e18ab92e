"""Whose screens scans are on that nobody has begun."""

from __future__ import annotations

from collections import Counter

from django.db.models import Q
from django.utils import timezone

from annotation.models import Assignment, Reservation
from core.models import User


def held_by_others(user: User, where: Q) -> list[int]:
    """Images, of the reservations `where`, of which others' screens have every free reading.

    An image that is assigned to nobody has one reading; a double reading has as many as are free.
    """
    held = Reservation.objects.filter(where, until__gt=timezone.now()).exclude(person_id=user.pk)
    screens = Counter(held.values_list("image", flat=True))
    if not screens:
        return []
    readings = Assignment.objects.filter(image__in=screens).values_list("image", "person")
    assigned = {image for image, _ in readings}
    free = Counter(image for image, person in readings if person is None)
    return [
        image
        for image, count in screens.items()
        if count >= (free[image] if image in assigned else 1)
    ]
