"""Muscle sites: what is drawn where, how, and how files spell it."""

from __future__ import annotations

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotation.forms.site import CorrectLabel, NewAlias, NewLabel, NewSite, SiteDetails
from annotation.middleware import StudyRequest
from annotation.models import Site, Study
from annotation.policies import Role, can_guide_in, require_role
from annotation.selectors import guideline
from annotation.selectors import sites as site_selector
from annotation.services import guideline as guideline_services
from annotation.services import labels as label_services
from annotation.services import sites as site_services
from annotation.views.jobs import awaited
from core.pages import Empty
from core.refusals import refusals_on
from domain.errors import MyotraceError, NotFound


@require_GET
def sites(request: StudyRequest, study: Study) -> HttpResponse:
    """Every site with its labels and how far it is."""
    context = {
        "rows": site_selector.progress(study),
        "empty": Empty(
            "The study has no muscle site yet",
            "A site says what is outlined, how, and which model learns from it. An import with a "
            "manifest makes the sites that it names.",
        ),
    }
    return render(request, "annotation/sites.html", context)


@require_http_methods(["GET", "POST"])
def new_site(request: StudyRequest, study: Study) -> HttpResponse:
    """Add a site with its labels."""
    require_role(request.role, Role.ADMIN)
    form = NewSite(request.POST or None)
    if form.is_valid():
        fields = dict(form.cleaned_data)
        slug, labels = fields.pop("slug"), fields.pop("labels")
        try:
            site_services.create(study, slug, labels, actor=request.user, **fields)
        except MyotraceError as error:
            form.add_error("slug", str(error))
        else:
            messages.success(request, f"{fields['name']} is ready for scans.")
            return redirect("annotation:site", study.name, slug)
    status = 422 if form.errors else 200
    return render(request, "annotation/new_site.html", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
def site(request: StudyRequest, study: Study, slug: str) -> HttpResponse:
    """One site: protocol, labels and spellings; an admin changes them here."""
    found = site_selector.site_progress(study, slug)
    if found is None:
        raise NotFound("The study has no such site.")
    act = request.POST.get("act", "")
    forms = _forms(request, found.site, act)
    if request.method == "POST":
        require_role(request.role, Role.ADMIN)
        if act == "forget":
            try:
                site_services.remove_alias(
                    found.site, request.POST.get("alias", ""), actor=request.user
                )
            except MyotraceError as error:
                messages.error(request, str(error))
            return redirect("annotation:site", study.name, slug)
        if act in forms and forms[act].is_valid() and _do(act, forms[act], found.site, request):
            return redirect("annotation:site", study.name, slug)
    context = {
        "found": found,
        "site": found.site,
        "forms": forms,
        "examples": guideline.shown_examples(request.user, found.site),
        "can_guide": can_guide_in(request.user, study),
        "aliases": found.site.aliases.select_related("label"),
        **awaited(study, f"site:{found.site.pk}"),
    }
    status = 422 if any(form.errors for form in forms.values()) else 200
    return render(request, "annotation/site.html", context, status=status)


def _forms(request: StudyRequest, shown: Site, act: str) -> dict[str, Form | SiteDetails]:
    if request.role != Role.ADMIN:
        return {}
    data = {act: request.POST} if request.method == "POST" else {}
    kept = Site(**{field.attname: getattr(shown, field.attname) for field in Site._meta.fields})
    return {
        "change": SiteDetails(data.get("change"), instance=kept, prefix="change"),
        "label": NewLabel(data.get("label"), prefix="label"),
        "alias": NewAlias(shown, data.get("alias"), prefix="alias"),
        "correct": CorrectLabel(shown, data.get("correct"), prefix="correct"),
    }


def _do(act: str, form: Form | SiteDetails, shown: Site, request: StudyRequest) -> bool:
    values = form.cleaned_data
    try:
        if act == "change":
            site_services.change(shown, actor=request.user, **values)
            messages.success(request, "Saved. The audit trail keeps what it was before.")
        elif act == "label":
            site_services.add_label(
                shown, values["name"], title=values["title"], actor=request.user
            )
            messages.success(request, f"{values['name']} can be outlined from now on.")
        elif act == "correct":
            messages.success(request, _corrected(shown, values, request))
        else:
            site_services.add_alias(shown, values["alias"], values["label"], actor=request.user)
            messages.success(request, f"“{values['alias']}” is read as {values['label']} now.")
    except MyotraceError as error:
        form.add_error(None, str(error))
        return False
    return True


def _corrected(shown: Site, values: dict[str, str], request: StudyRequest) -> str:
    """Do what the form says with a label; answers what was done, in words."""
    label = label_services.label_named(shown, values["label"])
    before = label.name
    if values["to"]:
        label_services.rename(label, values["to"], actor=request.user)
        return f"“{before}” is called {label.name} now, in every outline."
    if values["into"]:
        into = label_services.label_named(shown, values["into"])
        label_services.merge(label, into, actor=request.user)
        return f"“{before}” is {into.name} now: what was drawn as either is read as {into.name}."
    if values["retired"] == "yes":
        label_services.retire(label, actor=request.user)
        return f"{before} is drawn no more. Its outlines stay."
    label_services.restore(label, actor=request.user)
    return f"{before} can be outlined again."


def _site_of_example(
    request: StudyRequest, study: Study, slug: str, example_id: int
) -> HttpResponse:
    return site(request, study, slug)


@require_POST
@refusals_on(_site_of_example)
def withdraw_example(
    request: StudyRequest, study: Study, slug: str, example_id: int
) -> HttpResponse:
    """Take an example out of a site's guideline."""
    require_role(request.role, Role.EXPERT, Role.ADMIN)
    found = site_selector.site_progress(study, slug)
    if found is None:
        raise NotFound("The study has no such site.")
    example = guideline.example_of(found.site, example_id)
    guideline_services.withdraw_example(example, actor=request.user)
    messages.success(request, "The example is shown no more.")
    return redirect("annotation:site", study.name, slug)
