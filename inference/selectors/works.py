"""What the jobs of this app do to what, in words."""

from __future__ import annotations

from typing import Any

from annotation.selectors.studies import site_with_id
from core.jobs import Work
from inference.selectors.versions import model_with_id


def prelabels(params: dict[str, Any]) -> Work:
    """Pre-labels of a site's untouched scans."""
    site, key = site_with_id(params["site"]), params.get("model")
    by = f" by {model_with_id(key).name}" if key else ""
    pages = ("images", f"site:{site.pk}", *([f"model:{key}"] if key else []))
    return Work(f"Pre-labels of {site.name}{by}", pages)


def readings(params: dict[str, Any]) -> Work:
    """A model's hidden readings of approved scans."""
    return Work(f"The model's readings of {site_with_id(params['site']).name}")


def registration(params: dict[str, Any]) -> Work:
    """The check of a model of one's own."""
    site = site_with_id(params["site"])
    return Work(f"Check of a model for {site.name}", (f"site:{site.pk}",))
