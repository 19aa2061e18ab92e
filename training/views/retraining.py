"""When a site is trained again by itself: after approvals, and at set times."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from annotation.middleware import StudyRequest
from annotation.models import Site, Study
from annotation.policies import Role, require_role
from annotation.selectors.studies import site_named
from core.forms import WeeklySchedule
from core.models import Schedule
from domain.errors import MyotraceError
from training.forms import GateRule, Retraining
from training.models import RetrainPolicy
from training.selectors import gate_configurations
from training.services import gate_configurations as configuring
from training.services import retraining as service
from training.services import runs

RULE, TIMES, GATE = "rule", "times", "gate"


@require_http_methods(["GET", "POST"])
def retraining(request: StudyRequest, study: Study, slug: str) -> HttpResponse:
    """See and change what triggers the next run of a site, each by a form of its own."""
    require_role(request.role, Role.ADMIN)
    site = site_named(study, slug)
    schedule = service.schedule_of(site)
    act = request.POST.get("act", RULE) if request.method == "POST" else ""
    forms = _forms(site, schedule, request, act)
    if act in forms and forms[act].is_valid():
        try:
            _save(site, forms[act], request)
        except MyotraceError as error:
            forms[act].add_error(None, str(error))
        else:
            messages.success(request, f"Saved what triggers the training of {site.name}.")
            return redirect("training:retraining", study.name, site.slug)
    context = {
        "site": site,
        "forms": forms,
        "schedule": schedule,
        "new_subjects": len(service.new_subjects(site)),
        "gate_version": gate_configurations.newest(site),
    }
    status = 422 if any(form.errors for form in forms.values()) else 200
    return render(request, "training/retraining.html", context, status=status)


def _forms(
    site: Site, schedule: Schedule | None, request: StudyRequest, act: str
) -> dict[str, Form]:
    policy = RetrainPolicy.objects.filter(site=site).first() or RetrainPolicy(site=site)
    data = {act: request.POST}
    return {
        RULE: Retraining(
            data.get(RULE),
            initial={
                name: getattr(policy, name)
                for name in ("enabled", "after_subjects", "promotes", "shadow_scans")
            },
        ),
        TIMES: WeeklySchedule(
            data.get(TIMES), auto_id="id_times_%s", initial=WeeklySchedule.values_of(schedule)
        ),
        GATE: GateRule(
            data.get(GATE),
            auto_id="id_gate_%s",
            initial=gate_configurations.values_of(gate_configurations.newest(site)).as_json(),
        ),
    }


def _save(site: Site, form: Form, request: StudyRequest) -> None:
    backend, settings = _recipe(site)
    values = form.cleaned_data
    if isinstance(form, GateRule):
        before = gate_configurations.values_of(gate_configurations.newest(site))
        after = replace(before, **form.numbers())
        configuring.change(site, after, request.user, values["reason"])
        return
    if isinstance(form, WeeklySchedule):
        service.put_schedule(
            site,
            request.user,
            enabled=values["enabled"],
            hour=values["at"].hour,
            minute=values["at"].minute,
            days=form.cron_days(),
            backend=backend,
            settings=settings,
        )
    else:
        service.put_policy(site, request.user, backend=backend, settings=settings, **values)


def _recipe(site: Site) -> tuple[str, dict[str, Any]]:
    """Backend and settings of the site's newest run, or the defaults."""
    newest = site.runs.order_by("-id").first()
    return (newest.backend, newest.settings) if newest else (runs.default_backend(site), {})
