"""The model that measures as one more reader: its hidden outlines on scans people have read.

They stand beside the people's on the agreement page and are never shown to an annotator. Which
scans count is `annotation.selectors.readings`' matter: no training subject, whom the model has
seen, and no test subject, at whom a look is counted.
"""

from __future__ import annotations

from typing import Any

from annotation.selectors import readings
from annotation.selectors.studies import site_with_id
from core.jobs import JobContext
from core.selectors.jobs import is_waiting
from core.services import jobs
from inference.models import Purpose
from inference.selectors import pointers
from inference.services.offering import chosen_model, offer_all

KIND = "model-readings"


def submit_if_served(site_id: int) -> None:
    """Queue the readings of a site that has a model and lacks some, unless they wait already."""
    model = pointers.current_model(site_id, Purpose.MEASUREMENT)
    if model is None:
        return
    scope, params = model.site.study.name, {"site": site_id}
    lacks = readings.awaiting_model_reading(model.site, version=model.name).exists()
    if lacks and not is_waiting(KIND, scope, params):
        jobs.submit(KIND, params, scope=scope)


def run(context: JobContext) -> dict[str, Any]:
    """The job: a hidden reading of each scan that lacks one."""
    site = site_with_id(context.params["site"])
    model = chosen_model(site, None, Purpose.MEASUREMENT)
    return offer_all(
        context,
        model,
        lambda: readings.awaiting_model_reading(site, version=model.name),
        hidden=True,
    )
