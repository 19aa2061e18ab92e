"""What every page knows: the study that is open and the person's role in it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from annotation.policies import role_of
from annotation.selectors.studies import open_study, studies_of


def current_study(request: HttpRequest) -> dict[str, Any]:
    """Template context: `study`, `role`, `studies`."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"study": None, "role": "", "studies": []}
    study = open_study(request)
    return {
        "study": study,
        "role": role_of(user, study) if study else "",
        "studies": studies_of(user),
    }
