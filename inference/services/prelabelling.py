"""Pre-labels: what the current model outlines on scans that nobody has worked on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotation.policies import require_admin
from annotation.selectors import images
from annotation.selectors.studies import site_with_id
from core.jobs import JobContext
from core.selectors.jobs import is_waiting
from core.services import jobs
from domain.errors import InvalidInput
from inference.models import ModelVersion
from inference.selectors import pointers
from inference.services.offering import chosen_model, offer_all

if TYPE_CHECKING:
    from annotation.models import Site
    from core.models import Job, User

KIND = "prelabel"


def submit(site: Site, actor: User | None, model: ModelVersion | None = None) -> Job:
    """Queue the pre-labelling of a site's untouched scans, by `model` or else the current one.

    Raises NotAllowed for all but the study's admins (None is the system itself), Refused where
    the site has no model, InvalidInput for another site's.
    """
    if actor is not None:
        require_admin(actor, site.study)
    if model is not None and model.site_id != site.pk:
        raise InvalidInput(f"{model.name} is not a model of the site {site.slug}.")
    chosen_model(site, model.pk if model else None)
    return jobs.submit(KIND, _params(site.pk, model), actor=actor, scope=site.study.name)


def submit_if_served(site_id: int) -> None:
    """Queue the pre-labelling of a site that has a model, unless it waits in the queue already.

    A running job does not count as waiting: it may have looked before the scan arrived.
    """
    model = pointers.current_model(site_id)
    if model is None:
        return
    scope = model.site.study.name
    if not is_waiting(KIND, scope, _params(site_id, None)):
        submit(model.site, None)


def run(context: JobContext) -> dict[str, Any]:
    """The job: a suggestion for each awaiting scan."""
    site = site_with_id(context.params["site"])
    model = chosen_model(site, context.params.get("model"))
    return offer_all(context, model, lambda: images.awaiting_prelabel(site, version=model.name))


def _params(site_id: int, model: ModelVersion | None) -> dict[str, Any]:
    return {"site": site_id} if model is None else {"site": site_id, "model": model.pk}
