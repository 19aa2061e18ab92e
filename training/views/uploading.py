"""Registering a model of one's own from the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from annotation.policies import Role, require_role
from annotation.selectors.studies import site_named
from domain.errors import MyotraceError
from inference.services import uploading
from training.forms import OwnModel

if TYPE_CHECKING:
    from annotation.middleware import StudyRequest
    from annotation.models import Study


@require_http_methods(["GET", "POST"])
def upload_model(request: StudyRequest, study: Study) -> HttpResponse:
    """Receive an ONNX file and its card; the check runs as a job."""
    require_role(request.role, Role.ADMIN)
    form = OwnModel(request.POST or None, request.FILES or None, sites=study.sites.all())
    if form.is_valid():
        given = form.cleaned_data
        card = given["card"].read(uploading.LARGEST_CARD + 1)
        try:
            site = site_named(study, given["site"])
            job = uploading.submit(site, given["model"].chunks(), card, request.user)
        except MyotraceError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Received. It is tried in a limited process now.")
            return redirect("annotation:job", study.name, job.pk)
    status = 422 if form.errors else 200
    return render(request, "training/upload-model.html", {"form": form}, status=status)
