"""The locked test sets of a study: versions, looks, corrections, the reserve."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from annotation.forms.lock import Decline, DeclineChange, Release, Seal
from annotation.middleware import StudyRequest
from annotation.models import Site, Study
from annotation.policies import Role, require_role
from annotation.selectors import lock_pages, locks, partitions
from annotation.services import corrections, lock, sealed_changes
from core.pages import Empty
from domain.errors import InvalidInput, MyotraceError, NotFound

FORMS: dict[str, type[Form]] = {
    "seal": Seal,
    "rotate": Seal,
    "decline": Decline,
    "decline-change": DeclineChange,
    "release": Release,
}


@require_http_methods(["GET", "POST"])
def locked(request: StudyRequest, study: Study) -> HttpResponse:
    """See what is locked, and seal, rotate, decline or release, each by a form of its own."""
    require_role(request.role, *_roles(request))
    act = request.POST.get("act", "")
    sent = FORMS[act](request.POST) if act in FORMS else None
    if sent is not None and sent.is_valid():
        try:
            messages.success(request, _do(act, sent, study, request))
        except MyotraceError as error:
            sent.add_error(None, str(error))
        else:
            return redirect("annotation:lock", study.name)
    context = {
        "rows": [(one, _forms_of(one, act, sent)) for one in lock_pages.site_locks(study)],
        "empty": Empty(
            "The study has no muscle site yet",
            "Its test references are sealed site by site, once an admin has added one.",
        ),
        "counts": partitions.partition_counts(study),
        "reserved": locks.reserved(study).count(),
        "retired": list(locks.retired_subjects(study).order_by("code")),
        "release": sent if act == "release" else Release(),
    }
    status = 422 if sent is not None and sent.errors else 200
    return render(request, "annotation/lock.html", context, status=status)


def _roles(request: StudyRequest) -> tuple[str, ...]:
    return (Role.ADMIN,) if request.method == "POST" else (Role.ADMIN, Role.EXPERT)


def _forms_of(row: lock_pages.SiteLock, act: str, sent: Form | None) -> dict[str, Any]:
    """The forms of one site: the one that was sent for it, with its error, the others fresh."""
    slug = row.site.slug

    def sealing(name: str) -> Form:
        if sent is not None and act == name and sent.data.get("site") == slug:
            return sent
        return Seal(initial={"site": slug}, auto_id=f"id_{name}_{slug}_%s")

    def declining(correction: int) -> Form:
        if sent is not None and act == "decline" and sent.data.get("correction") == str(correction):
            return sent
        initial = {"correction": correction}
        return Decline(initial=initial, auto_id=f"id_decline_{correction}_%s")

    def declining_change(change: int) -> Form:
        is_sent = act == "decline-change" and sent and sent.data.get("change") == str(change)
        if sent is not None and is_sent:
            return sent
        return DeclineChange(initial={"change": change}, auto_id=f"id_change_{change}_%s")

    return {
        "seal": sealing("seal"),
        "rotate": sealing("rotate"),
        "corrections": [(one, declining(one.pk)) for one in row.corrections],
        "changes": [(one, declining_change(one.pk)) for one in row.changes],
    }


def _do(act: str, form: Form, study: Study, request: StudyRequest) -> str:
    values = form.cleaned_data
    if act == "release":
        codes = lock.release(study, request.user, values["reason"])
        return f"Released to training: {', '.join(codes)}."
    if act == "decline":
        return _decline(values, study, request)
    if act == "decline-change":
        return _decline_change(values, study, request)
    site = _confirmed(values, study)
    make = lock.rotate if act == "rotate" else lock.seal
    sealed = make(site, request.user, values["look_budget"])
    return f"Sealed: version {sealed.version} of {site.name}'s locked test set ({sealed.basis})."


def _confirmed(values: dict[str, Any], study: Study) -> Site:
    site = study.sites.filter(slug=values["site"]).first()
    if site is None or values["confirmation"] not in {site.name, site.slug}:
        raise InvalidInput("This is not the site's name. Nothing was sealed.")
    return site


def _decline(values: dict[str, Any], study: Study, request: StudyRequest) -> str:
    correction = locks.corrections_of(study).filter(pk=values["correction"]).first()
    if correction is None:
        raise NotFound("There is no such correction.")
    corrections.decline(correction, request.user, values["note"])
    return "Declined: the sealed outline stays."


def _decline_change(values: dict[str, Any], study: Study, request: StudyRequest) -> str:
    change = locks.changes_of(study).filter(pk=values["change"]).first()
    if change is None:
        raise NotFound("There is no such change.")
    sealed_changes.decline(change, request.user, values["note"])
    return "Declined: what is sealed stays."
