"""Evidence of a site: what pre-labels do to people's work, and what more data brought."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from annotation.policies import Role, require_role
from annotation.selectors.studies import site_named
from annotation.services import double_reading
from core import plots
from domain.errors import MyotraceError
from training import evidence_pages
from training.forms import PairedReadings
from training.selectors import evidence as selector

if TYPE_CHECKING:
    from annotation.middleware import StudyRequest
    from annotation.models import Study


@require_http_methods(["GET", "POST"])
def evidence(request: StudyRequest, study: Study, slug: str) -> HttpResponse:
    """The figures as they are now; an admin sets the share of scans that are read in pairs."""
    require_role(request.role, Role.EXPERT, Role.ADMIN)
    site = site_named(study, slug)
    if request.method == "POST":
        require_role(request.role, Role.ADMIN)
    form = PairedReadings(request.POST or None, initial={"share": f"{100 * site.paired_share:g}"})
    if form.is_valid():
        try:
            planned = double_reading.set_paired_share(
                site, form.cleaned_data["share"] / 100, actor=request.user
            )
        except MyotraceError as error:
            form.add_error("share", str(error))
        else:
            messages.success(
                request, f"Saved: {planned} scans that nobody has begun are read in pairs."
            )
            return redirect("training:evidence", study.name, site.slug)
    found = selector.of_site(site)
    figures = evidence_pages.figures(found)
    if asked := plots.asked_for(request, figures):
        return plots.svg_response(asked)
    context = {
        "site": site,
        "found": found,
        "plots": {figure.name: figure for figure in figures},
        "lines": evidence_pages.anchoring_lines(found),
        "form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "training/evidence.html", context, status=status)
