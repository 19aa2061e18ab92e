"""Offering a model's outlines for one scan after the other, as a job that can be cancelled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from annotation.services import suggestions
from core.jobs import JobContext
from domain.errors import MyotraceError, Refused
from inference.models import ModelVersion, Purpose
from inference.selectors import pointers
from inference.services import intervals, prediction

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from annotation.models import Image, Site

Awaiting = Callable[[], "QuerySet[Image]"]


def chosen_model(
    site: Site, model_id: int | None, purpose: str = Purpose.PRE_LABEL
) -> ModelVersion:
    """The site's model of that key, or the one that serves. Raises Refused where none does."""
    if model_id is not None:
        return ModelVersion.objects.select_related("site").get(pk=model_id, site=site)
    model = pointers.current_model(site, purpose)
    if model is None:
        raise Refused(f"{site.slug} has no current model: train one and promote it first.")
    return model


def offer_all(
    context: JobContext, model: ModelVersion, awaiting: Awaiting, *, hidden: bool = False
) -> dict[str, Any]:
    """Offer the model's outlines for every image that `awaiting` gives, later arrivals included.

    An image that no longer waits when its prediction is ready is passed over; one that cannot be
    predicted is named in the log. Raises Refused where none could be.
    """
    suggested, failed = 0, 0
    for image, done, known in _each(awaiting):
        context.raise_if_cancelled()
        context.progress(done / known, f"{model.name}: scan {done + 1} of {known}")
        try:
            suggested += _offer(context, model, image, awaiting, hidden=hidden)
        except MyotraceError as error:
            failed += 1
            context.log(f"{image}: {error}")
    if failed and not suggested:
        raise Refused(f"No scan could be outlined ({failed} failed): see the log.")
    return {"model": model.name, "suggested": suggested, "failed": failed}


def _each(awaiting: Awaiting) -> Iterator[tuple[Image, int, int]]:
    """Each awaiting image once, with how many were met before it and how many are known of."""
    met: set[int] = set()
    while waiting := [pk for pk in awaiting().values_list("pk", flat=True) if pk not in met]:
        known = len(met) + len(waiting)
        for pk in waiting:
            image = awaiting().filter(pk=pk).select_related("site", "subject", "study").first()
            if image is not None:
                yield image, len(met), known
            met.add(pk)


def _offer(
    context: JobContext, model: ModelVersion, image: Image, awaiting: Awaiting, *, hidden: bool
) -> int:
    """1 if the image still waits after the prediction and got its outlines, else 0."""
    predicted = prediction.of_image(model, image)
    with context.publish():
        if not awaiting().filter(pk=image.pk).exists():
            return 0
        suggestions.offer(
            image,
            predicted.regions,
            source=intervals.SOURCE,
            version=model.name,
            probability=predicted.probability,
            payload=intervals.described(model, predicted.payload),
            uncertainty_map=b"" if hidden else bytes(predicted.uncertainty_map),
            hidden=hidden,
        )
    return 1
