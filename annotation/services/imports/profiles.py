"""Remembering how a folder's names are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annotation.models import ImportProfile, Study


def remember(study: Study, name: str, settings: Mapping[str, Any]) -> ImportProfile:
    """Keep the settings of an import under a name, in place of earlier ones."""
    kept = {key: value for key, value in settings.items() if key != "pattern"}
    kept["masks"] = list(kept.get("masks", ()))
    profile, _ = ImportProfile.objects.update_or_create(
        study=study, name=name, defaults={"pattern": settings.get("pattern", ""), "settings": kept}
    )
    return profile
