"""Imports: upload, preview, put right what does not fit, take it."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotation.forms.imports import ImportSettings, Upload, initial_of, initial_of_profile
from annotation.middleware import StudyRequest
from annotation.models import Study
from annotation.policies import Role, require_role
from annotation.selectors import imports as selector
from annotation.selectors.imports import STATUS_WORDS, must_look, preview_rows
from annotation.services import sites as site_services
from annotation.services.imports import pictures, profiles, uploads
from annotation.services.imports.naming import GROUPS, default_subject, names_caught
from annotation.views.jobs import line_of
from core.models import Job
from core.pages import Pages, whole_number
from core.refusals import refusals_on
from domain.errors import InvalidInput, MyotraceError, NotFound

SHOWN_FILES = 200
SHOWN_ROWS = 50
SHOWN_NAMES = 20
STATUSES = ("refused", "warning", "worked_here", "newer", "imported", "unchanged")


@dataclass(frozen=True)
class CaughtName:
    """A path and what the pattern catches in it, in the order of the groups; None: no fit."""

    path: str
    values: list[str] | None


@require_http_methods(["GET", "POST"])
def imports(request: StudyRequest, study: Study) -> HttpResponse:
    """Upload files for a preview; earlier imports below."""
    require_role(request.role, Role.EXPERT, Role.ADMIN)
    known = selector.profiles_of(study)
    if request.method == "POST":
        form = Upload(request.POST, request.FILES, **_of(request, study))
        if form.is_valid() and (job := _previewed(request, study, form)):
            return redirect("annotation:import", study.name, job.pk)
    else:
        chosen = next((row for row in known if str(row.pk) == request.GET.get("profile")), None)
        form = Upload(initial=initial_of_profile(chosen), **_of(request, study))
    context = {
        "form": form,
        "profiles": known,
        "lines": [line_of(job) for job in selector.imports_of(study)],
    }
    return render(request, "annotation/imports.html", context)


@require_GET
def one_import(request: StudyRequest, study: Study, job_id: UUID) -> HttpResponse:
    """One import or its preview: progress, then what became or would become of each file."""
    job = _import(request, study, job_id)
    return render(request, "annotation/import.html", _context(request, study, job))


@require_POST
@refusals_on(one_import)
def preview_again(request: StudyRequest, study: Study, job_id: UUID) -> HttpResponse:
    """Preview the same files with other settings."""
    job = _import(request, study, job_id)
    form = ImportSettings(request.POST, **_of(request, study))
    if form.is_valid():
        try:
            again = uploads.submit_kept(
                job.params["upload"],
                {**form.settings(), "dry_run": True},
                study,
                actor=request.user,
            )
        except MyotraceError as error:
            form.add_error(None, str(error))
        else:
            _remember(study, form)
            return redirect("annotation:import", study.name, again.pk)
    return render(request, "annotation/import.html", _context(request, study, job, form))


@require_POST
@refusals_on(one_import)
def take(request: StudyRequest, study: Study, job_id: UUID) -> HttpResponse:
    """Import what a preview showed, with the same settings."""
    job = _import(request, study, job_id)
    if not job.params.get("dry_run"):
        raise NotFound("Only a preview can be taken.")
    if not _looked(request, job):
        messages.warning(
            request,
            "Look at the pictures first: no name or date of birth may be readable on them. Cover "
            "what is there, or say that nothing is.",
        )
        return redirect("annotation:import", study.name, job.pk)
    settings = initial_of(job.params)
    form = ImportSettings(settings | {"step": job.params["step"]}, **_of(request, study))
    if not form.is_valid():
        raise InvalidInput("The settings do not fit the study any more. Preview the files again.")
    taken = uploads.submit_kept(job.params["upload"], form.settings(), study, actor=request.user)
    return redirect("annotation:import", study.name, taken.pk)


@require_POST
@refusals_on(one_import)
def aliases(request: StudyRequest, study: Study, job_id: UUID) -> HttpResponse:
    """Let labels of the files stand for labels of their sites, then preview again."""
    require_role(request.role, Role.ADMIN)
    job = _import(request, study, job_id)
    added = 0
    for row in _unknown_labels(study, job):
        wanted = request.POST.get(row["field"], "")
        if wanted in row["labels"]:
            site_services.add_alias(row["site"], row["label"], wanted, actor=request.user)
            added += 1
    if not added:
        messages.warning(request, "Choose a label for at least one of the spellings.")
        return redirect("annotation:import", study.name, job.pk)
    again = _submitted_again(request, study, job, dry_run=True)
    return redirect("annotation:import", study.name, again.pk)


@require_POST
@refusals_on(one_import)
def answers(request: StudyRequest, study: Study, job_id: UUID) -> HttpResponse:
    """Say whose scans these are, and which names are the same; then preview again."""
    job = _import(request, study, job_id)
    same = [
        [row["kind"], row["name"], row["other"]]
        for row in _near_names(job)
        if request.POST.get(row["field"]) == "same"
    ]
    pattern = request.POST.get("pattern", "")
    if not same and not pattern:
        messages.warning(request, "Nothing was answered: the names stay as they are.")
        return redirect("annotation:import", study.name, job.pk)
    changes = {"same": [*(job.params.get("same") or []), *same]}
    again = _submitted_again(
        request, study, job, dry_run=True, **changes, **({"pattern": pattern} if pattern else {})
    )
    return redirect("annotation:import", study.name, again.pk)


@require_GET
def picture(request: StudyRequest, study: Study, job_id: UUID, key: str) -> HttpResponse:
    """A picture of a preview: what would be stored, or a whole one to cover names on."""
    job = _import(request, study, job_id)
    data = pictures.picture(str(job.params.get("upload", "")), job.pk, key)
    return HttpResponse(data, content_type="image/jpeg", headers={"Cache-Control": "private"})


@require_GET
def names(request: StudyRequest, study: Study, job_id: UUID) -> HttpResponse:
    """What a pattern catches in the names of a preview's files."""
    job = _import(request, study, job_id)
    context = _caught(job, request.GET.get("pattern", ""))
    return render(request, "annotation/partials/pattern-preview.html", context)


