"""Where people land, entering a study, and starting one's own."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from annotation.forms.study import NewStudy
from annotation.middleware import StudyRequest
from annotation.models import Membership, Study
from annotation.selectors.studies import SESSION_KEY, entered_by
from annotation.services import studies as study_services
from domain.errors import MyotraceError

FIRST_PAGE = {
    Membership.Role.ANNOTATOR.value: "annotation:queue",
    Membership.Role.EXPERT.value: "annotation:board",
    Membership.Role.ADMIN.value: "training:overview",
}


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The page of the study entered last on which this person's next thing to do stands."""
    entered = entered_by(request.user)  # type: ignore[arg-type]
    remembered = request.session.get(SESSION_KEY)
    mine = next((one for one in entered if one.study.name == remembered), None)
    mine = mine or next(iter(entered), None)
    if not request.user.has_usable_password():  # type: ignore[union-attr]
        messages.info(request, "You came in by a link. Choose a password under your name above.")
    if mine is None:
        return render(request, "annotation/no_study.html")
    return redirect(FIRST_PAGE[mine.role], mine.study.name)


@require_GET
def enter(request: StudyRequest, study: Study) -> HttpResponse:
    """Switch to another study, to the first page that its role has there."""
    return redirect(FIRST_PAGE[request.role], study.name)


@login_required
@require_http_methods(["GET", "POST"])
def new_study(request: HttpRequest) -> HttpResponse:
    """Start a study of one's own: whoever does it is its admin."""
    form = NewStudy(request.POST or None)
    if form.is_valid():
        title = form.cleaned_data["title"]
        try:
            study = study_services.create(form.cleaned_data["name"], title, actor=request.user)  # type: ignore[arg-type]
        except MyotraceError as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, f"{title} is yours. Three steps and people can start.")
            return redirect("training:overview", study.name)
    return render(request, "annotation/new_study.html", {"form": form})
