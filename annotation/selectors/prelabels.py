"""What pre-label a version offered on an image."""

from __future__ import annotations

from typing import Any

from annotation.models import Suggestion


def offered_by(version: str, image_id: int) -> list[dict[str, Any]] | None:
    """The newest pre-label of this version on the image, whatever became of it; None: none."""
    offered = Suggestion.objects.filter(image=image_id, version=version, hidden=False)
    return offered.order_by("-id").values_list("regions", flat=True).first()
