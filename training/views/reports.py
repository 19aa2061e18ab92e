"""Reports of a model and of a study: the same as a page, as JSON and as a PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from annotation.policies import Role, require_role
from annotation.selectors.studies import site_named
from annotation.views.jobs import awaited
from core import plots
from core.refusals import refusals_on
from core.reports.as_json import as_text
from core.reports.pdf import as_pdf
from inference.selectors import versions
from training.reports import model_document, model_report, study_document, study_report
from training.services import test_pictures

if TYPE_CHECKING:
    from annotation.middleware import StudyRequest
    from annotation.models import Site, Study
    from core.reports.document import Document
    from training.reports.model_report import ModelReport


@require_GET
def model(request: StudyRequest, study: Study, model_id: int) -> HttpResponse:
    """The report of a model as a page that prints."""
    report = _of_model(request, study, model_id)
    document = model_document.document_of(report)
    if asked := plots.asked_for(request, document.figures):
        return plots.svg_response(asked)
    pictures = report.test_pictures
    context = {
        "document": document,
        "model_id": model_id,
        "name": report.model.name,
        "may_open": pictures is not None and not pictures.opened and _has_a_look(report),
        "may_draw": pictures is not None and pictures.opened and not pictures.drawn,
        **awaited(study, f"model:{model_id}"),
    }
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


@require_POST
@refusals_on(model)
def open_pictures(request: StudyRequest, study: Study, model_id: int) -> HttpResponse:
    """Open the test pictures of a decided candidate, once: an entry in the lock's ledger."""
    require_role(request.role, Role.EXPERT, Role.ADMIN)
    found = versions.of_study_with_id(study, model_id)
    opening = test_pictures.open_once(found, request.user)
    messages.success(request, f"The test pictures were opened: look {opening.look} at the lock.")
    return redirect("training:model_report", study.name, found.pk)


@require_GET
def study(request: StudyRequest, study: Study) -> HttpResponse:
    """The report of one site of a study, by default the first."""
    require_role(request.role, Role.EXPERT, Role.ADMIN)
    sites = list(study.sites.order_by("order", "slug"))
    site = _site(request, study) or next(iter(sites), None)
    report = study_report.of_study(study, site)
    document = study_document.document_of(report)
    if asked := plots.asked_for(request, document.figures):
        return plots.svg_response(asked)
    names = {one.model for row in report.sites for one in row.serving if one.model}
    context = {
        "document": document,
        "sites": sites,
        "site": site,
        "serving": [versions.named(study, name) for name in sorted(names)],
    }
    return render(request, "training/study-report.html", context)


@require_GET
def study_json(request: StudyRequest, study: Study) -> HttpResponse:
    """The report of a study, or of `?site=`, as JSON."""
    require_role(request.role, Role.EXPERT, Role.ADMIN)
    site = _site(request, study)
    return _json(study_report.of_study(study, site), _name_of(study, site))


@require_GET
def study_pdf(request: StudyRequest, study: Study) -> HttpResponse:
    """The report of a study, or of `?site=`, as a PDF."""
    require_role(request.role, Role.EXPERT, Role.ADMIN)
    site = _site(request, study)
    document = study_document.document_of(study_report.of_study(study, site))
    return _pdf(document, _name_of(study, site))


def _site(request: StudyRequest, study: Study) -> Site | None:
    slug = request.GET.get("site")
    return site_named(study, slug) if slug else None


def _name_of(study: Study, site: Site | None) -> str:
    return f"{study.name}-{site.slug}-report" if site else f"{study.name}-report"


def _has_a_look(report: ModelReport) -> bool:
    lock, pictures = report.lock, report.test_pictures
    return (
        lock is not None
        and pictures is not None
        and lock.version == pictures.lock_version
        and lock.n_looks < lock.look_budget
    )


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
