"""Drift of a site: what the last look found, looking now, and when it is looked at by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from annotation.policies import Role, require_role
from annotation.selectors.studies import site_named
from annotation.views.jobs import awaited
from core import plots
from core.forms import WeeklySchedule
from core.refusals import refusals_on
from training import drift_pages
from training.selectors import drift_reports
from training.services import drift as service
from training.services import retraining

if TYPE_CHECKING:
    from annotation.middleware import StudyRequest
    from annotation.models import Site, Study


@require_http_methods(["GET", "POST"])
def drift(request: StudyRequest, study: Study, slug: str) -> HttpResponse:
    """The newest report with its charts; an admin looks anew, starts what it proposes, or says when
    it is looked at."""
    require_role(request.role, Role.EXPERT, Role.ADMIN)
    site = site_named(study, slug)
    act = request.POST.get("act", "look") if request.method == "POST" else ""
    if act:
        require_role(request.role, Role.ADMIN)
    if act in {"start", "look"}:
        return (_start if act == "start" else _look)(request, study, slug)
    schedule = service.schedule_of(site)
    times = WeeklySchedule(
        request.POST if act else None, initial=WeeklySchedule.values_of(schedule)
    )
    if times.is_valid():
        return _watch(request, study, site, times)
    report = drift_reports.newest(site)
    figures = drift_pages.charts(site, report) if report else []
    if asked := plots.asked_for(request, figures):
        return plots.svg_response(asked)
    context = {
        "site": site,
        **awaited(study, f"site:{site.pk}"),
        "report": report,
        "figures": figures,
        "parts": drift_pages.parts(site, report) if report else [],
        "reports": drift_reports.of_site(site),
        "schedule": schedule,
        "times": times,
    }
    return render(request, "training/drift.html", context, status=422 if times.errors else 200)


def _watch(request: StudyRequest, study: Study, site: Site, times: WeeklySchedule) -> HttpResponse:
    at = times.cleaned_data["at"]
    service.put_schedule(
        site,
        request.user,
        enabled=times.cleaned_data["enabled"],
        hour=at.hour,
        minute=at.minute,
        days=times.cron_days(),
    )
    messages.success(request, f"Saved when {site.name} is looked at.")
    return redirect("training:drift", study.name, site.slug)


@refusals_on(drift)
def _start(request: StudyRequest, study: Study, slug: str) -> HttpResponse:
    run = retraining.after_drift(site_named(study, slug), request.user)
    messages.success(request, "Queued. The model stands before the gate when it is done.")
    return redirect("training:run", study.name, run.pk)


@refusals_on(drift)
def _look(request: StudyRequest, study: Study, slug: str) -> HttpResponse:
    site = site_named(study, slug)
    service.submit(site, request.user)
    messages.success(request, f"{site.name} is being looked at.")
    return redirect("training:drift", study.name, site.slug)
