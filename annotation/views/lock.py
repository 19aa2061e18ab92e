"""The locked test sets of a study: versions, looks, corrections, the reserve."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from annotation.forms.lock import Decline, Release, Seal
from annotation.middleware import StudyRequest
from annotation.models import Site, Study
from annotation.policies import Role, require_role
from annotation.selectors import lock_pages, locks, partitions
from annotation.services import lock, proposals
from core.pages import Empty
from domain.errors import InvalidInput, MyotraceError, NotFound

FORMS: dict[str, type[Form]] = {
    "seal": Seal,
    "rotate": Seal,
    "decline": Decline,
    "decline-change": Decline,
    "release": Release,
}
PROPOSED: dict[str, Callable[[Study], QuerySet[Any]]] = {
    "decline": locks.corrections_of,
    "decline-change": locks.changes_of,
}
"""Where what is declined by an act is found."""


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

    def declining(name: str, proposal: int) -> Form:
        if sent is not None and act == name and sent.data.get("proposal") == str(proposal):
            return sent
        return Decline(initial={"proposal": proposal}, auto_id=f"id_{name}_{proposal}_%s")

    return {
        "seal": sealing("seal"),
        "rotate": sealing("rotate"),
        "corrections": [(one, declining("decline", one.pk)) for one in row.corrections],
        "changes": [(one, declining("decline-change", one.pk)) for one in row.changes],
    }


def _do(act: str, form: Form, study: Study, request: StudyRequest) -> str:
    values = form.cleaned_data
    if act == "release":
        codes = lock.release(study, request.user, values["reason"])
        return f"Released to training: {', '.join(codes)}."
    if act in PROPOSED:
        proposal = PROPOSED[act](study).filter(pk=values["proposal"]).first()
        if proposal is None:
            raise NotFound("There is no such proposal.")
        proposals.decline(proposal, request.user, values["note"])
        return "Declined: what is sealed stays."
    site = _confirmed(values, study)
    make = lock.rotate if act == "rotate" else lock.seal
    sealed = make(site, request.user, values["look_budget"])
    return f"Sealed: version {sealed.version} of {site.name}'s locked test set ({sealed.basis})."


def _confirmed(values: dict[str, Any], study: Study) -> Site:
    site = study.sites.filter(slug=values["site"]).first()
    if site is None or values["confirmation"] not in {site.name, site.slug}:
        raise InvalidInput("This is not the site's name. Nothing was sealed.")
    return site
