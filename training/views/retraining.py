"""When a site is trained again by itself: after approvals, and at set times."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from annotation.middleware import StudyRequest
from annotation.models import Study
from annotation.policies import Role, require_role
from annotation.selectors.approvals import newly_approved_subjects
from annotation.selectors.studies import site_named
from domain.errors import MyotraceError
from training.forms import Retraining
from training.models import RetrainPolicy
from training.services import retrain_policy


@require_http_methods(["GET", "POST"])
def retraining(request: StudyRequest, study: Study, slug: str) -> HttpResponse:
    """See and change what triggers the next run of a site."""
    require_role(request.role, Role.ADMIN)
    site = site_named(study, slug)
    policy = RetrainPolicy.objects.filter(site=site).first() or RetrainPolicy(site=site)
    initial = {"enabled": policy.enabled, "after_subjects": policy.after_subjects}
    form = Retraining(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            retrain_policy.put(site, **form.cleaned_data, actor=request.user)
        except MyotraceError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"Saved what triggers the training of {site.name}.")
            return redirect("training:overview", study.name)
    last = site.runs.order_by("-id").first()
    context = {
        "site": site,
        "form": form,
        "new_subjects": newly_approved_subjects(site, last.created_at if last else None),
    }
    status = 422 if form.errors else 200
    return render(request, "training/retraining.html", context, status=status)
