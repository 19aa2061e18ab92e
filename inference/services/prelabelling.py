"""Pre-labels: what the current model outlines on scans that nobody has worked on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from annotation.policies import require_admin
from annotation.selectors import images
from annotation.selectors.studies import site_with_id
from annotation.services import suggestions
from core.jobs import JobContext
from core.selectors.jobs import is_waiting
from core.services import jobs
from domain.errors import InvalidInput, MyotraceError, Refused
from inference.models import ModelVersion, Purpose
from inference.selectors import pointers
from inference.services import prediction

if TYPE_CHECKING:
    from annotation.models import Image, Site
    from core.models import Job, User

KIND = "prelabel"
SOURCE = "model"


def submit(site: Site, actor: User | None, model: ModelVersion | None = None) -> Job:
    """Queue the pre-labelling of a site's untouched scans, by `model` or else the current one.

    Raises NotAllowed for all but the study's admins (None is the system itself), Refused where
    the site has no model, InvalidInput for another site's.
    """
    if actor is not None:
        require_admin(actor, site.study)
    if model is not None and model.site_id != site.pk:
        raise InvalidInput(f"{model.name} is not a model of the site {site.slug}.")
    if model is None and pointers.current_model(site) is None:
        raise Refused(f"{site.slug} has no current model: train one and promote it first.")
    return jobs.submit(KIND, _params(site, model), actor=actor, scope=site.study.name)


def submit_if_served(site_id: int) -> None:
    """Queue the pre-labelling of a site that has a model, unless it waits in the queue already.

    A running job does not count as waiting: it may have looked before the scan arrived.
    """
    model = pointers.current_model(site_id)
    if model is None:
        return
    site = model.site
    if not is_waiting(KIND, site.study.name, _params(site, None)):
        submit(site, None)


def run(context: JobContext) -> dict[str, Any]:
    """The job: offer a suggestion for each awaiting scan, those that arrive meanwhile included."""
    site = site_with_id(context.params["site"])
    model = _model(site, context.params.get("model"))
    suggested, failed = 0, 0
    for image, done, known in _awaiting(site, model):
        context.raise_if_cancelled()
        context.progress(done / known, f"{model.name}: scan {done + 1} of {known}")
        try:
            suggested += _offer(context, model, image)
        except MyotraceError as error:
            failed += 1
            context.log(f"{image}: {error}")
    if failed and not suggested:
        raise Refused(f"No scan could be pre-labelled ({failed} failed): see the log.")
    return {"model": model.name, "suggested": suggested, "failed": failed}


def _params(site: Site, model: ModelVersion | None) -> dict[str, Any]:
    return {"site": site.pk} if model is None else {"site": site.pk, "model": model.pk}


def _model(site: Site, model_id: int | None) -> ModelVersion:
    if model_id is not None:
        return ModelVersion.objects.select_related("site").get(pk=model_id, site=site)
    model = pointers.current_model(site, Purpose.PRE_LABEL)
    if model is None:
        raise Refused(f"{site.slug} has no current model any more.")
    return model


def _awaiting(site: Site, model: ModelVersion) -> Iterator[tuple[Image, int, int]]:
    """Each awaiting scan once, with how many were met before it and how many are known of."""
    met: set[int] = set()
    while True:
        awaiting = images.awaiting_prelabel(site, version=model.name)
        waiting = [pk for pk in awaiting.values_list("pk", flat=True) if pk not in met]
        if not waiting:
            return
        known = len(met) + len(waiting)
        for pk in waiting:
            image = awaiting.filter(pk=pk).select_related("site", "subject", "study").first()
            if image is not None:
                yield image, len(met), known
            met.add(pk)


def _offer(context: JobContext, model: ModelVersion, image: Image) -> int:
    """1 if the scan still waits after the prediction and got its suggestion, else 0."""
    predicted = prediction.of_image(model, image)
    with context.publish():
        awaiting = images.awaiting_prelabel(model.site, version=model.name)
        if not awaiting.filter(pk=image.pk).exists():
            return 0
        suggestions.offer(
            image,
            predicted.regions,
            source=SOURCE,
            version=model.name,
            probability=predicted.probability,
            payload=predicted.payload,
        )
    return 1
