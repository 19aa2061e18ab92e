"""Training runs: the list, one run with its curve as it grows, start, repeat and cancel."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Max
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotation.middleware import StudyRequest
from annotation.models import Site, Study
from annotation.policies import Role, require_role
from annotation.selectors.studies import site_named
from core import plots
from core.pages import Empty, Pages
from core.refusals import refusals_on
from domain.errors import MyotraceError, NotFound
from training import backends, run_pages
from training.forms import StartRun
from training.models import Run
from training.selectors import runs as run_selector
from training.services import runs as run_services

RUNS_ON_A_PAGE = 50


@require_GET
def runs(request: StudyRequest, study: Study) -> HttpResponse:
    """The study's runs, newest first; the list renews itself while one is on."""
    require_role(request.role, Role.EXPERT, Role.ADMIN)
    found = (
        run_selector.of_study(study)
        .defer("snapshot__manifest", "snapshot__left_out", "job__log", "model__card")
        .annotate(best_dice=Max("epochs__validation_dice"))
    )
    page = Paginator(found, RUNS_ON_A_PAGE).get_page(request.GET.get("page"))
    lines = [run_pages.line_of(run, getattr(run, "best_dice", None)) for run in page]
    context = {
        "lines": lines,
        "polls": any(line.run.job.is_active for line in lines),
        "pages": _pages(page) if page.has_other_pages() else None,
        "empty": Empty(
            "Nothing has been trained yet",
            "A run learns from the approved outlines of a site's training subjects. It needs a"
            " split, and approved outlines of training and validation subjects.",
        ),
    }
    return render(request, "training/runs.html", context)


@require_GET
def run(request: StudyRequest, study: Study, run_id: int) -> HttpResponse:
    """One run: how far, its curves, settings, snapshot and log."""
    require_role(request.role, Role.EXPERT, Role.ADMIN)
    found = _run_of(request, study, run_id)
    epochs = list(found.epochs.order_by("member", "number"))
    figures = run_pages.curves(epochs)
    if figure := plots.asked_for(request, figures):
        return plots.svg_response(figure)
    items = found.snapshot.manifest["items"]
    context = {
        "run": found,
        "reproduction": run_selector.reproduction(found),
        "line": run_pages.line_of(found),
        "polls": found.job.is_active,
        "log": run_pages.log_tail(found.job),
        "figures": figures,
        "epochs": epochs,
        "seconds": run_selector.seconds(found),
        "settings": run_pages.settings_rows(found, backends.get(found.backend).describe()),
        "images": {
            part: sum(item["partition"] == part for item in items)
            for part in ("train", "validation")
        },
        "subjects": len({item["subject"] for item in items}),
    }
    return render(request, "training/run.html", context)


@require_http_methods(["GET", "POST"])
def start_run(request: StudyRequest, study: Study) -> HttpResponse:
    """Choose a site and settings, and start."""
    require_role(request.role, Role.ADMIN)
    slug = request.GET.get("site", "")
    family = _family(study, request.POST.get("family") or request.GET.get("family", ""), slug)
    form = StartRun(
        request.POST or None, sites=study.sites.all(), family=family, initial={"site": slug}
    )
    if form.is_valid():
        try:
            started = run_services.start(
                site_named(study, form.cleaned_data["site"]), family, form.settings(), request.user
            )
        except MyotraceError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Queued. The curve grows here as soon as a worker is free.")
            return redirect("training:run", study.name, started.pk)
    status = 422 if form.errors else 200
    context = {"form": form, "family": family, "families": Site.Family.choices, "slug": slug}
    return render(request, "training/start-run.html", context, status=status)


@require_POST
@refusals_on(run)
def cancel_run(request: StudyRequest, study: Study, run_id: int) -> HttpResponse:
    """Ask a run to stop."""
    require_role(request.role, Role.ADMIN)
    found = _run_of(request, study, run_id)
    run_services.cancel(found, request.user)
    messages.success(request, "It stops within ten seconds and keeps its last checkpoint.")
    return redirect("training:run", study.name, found.pk)


@require_POST
@refusals_on(run)
def repeat_run(request: StudyRequest, study: Study, run_id: int) -> HttpResponse:
    """Start a run with the same settings on what is approved now."""
    require_role(request.role, Role.ADMIN)
    started = run_services.again(_run_of(request, study, run_id), request.user)
    messages.success(request, f"Run {started.pk} is queued with the same settings.")
    return redirect("training:run", study.name, started.pk)


@require_POST
@refusals_on(run)
def reproduce_run(request: StudyRequest, study: Study, run_id: int) -> HttpResponse:
    """Train a run's own snapshot once more, to see that the numbers are those."""
    require_role(request.role, Role.ADMIN)
    started = run_services.reproduce(_run_of(request, study, run_id), request.user)
    messages.success(request, f"Run {started.pk} is queued on the same snapshot with its seed.")
    return redirect("training:run", study.name, started.pk)


def _family(study: Study, asked: str, slug: str) -> str:
    """The family asked for, else the chosen site's own, else the U-Net."""
    if asked in Site.Family.values:
        return asked
    site = study.sites.filter(slug=slug).first()
    return run_services.default_backend(site) if site else str(Site.Family.UNET)


def _run_of(request: StudyRequest, study: Study, run_id: int) -> Run:
    found = run_selector.visible_run(request.user, run_id)
    if found.site.study_id != study.pk:
        raise NotFound("There is no such run in this study.")
    return found


def _pages(page) -> Pages:  # type: ignore[no-untyped-def]
    return Pages(
        text=f"page {page.number} of {page.paginator.num_pages}",
        previous_href=f"?page={page.previous_page_number()}" if page.has_previous() else "",
        next_href=f"?page={page.next_page_number()}" if page.has_next() else "",
    )
