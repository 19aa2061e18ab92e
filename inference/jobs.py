"""Job handlers of this app, and what sets them off."""

from __future__ import annotations

from core import events
from core.jobs import register
from inference.models import Purpose
from inference.selectors import works
from inference.services import prediction, prelabelling, readings, uploading


def register_all() -> None:
    """Register the handlers and subscriptions of this app."""
    register(prelabelling.KIND, prelabelling.run, says=works.prelabels)
    register(readings.KIND, readings.run, says=works.readings)
    register(uploading.KIND, uploading.run, says=works.registration)
    events.subscribe("image_added", prelabel_new_image)
    events.subscribe("image_moved", prelabel_new_image)
    events.subscribe("annotation_approved", read_approved_image)
    events.subscribe("model_promoted", outline_again)
    events.subscribe("subject_withdrawn", erase_predictions)


def prelabel_new_image(*, image_id: int, site_id: int) -> None:
    """A scan arrived at a site."""
    prelabelling.submit_if_served(site_id)


def read_approved_image(*, annotation_id: int, image_id: int, site_id: int) -> None:
    """A scan has a reference: the model reads it too."""
    readings.submit_if_served(site_id)


def outline_again(*, site_id: int, purpose: str) -> None:
    """Another model serves the site: untouched scans get its pre-label, read ones its reading."""
    if purpose == Purpose.PRE_LABEL:
        prelabelling.submit_if_served(site_id)
    else:
        readings.submit_if_served(site_id)


def erase_predictions(*, subject_id: int) -> None:
    """A subject withdrew consent: what models outlined on its scans goes with its contours."""
    prediction.erase_subject(subject_id)
