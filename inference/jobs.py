"""Job handlers of this app, and what sets them off."""

from __future__ import annotations

from core import events
from core.jobs import register
from inference.models import Purpose
from inference.services import prediction, prelabelling


def register_all() -> None:
    """Register the handlers and subscriptions of this app."""
    register(prelabelling.KIND, prelabelling.run)
    events.subscribe("image_added", prelabel_new_image)
    events.subscribe("image_moved", prelabel_new_image)
    events.subscribe("model_promoted", prelabel_again)
    events.subscribe("subject_withdrawn", erase_predictions)


def prelabel_new_image(*, image_id: int, site_id: int) -> None:
    """A scan arrived at a site."""
    prelabelling.submit_if_served(site_id)


def prelabel_again(*, site_id: int, purpose: str) -> None:
    """Another model serves the site: untouched scans get its pre-label."""
    if purpose == Purpose.PRE_LABEL:
        prelabelling.submit_if_served(site_id)


def erase_predictions(*, subject_id: int) -> None:
    """A subject withdrew consent: what models outlined on its scans goes with its contours."""
    prediction.erase_subject(subject_id)
