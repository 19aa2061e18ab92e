"""Promoting a model after looking at its pictures, going back, and planning a lock."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotation.policies import Role, require_role
from annotation.selectors.studies import site_named
from annotation.views.jobs import awaited
from core.refusals import refusals_on, typed
from domain.errors import InvalidInput, Refused
from domain.power import PLAUSIBLE_GAINS
from inference.models import Purpose
from inference.selectors import versions
from inference.selectors.pointers import current_model
from training import gate_pages
from training.forms import Confirm, Planning, Promote, Reason, checked
from training.selectors import confirmations
from training.services import confirmations as confirming
from training.services import crossvalidation, promotion
from training.views import models

if TYPE_CHECKING:
    from annotation.middleware import StudyRequest
    from annotation.models import Study
    from inference.models import ModelVersion


@require_http_methods(["GET", "POST"])
def promote(request: StudyRequest, study: Study, model_id: int) -> HttpResponse:
    """Candidate beside current model and reference; an admin who agrees promotes."""
    found = versions.of_study_with_id(study, model_id)
    if request.method == "POST":
        require_role(request.role, Role.ADMIN)
        return _promote(request, study, model_id)
    require_role(request.role, Role.EXPERT, Role.ADMIN)
    panel = gate_pages.panel(found)
    context = {
        "model": found,
        "gate": panel,
        "compared": [confirmations.pictures(found, one) for one in confirmations.rivals_of(found)],
        "promoting": Promote(asks=_asks_whether_looked(found), initial=_typed(request)),
        "confirming": Confirm(initial=typed(request).dict()),
        **awaited(study, f"model:{found.pk}"),
    }
    return render(request, "training/promote.html", context)


@require_POST
@refusals_on(promote)
def confirm(request: StudyRequest, study: Study, model_id: int) -> HttpResponse:
    """An expert or admin has looked at the pictures and agrees."""
    require_role(request.role, Role.EXPERT, Role.ADMIN)
    found = versions.of_study_with_id(study, model_id)
    confirming.confirm(found, request.user, checked(Confirm(request.POST))["remark"])
    messages.success(request, f"You have confirmed {found.name}.")
    return redirect("training:promote", study.name, found.pk)


@require_POST
@refusals_on(models.model)
def cross_validate(request: StudyRequest, study: Study, model_id: int) -> HttpResponse:
    """Queue what the proof for pre-labels lacks: the candidate's folds, and the current model's.

    A model that has nobody to be compared with is tried alone, for the interval of its Dice.
    """
    require_role(request.role, Role.ADMIN)
    found = versions.of_study_with_id(study, model_id)
    queued = crossvalidation.prove_against_current(found) or crossvalidation.prove_alone(found)
    if not queued:
        raise Refused(f"Nothing is missing: {found.name} can be compared already.")
    messages.success(request, f"{found.name} is being cross-validated.")
    return redirect("annotation:job", study.name, queued[0].pk)


def _serving(request: StudyRequest, study: Study, slug: str) -> HttpResponse:
    """The page of a model that serves a site: it holds the form that rolls back."""
    site = site_named(study, slug)
    serving = next((one for one in map(partial(current_model, site), Purpose.values) if one), None)
    if serving is None:
        return models.models(request, study)
    return models.model(request, study, serving.pk)


@require_POST
@refusals_on(_serving)
def rollback(request: StudyRequest, study: Study, slug: str) -> HttpResponse:
    """Take the last promotion at a site back."""
    require_role(request.role, Role.ADMIN)
    site = site_named(study, slug)
    (move, *_) = promotion.rollback(site, request.user, checked(Reason(request.POST))["reason"])
    if move.model is None:
        messages.success(request, f"No model serves {site.name} any more.")
    else:
        messages.success(request, f"{move.model.name} serves {site.name} again.")
    shown = move.model or move.previous
    assert shown is not None, "a rollback goes from a model or to one"
    return redirect("training:model", study.name, shown.pk)


@require_GET
def plan(request: StudyRequest, study: Study) -> HttpResponse:
    """How many subjects a lock needs, before it is sealed."""
    require_role(request.role, Role.EXPERT, Role.ADMIN)
    form = Planning(request.GET or None, initial=Planning.defaults())
    values = form.cleaned_data if form.is_bound and form.is_valid() else Planning.defaults()
    context = {
        "form": form,
        "rows": gate_pages.planned(**values),
        "gains": PLAUSIBLE_GAINS,
        "values": values,
    }
    return render(request, "training/plan.html", context)


def _asks_whether_looked(model: ModelVersion) -> bool:
    """Whether there are pictures that nobody has confirmed yet."""
    return confirmations.complete(model) is None and confirmations.has_scans_to_show(model.site)


def _typed(request: StudyRequest) -> dict[str, Any]:
    values = typed(request)
    return {**values.dict(), "purposes": values.getlist("purposes")} if values else {}


@refusals_on(promote)
def _promote(request: StudyRequest, study: Study, model_id: int) -> HttpResponse:
    model = versions.of_study_with_id(study, model_id)
    asks = _asks_whether_looked(model)
    values = checked(Promote(request.POST, asks=asks))
    if values.get("confirmed"):
        confirming.confirm(model, request.user)
    elif asks:
        raise InvalidInput("Look at the pictures first, then say so, then promote.")
    outcome = promotion.promote(model, request.user, values["reason"], values["purposes"])
    purposes = " and ".join(move.purpose for move in outcome.moves)
    messages.success(request, f"{model.name} serves {model.site.name} now for {purposes}.")
    for purpose, said in outcome.refused.items():
        messages.warning(request, f"Not for {purpose}: {said}")
    return redirect("training:model", study.name, model.pk)
