"""The study's rules: double reading, the split, and the locked test sets."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from annotation.forms.study import AssignSplit, DoubleReading
from annotation.middleware import StudyRequest
from annotation.models import Study
from annotation.policies import Role, require_role
from annotation.selectors import locks, partitions
from annotation.services import double_reading, split
from domain.errors import MyotraceError


@require_http_methods(["GET", "POST"])
def settings(request: StudyRequest, study: Study) -> HttpResponse:
    """See and change the study's rules, each by a form of its own."""
    require_role(request.role, Role.ADMIN)
    act = request.POST.get("act", "")
    forms = _forms(study, request, act)
    if act in forms and forms[act].is_valid():
        try:
            messages.success(request, _do(act, forms[act], study, request))
        except MyotraceError as error:
            forms[act].add_error(None, str(error))
        else:
            return redirect("annotation:settings", study.name)
    context = {
        "forms": forms,
        "counts": partitions.partition_counts(study),
        "locks": [(site, locks.lock_state(site)) for site in study.sites.order_by("order", "slug")],
        "splits": study.splits.select_related("created_by")[:5],
        "shared": [one for one in partitions.shared_pictures(study) if one.crosses],
    }
    status = 422 if any(form.errors for form in forms.values()) else 200
    return render(request, "annotation/settings.html", context, status=status)


def _forms(study: Study, request: StudyRequest, act: str) -> dict[str, Form]:
    data: dict[str, Any] = {act: request.POST} if request.method == "POST" else {}
    reading = {
        "share": round(100 * study.double_reading_share),
        "held_out": study.held_out_read_twice,
    }
    return {
        "double": DoubleReading(data.get("double"), prefix="double", initial=reading),
        "split": AssignSplit(data.get("split"), prefix="split"),
    }


def _do(act: str, form: Form, study: Study, request: StudyRequest) -> str:
    values = form.cleaned_data
    if act == "double":
        double_reading.set_share(study, values["share"] / 100, actor=request.user)
        planned = double_reading.set_for_held_out(study, values["held_out"], actor=request.user)
        return f"Saved: {planned} scans that nobody has begun are read twice."
    before = partitions.partition_counts(study)[partitions.UNASSIGNED]
    split.assign(
        study,
        test=values["test"] / 100,
        validation=values["validation"] / 100,
        reserve=values["reserve"] / 100,
        seed=values["seed"],
        actor=request.user,
    )
    after = partitions.partition_counts(study)[partitions.UNASSIGNED]
    return f"{before - after} subjects have their partition now. Nobody else's changed."
