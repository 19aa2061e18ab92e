"""The keys, and the protocol of each site."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from annotation.middleware import StudyRequest
from annotation.models import Study


@require_GET
def help_page(request: StudyRequest, study: Study) -> HttpResponse:
    """What one needs while drawing: keys and protocols."""
    sites = study.sites.prefetch_related("labels")
    return render(request, "annotation/help.html", {"sites": sites})
