"""Making approved references for tests, through the services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from annotation.models import Image, Reference
from annotation.services import outlines, review, workflow
from core.models import User
from tests.conftest import rectangle


def approve(
    image: Image, annotator: User, expert: User, *regions: dict[str, Any], **saved: Any
) -> Reference:
    """The annotator outlines and submits, the expert approves; answers the reference."""
    drawn = list(regions) or [rectangle(5, 5, 40, 30)]
    revision = outlines.save(image, annotator, drawn, base=0, **saved)
    workflow.submit(revision.annotation, annotator)
    review.approve(revision.annotation, revision.number, expert)
    return Reference.objects.get(image=image, superseded_at__isnull=True)


def approved_subjects(
    make_image: Callable[..., Image], annotator: User, expert: User, codes: list[str]
) -> dict[str, Image]:
    """One image with an approved reference per subject code."""
    images = {code: make_image(code) for code in codes}
    for image in images.values():
        approve(image, annotator, expert)
    return images
