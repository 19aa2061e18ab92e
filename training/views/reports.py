"""Reports of a model and of a study: the same as a page, as JSON and as a PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from annotation.policies import Role, require_role
from core import plots
from core.reports.as_json import as_text
from core.reports.pdf import as_pdf
from inference.selectors import versions
from training.reports import model_document, model_report

if TYPE_CHECKING:
    from annotation.middleware import StudyRequest
    from annotation.models import Study
    from core.reports.document import Document
    from training.reports.model_report import ModelReport


@require_GET
def model(request: StudyRequest, study: Study, model_id: int) -> HttpResponse:
    """The report of a model as a page that prints."""
    report = _of_model(request, study, model_id)
    document = model_document.document_of(report)
    if asked := plots.asked_for(request, document.figures):
        return plots.svg_response(asked)
    context = {"document": document, "model_id": model_id, "name": report.model.name}
    return render(request, "training/model-report.html", context)


@require_GET
def model_json(request: StudyRequest, study: Study, model_id: int) -> HttpResponse:
    """The report of a model as JSON."""
    report = _of_model(request, study, model_id)
    return _json(report, f"{report.model.name}-report")


@require_GET
def model_pdf(request: StudyRequest, study: Study, model_id: int) -> HttpResponse:
    """The report of a model as a PDF."""
    report = _of_model(request, study, model_id)
    return _pdf(model_document.document_of(report), f"{report.model.name}-report")


def _of_model(request: StudyRequest, study: Study, model_id: int) -> ModelReport:
    require_role(request.role, Role.EXPERT, Role.ADMIN)
    return model_report.of_model(versions.of_study_with_id(study, model_id))


def _json(report: Any, name: str) -> HttpResponse:
    return _file(as_text(report).encode(), "application/json", f"{name}.json")


def _pdf(document: Document, name: str) -> HttpResponse:
    return _file(as_pdf(document), "application/pdf", f"{name}.pdf")


def _file(content: bytes, content_type: str, name: str) -> HttpResponse:
    return HttpResponse(
        content,
        content_type=content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
        },
    )
