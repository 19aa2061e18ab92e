"""The study's rules: double reading, the split, and the locked test sets."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from annotation.forms.study import AssignSplit, DoubleReading, Seal
from annotation.middleware import StudyRequest
from annotation.models import Site, Study
from annotation.policies import Role, require_role
from annotation.selectors import locks, partitions
from annotation.services import double_reading, lock, split
from domain.errors import InvalidInput, MyotraceError


@require_http_methods(["GET", "POST"])
def settings(request: StudyRequest, study: Study) -> HttpResponse:
    """See and change the study's rules, each by a form of its own."""
    require_role(request.role, Role.ADMIN)
    act = request.POST.get("act", "")
    forms = _forms(study, request, act)
    if act in forms and forms[act].is_valid():
        try:
            messages.success(request, _do(act, forms[act], study, request))
        except MyotraceError as error:
            forms[act].add_error(None, str(error))
        else:
            return redirect("annotation:settings", study.name)
    context = {
        "forms": forms,
        "counts": partitions.partition_counts(study),
        "locks": [
            (site, locks.lock_state(site), _seal_form(site, forms)) for site in _sites(study)
        ],
        "splits": study.splits.select_related("created_by")[:5],
        "shared": [one for one in partitions.shared_pictures(study) if one.crosses],
    }
    status = 422 if any(form.errors for form in forms.values()) else 200
    return render(request, "annotation/settings.html", context, status=status)


def _sites(study: Study) -> list[Site]:
    return list(study.sites.order_by("order", "slug"))


def _forms(study: Study, request: StudyRequest, act: str) -> dict[str, Form]:
    data: dict[str, Any] = {act: request.POST} if request.method == "POST" else {}
    share = round(100 * study.double_reading_share)
    forms: dict[str, Form] = {
        "double": DoubleReading(data.get("double"), prefix="double", initial={"share": share}),
        "split": AssignSplit(data.get("split"), prefix="split"),
    }
    if "seal" in data:
        forms["seal"] = Seal(data["seal"])
    return forms


def _seal_form(site: Site, forms: dict[str, Form]) -> Form:
    """The form that was sent for this site, with its error, or a fresh one."""
    sent = forms.get("seal")
    if sent is not None and sent.data.get("site") == site.slug:
        return sent
    return Seal(initial={"site": site.slug}, auto_id=f"id_{site.slug}_%s")


def _do(act: str, form: Form, study: Study, request: StudyRequest) -> str:
    values = form.cleaned_data
    if act == "double":
        planned = double_reading.set_share(study, values["share"] / 100, actor=request.user)
        return f"Saved: {planned} scans that nobody has begun are read twice."
    if act == "split":
        before = partitions.partition_counts(study)[partitions.UNASSIGNED]
        split.assign(
            study,
            test=values["test"] / 100,
            validation=values["validation"] / 100,
            seed=values["seed"],
            actor=request.user,
        )
        after = partitions.partition_counts(study)[partitions.UNASSIGNED]
        return f"{before - after} subjects have their partition now. Nobody else's changed."
    site = study.sites.filter(slug=values["site"]).first()
    if site is None or values["confirmation"] not in {site.name, site.slug}:
        raise InvalidInput("This is not the site's name. Nothing was sealed.")
    sealed = lock.seal(site, request.user, values["look_budget"])
    return f"Sealed: version {sealed.version} of {site.name}'s locked test set ({sealed.basis})."
