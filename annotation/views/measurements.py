"""The table of measurements, site by site, with its downloads."""

from __future__ import annotations

from itertools import islice

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from annotation.middleware import StudyRequest
from annotation.models import Site, Study
from annotation.policies import Role, require_role
from annotation.reports.measurements import as_excel
from annotation.selectors import measurements as selector
from annotation.selectors.studies import site_named
from core.pages import Empty

SHOWN = 200


@require_GET
def measurements(request: StudyRequest, study: Study) -> HttpResponse:
    """The first measurements of one site; the whole table is the CSV."""
    require_role(request.role, Role.EXPERT, Role.ADMIN)
    sites = list(study.sites.all())
    site = _chosen(request, study, sites)
    rows = []
    if site is not None:
        found = selector.of_study(study, site=site, with_echo_intensity=False)
        rows = list(islice(found, SHOWN + 1))
    context = {
        "sites": sites,
        "site": site,
        "rows": rows[:SHOWN],
        "has_more": len(rows) > SHOWN,
        "left_out": selector.left_out(study, site=site),
        "empty": Empty(
            "Nothing is measured yet",
            "Measurements are made of approved outlines: review what was submitted.",
        ),
    }
    return render(request, "annotation/measurements.html", context)


@require_GET
def export(request: StudyRequest, study: Study) -> StreamingHttpResponse:
    """All measurements of the study, or of `?site=`, as CSV."""
    require_role(request.role, Role.EXPERT, Role.ADMIN)
    site = site_named(study, request.GET["site"]) if request.GET.get("site") else None
    name = f"{study.name}-{site.slug}" if site else study.name
    return StreamingHttpResponse(
        as_excel(selector.of_study(study, site=site)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}-measurements.csv"'},
    )


def _chosen(request: StudyRequest, study: Study, sites: list[Site]) -> Site | None:
    slug = request.GET.get("site")
    if slug:
        return site_named(study, slug)
    return sites[0] if sites else None
