"""The door of every page of a study."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse

from annotation.models import Study
from annotation.selectors.studies import SESSION_KEY, StudyRole, entered_by
from core.models import User


class StudyRequest(HttpRequest):
    """What a view of a study gets: who asks, as what, and in which study."""

    user: User
    study: Study
    role: str
    entered: Sequence[StudyRole]


class StudyMiddleware:
    """Lets only members through to addresses that name a study.

    Where a route has an argument `study` (a study's name), the view gets the Study itself in its
    place, and the request `study` and `role`; a study that the person may not enter does not exist
    (404). The study entered last is remembered in the session. `request.entered` lists all.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponse],
        args: Sequence[Any],
        kwargs: dict[str, Any],
    ) -> HttpResponse | None:
        name = kwargs.get("study")
        if name is None:
            return None
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        entered = entered_by(request.user)
        mine = next((one for one in entered if one.study.name == name), None)
        if mine is None:
            raise Http404("You are not a member of a study with this name.")
        kwargs["study"] = mine.study
        request.study = mine.study  # type: ignore[attr-defined]
        request.role = mine.role  # type: ignore[attr-defined]
        request.entered = entered  # type: ignore[attr-defined]
        if request.session.get(SESSION_KEY) != name:
            request.session[SESSION_KEY] = name
        return None
