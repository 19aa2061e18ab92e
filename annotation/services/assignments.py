"""Asking for images in an order that a query round gave."""

from __future__ import annotations

from django.db import transaction

from annotation.models import Assignment, Image, Site


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
