"""Models: the list, one model, and what an admin does with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from annotation.policies import Role, require_role
from annotation.views.jobs import awaited
from core import plots
from core.refusals import refusals_on, typed
from inference.selectors import versions
from inference.services import prelabelling
from training import evaluation_pages, gate_pages
from training.forms import EvaluationChoice, Reason, checked
from training.reports import model_document
from training.selectors import model_pages
from training.services import evaluation

if TYPE_CHECKING:
    from annotation.middleware import StudyRequest
    from annotation.models import Study


@require_GET
def models(request: StudyRequest, study: Study) -> HttpResponse:
    """The study's models, site by site."""
    require_role(request.role, Role.EXPERT, Role.ADMIN)
    return render(request, "training/models.html", {"sites": model_pages.site_models(study)})


@require_GET
def model(request: StudyRequest, study: Study, model_id: int) -> HttpResponse:
    """One model: how good it is, where it fails, what it was made of, and whether it may serve."""
    require_role(request.role, Role.EXPERT, Role.ADMIN)
    found = versions.of_study_with_id(study, model_id)
    panel = gate_pages.panel(found)
    shown = evaluation_pages.shown_of(found)
    figures = [figure for one in shown for figure in one.figures] + panel.figures
    if asked := plots.asked_for(request, figures):
        return plots.svg_response(asked)
    context = {
        "model": found,
        "gate": panel,
        "shown": shown,
        "cases": evaluation_pages.worst_cases(shown),
        "moves": model_pages.moves_with(found),
        "run": getattr(found, "run", None),
        "training_words": model_document.training_words(found.card),
        "card": json.dumps(found.card, indent=2, ensure_ascii=False),
        "reason": Reason(initial=typed(request).dict()),
        **awaited(study, f"model:{found.pk}"),
    }
    return render(request, "training/model.html", context)


@require_POST
@refusals_on(model)
def evaluate(request: StudyRequest, study: Study, model_id: int) -> HttpResponse:
    """Queue an evaluation; a look at the test set is counted."""
    require_role(request.role, Role.ADMIN)
    found = versions.of_study_with_id(study, model_id)
    partition = checked(EvaluationChoice(request.POST))["partition"]
    job = evaluation.submit(found, partition, request.user)
    messages.success(request, f"{found.name} is being evaluated.")
    return redirect("annotation:job", study.name, job.pk)


@require_POST
@refusals_on(model)
def prelabel(request: StudyRequest, study: Study, model_id: int) -> HttpResponse:
    """Queue pre-labels by this model for its site's untouched scans."""
    require_role(request.role, Role.ADMIN)
    found = versions.of_study_with_id(study, model_id)
    job = prelabelling.submit(found.site, request.user, found)
    messages.success(request, f"{found.name} makes pre-labels for {found.site.name}.")
    return redirect("annotation:job", study.name, job.pk)
