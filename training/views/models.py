"""Models: the list, one model, and what an admin does with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from annotation.policies import Role, require_role
from core import plots
from inference.selectors import versions
from inference.services import prelabelling
from training import gate_pages, model_comparisons, model_figures
from training.forms import EvaluationChoice, Reason, checked
from training.selectors import evaluations, model_pages
from training.services import evaluation

if TYPE_CHECKING:
    from annotation.middleware import StudyRequest
    from annotation.models import Study
    from inference.models import ModelVersion
    from training.models import Evaluation

SHOWN = (*evaluation.PARTITIONS, evaluations.DEVELOPMENT)
WORDS = {
    "dice": ("Dice", 3),
    "iou": ("IoU", 3),
    "hd95_mm": ("HD95 (mm)", 2),
    "hd95_px": ("HD95 (px)", 1),
    "csa_error_mm2": ("CSA error (mm²)", 1),
    "csa_error_percent": ("CSA error (%)", 1),
    "mt_error_mm": ("Thickness error (mm)", 2),
    "mt_error_percent": ("Thickness error (%)", 1),
}


@dataclass(frozen=True)
class Line:
    """One quantity of an evaluation, in words."""

    title: str
    figures: dict[str, Any]
    places: int


@dataclass(frozen=True)
class Shown:
    """An evaluation as the page shows it: figures of the whole and of each label, and the dots."""

    evaluation: Evaluation
    lines: list[Line]
    labels: list[tuple[str, list[Line]]]
    figures: list[plots.Figure]
    subgroups: list[model_comparisons.Subgroup]


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
    current = panel.pre_label.current
    serving = {} if current in (None, found) else {one.partition: one for one in _newest(current)}
    shown = [_shown(one, serving.get(one.partition)) for one in _newest(found)]
    figures = [figure for one in shown for figure in one.figures] + panel.figures
    if asked := plots.asked_for(request, figures):
        return plots.svg_response(asked)
    context = {
        "model": found,
        "gate": panel,
        "shown": shown,
        "cases": _cases(shown),
        "moves": model_pages.moves_with(found),
        "run": getattr(found, "run", None),
        "card": json.dumps(found.card, indent=2, ensure_ascii=False),
        "reason": Reason(),
    }
    return render(request, "training/model.html", context)


@require_POST
def evaluate(request: StudyRequest, study: Study, model_id: int) -> HttpResponse:
    """Queue an evaluation; a look at the test set is counted."""
    require_role(request.role, Role.ADMIN)
    found = versions.of_study_with_id(study, model_id)
    partition = checked(EvaluationChoice(request.POST))["partition"]
    job = evaluation.submit(found, partition, request.user)
    messages.success(request, f"{found.name} is being evaluated.")
    return redirect("annotation:job", study.name, job.pk)


@require_POST
def prelabel(request: StudyRequest, study: Study, model_id: int) -> HttpResponse:
    """Queue pre-labels by this model for its site's untouched scans."""
    require_role(request.role, Role.ADMIN)
    found = versions.of_study_with_id(study, model_id)
    job = prelabelling.submit(found.site, request.user, found)
    messages.success(request, f"{found.name} makes pre-labels for {found.site.name}.")
    return redirect("annotation:job", study.name, job.pk)


def _newest(found: ModelVersion) -> list[Evaluation]:
    newest = (evaluations.newest(found, partition) for partition in SHOWN)
    return [one for one in newest if one is not None]


def _shown(one: Evaluation, serving: Evaluation | None) -> Shown:
    rows = evaluations.rows_of(one)
    figures = [model_figures.by_subject(one, rows)]
    if serving and model_comparisons.comparable(one, serving):
        figures.append(model_comparisons.differences(one, rows, serving))
    labels = one.summary.get("labels", {})
    if "union" in one.summary:
        labels = {**labels, "All together": one.summary["union"]}
    return Shown(
        one,
        _lines(one.summary),
        [(label, _lines(summary)) for label, summary in labels.items()],
        [*figures, *model_comparisons.errors(one, rows)],
        model_comparisons.subgroup_table(rows),
    )


def _lines(summary: dict[str, Any]) -> list[Line]:
    return [
        Line(title, summary[quantity], places)
        for quantity, (title, places) in WORDS.items()
        if summary.get(quantity) is not None
    ]


def _cases(shown: list[Shown]) -> list[model_pages.Case]:
    on_validation = [
        one.evaluation for one in shown if one.evaluation.partition == evaluation.VALIDATION
    ]
    return model_pages.worst_cases(on_validation[0]) if on_validation else []
