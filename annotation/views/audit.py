"""Who did what in this study."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from annotation.forms.audit import AuditFilter
from annotation.middleware import StudyRequest
from annotation.models import Study
from annotation.policies import Role, require_role
from core.pages import Pages
from core.selectors.audit import targets_in_words


@require_GET
def audit(request: StudyRequest, study: Study) -> HttpResponse:
    """The audit trail of the study, newest first, 50 acts a page."""
    require_role(request.role, Role.ADMIN)
    form = AuditFilter(study.name, request.GET)
    page = form.page()
    targets = targets_in_words(page.events)
    context = {
        "form": form,
        "events": [(event, targets[event.sequence]) for event in page.events],
        "pages": Pages(
            "",
            _address(request, newer=page.newer_than) if page.newer_than else "",
            _address(request, older=page.older_than) if page.older_than else "",
        ),
    }
    return render(request, "annotation/audit.html", context)


def _address(request: StudyRequest, **mark: int) -> str:
    kept = {name: request.GET[name] for name in ("verb", "actor") if request.GET.get(name)}
    return f"{request.path}?{urlencode(kept | {name: str(at) for name, at in mark.items()})}"