def _submitted_again(
    request: StudyRequest, study: Study, job: Job, *, dry_run: bool, **changes: Any
) -> Job:
    """Queue an import of the same files with the same settings, but for the changes."""
    form = ImportSettings(initial_of({**job.params, **changes}), **_of(request, study))
    if not form.is_valid():
        raise InvalidInput("The settings do not fit the study any more. Preview the files again.")
    settings = {**form.settings(), "dry_run": dry_run}
    return uploads.submit_kept(job.params["upload"], settings, study, actor=request.user)


def _import(request: StudyRequest, study: Study, job_id: UUID) -> Job:
    require_role(request.role, Role.EXPERT, Role.ADMIN)
    return selector.import_of(request.user, study, job_id)


def _of(request: StudyRequest, study: Study) -> dict[str, Any]:
    return {"study": study, "may_take_references": request.role == Role.ADMIN}


def _previewed(request: StudyRequest, study: Study, form: Upload) -> Job | None:
    try:
        job = uploads.submit(
            form.cleaned_data["files"],
            {**form.settings(), "dry_run": True},
            study,
            actor=request.user,
        )
    except MyotraceError as error:
        form.add_error(None, str(error))
        return None
    _remember(study, form)
    return job


def _remember(study: Study, form: ImportSettings) -> None:
    if name := form.cleaned_data["remember"].strip():
        profiles.remember(study, name, form.settings())


def _context(
    request: StudyRequest, study: Study, job: Job, form: ImportSettings | None = None
) -> dict[str, Any]:
    result = job.result or {}
    is_preview = bool(job.params.get("dry_run"))
    wanted = request.GET.get("status", "")
    rows = preview_rows(result)
    counts = Counter(row["status"] for row in rows)
    listed = [row for row in rows if wanted in ("", row["status"])]
    number = max(whole_number(request.GET.get("page", "")) or 1, 1) - 1
    shown = listed[number * SHOWN_ROWS : (number + 1) * SHOWN_ROWS]
    can_go_on = is_preview and not job.is_active and bool(job.params.get("upload"))
    if form is None and can_go_on:
        initial = initial_of(job.params)
        initial["pattern"] = request.GET.get("pattern", initial.get("pattern", ""))
        form = ImportSettings(initial=initial, **_of(request, study))
    if form is not None:
        form.preview_pattern_at(reverse("annotation:import_names", args=[study.name, job.pk]))
    return {
        "job": job,
        "line": line_of(job),
        "polls": job.is_active,
        "is_preview": is_preview,
        "can_take": can_go_on and job.state == Job.State.DONE and set(counts) - {"refused"},
        "form": form if can_go_on else None,
        "counts": [
            (status, counts[status], STATUS_WORDS[status]) for status in STATUSES if counts[status]
        ],
        "status": wanted,
        "rows": [
            {**row, "picture": _picture_of(study, job, row) if is_preview else ""} for row in shown
        ],
        "pages": _pages(request, number, len(listed)),
        "wholes": result.get("pictures", []) if can_go_on else [],
        "looked": not must_look(job.params),
        "near": _near_names(job) if can_go_on else [],
        "patterns": result.get("patterns", []) if can_go_on else [],
        "notes": result.get("notes", []),
        "ignored": result.get("ignored", [])[:SHOWN_FILES],
        "unknown_labels": _unknown_labels(study, job) if can_go_on else [],
        "may_add_aliases": request.role == Role.ADMIN,
        **_caught(job, request.GET.get("pattern", job.params.get("pattern", ""))),
    }


