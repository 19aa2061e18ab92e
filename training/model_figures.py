"""The plots on a model's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from annotation.selectors.thumbnails import PIXELS
from core import plots
from training.selectors import evaluations, model_pages

if TYPE_CHECKING:
    from training.models import Evaluation


def by_subject(evaluation: Evaluation) -> plots.Figure:
    """Dice by subject as dots, one for each scan.

    Validation scans show their picture and open; test scans do neither, since a look is counted.
    """
    shows_pictures = evaluation.partition == model_pages.VALIDATION
    found = model_pages.images_by_subject(evaluations.rows_of(evaluation))
    groups = [
        plots.Group(
            subject,
            [_dot(evaluation, subject, *image, shows_pictures) for image in images],
            mean=sum(dice for _, dice in images) / len(images),
        )
        for subject, images in found.items()
    ]
    return plots.dots(
        f"dice-{evaluation.partition}",
        f"Dice by subject, {evaluation.partition}",
        groups,
        value_label="Dice",
        value_range=(0.0, 1.0) if _lowest(found) < 0.5 else (0.5, 1.0),
    )


def _dot(
    evaluation: Evaluation, subject: str, image_id: int, dice: float, shows_pictures: bool
) -> plots.Dot:
    title = f"{subject}: Dice {dice:.3f}"
    if not shows_pictures:
        return plots.Dot(dice, title)
    study = evaluation.model.site.study.name
    href = reverse("annotation:image", args=[study, image_id])
    return plots.Dot(dice, title, href=href, picture=PIXELS.format(id=image_id))


def _lowest(found: dict[str, list[tuple[int, float]]]) -> float:
    return min((dice for images in found.values() for _, dice in images), default=1.0)
