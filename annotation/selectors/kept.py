"""Outlines that files brought beside work done here."""

from __future__ import annotations

from django.db.models import QuerySet

from annotation.models import Image, KeptOutline


def open_on(image: Image) -> QuerySet[KeptOutline]:
    """Those of an image that nobody has decided on, the newest first."""
    kept = KeptOutline.objects.filter(image=image, decided_at__isnull=True)
    return kept.select_related("source", "author", "image__study").order_by("-source")
