"""The contour editor's page, to outline and to review, and the way to the next scan."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_GET

from annotation.forms.board import BoardFilter
from annotation.middleware import StudyRequest
from annotation.models import Study
from annotation.policies import can_annotate_in, can_review_in
from annotation.selectors.annotations import visible_annotation
from annotation.selectors.editor import (
    EditorPage,
    annotating_page,
    review_page,
    scan_title,
    what_is_left,
)
from annotation.selectors.images import visible_image
from annotation.selectors.review_lists import (
    PAIRS,
    TO_REVIEW,
    ReviewList,
    following,
)
from annotation.selectors.studies import SESSION_KEY, entered_by
from annotation.services import assignments, outlines
from core.models import User
from core.pages import whole_number
from domain.errors import NotFound

STATIC = Path(__file__).resolve().parents[1] / "static"
EDITOR = STATIC / "annotation" / "editor"
CLIPPER = "libraries/clipper2.js"
MAIN, ONE_FILE = "annotation/editor/contour-editor.js", "libraries/editor.js"


@require_GET
def edit(request: StudyRequest, study: Study, image_id: int) -> HttpResponse:
    """Outline a scan: the person's own work on it."""
    image = visible_image(request.user, image_id)
    if image.study_id != study.pk:
        raise NotFound("There is no such image.")
    outlines.begin(image, request.user)
    return _editor(request, annotating_page(request.user, image))


@require_GET
def review(request: StudyRequest, study: Study, annotation_id: int) -> HttpResponse:
    """Review another's outline; `?list=` names the list that it is one of, with its filters.

    `?decide=now`: an expert decides though another reading of the scan is outstanding.
    """
    annotation = visible_annotation(request.user, annotation_id)
    if annotation.image.study_id != study.pk:
        raise NotFound("There is no such annotation.")
    form = BoardFilter(study, request.GET)
    wanted = form.wanted() if form.is_of_one_list else None
    decide_now = request.GET.get("decide") == "now"
    page = review_page(request.user, annotation, wanted, decide_now=decide_now)
    return _editor(request, page)


@require_GET
def left(request: StudyRequest, study: Study) -> HttpResponse:
    """How many scans wait for the person, in words."""
    if not can_annotate_in(request.user, study):
        raise NotFound("There is no such page.")
    return JsonResponse({"left": what_is_left(request.user, study)})


@login_required
@require_GET
def next_scan(request: HttpRequest) -> HttpResponse:
    """What this person should do next, of the study entered last before the others.

    `?after=ID` leaves out the scan that is on the screen.
    """
    user: User = request.user  # type: ignore[assignment]
    remembered = request.session.get(SESSION_KEY)
    entered = sorted(entered_by(user), key=lambda one: one.study.name != remembered)
    after = whole_number(request.GET.get("after", ""))
    address = next(filter(None, (_next_in(user, one.study, after) for one in entered)), None)
    return address or redirect("annotation:home")


def _next_in(user: User, study: Study, after: int | None) -> HttpResponse | None:
    """The next review for an expert, the next scan to outline for both kinds of readers."""
    if can_review_in(user, study):
        for wanted in (ReviewList(TO_REVIEW), ReviewList(PAIRS)):
            annotation = following(user, study, wanted, but=after)
            if annotation is not None:
                return redirect("annotation:review", study.name, annotation.pk)
    image = assignments.reserve_next(user, study, after=after)
    return redirect("annotation:edit", study.name, image.pk) if image else None


def _editor(request: HttpRequest, page: EditorPage) -> HttpResponse:
    script = static(ONE_FILE if settings.EDITOR_IN_ONE_FILE else MAIN)
    context = {
        "page": page,
        "decide_query": _deciding_now(request),
        "title": scan_title(page.image),
        "modules": _modules(),
        "script": script,
        "preloaded": [script] if settings.EDITOR_IN_ONE_FILE else _modules().values(),
    }
    return render(request, "annotation/editor.html", context)


def _deciding_now(request: HttpRequest) -> str:
    query = request.GET.copy()
    query["decide"] = "now"
    return query.urlencode()


@cache
def _modules() -> dict[str, str]:
    """The address of every module, by the name under which modules import it and start workers."""
    own = {
        f"#editor/{path.relative_to(EDITOR).as_posix()}": path.relative_to(STATIC).as_posix()
        for path in sorted(EDITOR.rglob("*.js"))
    }
    return {name: static(path) for name, path in {**own, "clipper2-ts": CLIPPER}.items()}