def _looked(request: StudyRequest, job: Job) -> bool:
    """Whether somebody said that no name is readable on the pictures, or covered what is."""
    return not must_look(job.params) or request.POST.get("looked") == "yes"


def _pages(request: StudyRequest, number: int, found: int) -> Pages:
    """Links between the pages of a preview's rows."""

    def address(page: int) -> str:
        query = {"status": request.GET.get("status", ""), "page": str(page + 1)}
        return f"{request.path}?{urlencode({k: v for k, v in query.items() if v})}"

    last = max(math.ceil(found / SHOWN_ROWS) - 1, 0)
    return Pages(
        f"Page {number + 1} of {last + 1}",
        address(number - 1) if number > 0 else "",
        address(number + 1) if number < last else "",
    )


def _picture_of(study: Study, job: Job, row: dict[str, Any]) -> str:
    """The address of a row's small picture; empty: it has none."""
    if not row["frames"] or not job.params.get("upload"):
        return ""
    key = pictures.key_of(row["files"][0])
    return reverse("annotation:import_picture", args=[study.name, job.pk, key])


def _near_names(job: Job) -> list[dict[str, str]]:
    """Names of a preview that are spelled almost like others, each a question."""
    found = (job.result or {}).get("near", {})
    return [
        {"kind": kind, "name": name, "other": other, "field": f"near-{number}"}
        for number, (kind, name, other) in enumerate(
            (kind, name, other)
            for kind, names in sorted(found.items())
            for name, other in sorted(names.items())
        )
    ]


def _unknown_labels(study: Study, job: Job) -> list[dict[str, Any]]:
    """Each spelling that a preview did not know, with the labels it may stand for."""
    found = (job.result or {}).get("unknown_labels", {})
    sites = {site.slug: site for site in study.sites.filter(slug__in=list(found))}
    rows: list[dict[str, Any]] = []
    for slug in sorted(found):
        for label, near in sorted(found[slug].items()):
            if slug in sites:
                rows.append(
                    {
                        "site": sites[slug],
                        "label": label,
                        "near": near,
                        "labels": [row.name for row in sites[slug].labels.all()],
                        "field": f"alias-{len(rows)}",
                    }
                )
    return rows


def _caught(job: Job, pattern: str) -> dict[str, Any]:
    """The first names of the import's images with what a pattern catches in them."""
    paths = [
        file["path"]
        for file in (job.result or {}).get("files", [])
        if not file["path"].lower().endswith(".json")
    ]
    shown = paths[:SHOWN_NAMES]
    context: dict[str, Any] = {"pattern": pattern, "groups": GROUPS, "n_names": len(paths)}
    if not pattern:
        defaults = [[default_subject(path)] + [""] * (len(GROUPS) - 1) for path in shown]
        rows = [CaughtName(path, row) for path, row in zip(shown, defaults, strict=True)]
        return {**context, "names": rows}
    try:
        found = names_caught(pattern, shown)
    except InvalidInput as error:
        return {**context, "problem": error.message, "names": []}
    rows = [
        CaughtName(path, None if hit is None else [hit.get(group, "") for group in GROUPS])
        for path, hit in zip(shown, found, strict=True)
    ]
    return {**context, "names": rows, "n_caught": sum(row.values is not None for row in rows)}
