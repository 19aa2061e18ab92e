"""What holds for every answer."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from core.models import User
from core.moments import zone_named
from core.refusals import status_of
from domain.errors import MyotraceError, NotAllowed, NotFound

Answer = Callable[[HttpRequest], HttpResponse]


class PrivateByDefault:
    """Answers to somebody logged in are never kept by shared caches."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), microphone=(), geolocation=()"
        )
        return response


class TimesInThePersonsZone:
    """Pages show times in the zone that the person chose; to nobody in particular in UTC."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        chosen = user.time_zone if isinstance(user, User) else "UTC"
        with timezone.override(zone_named(chosen)):
            return self.get_response(request)


class RefusalsAsPages:
    """Turns a refusal that no view has handled into a page that says why, in words."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, NotFound):
            raise Http404(str(exception)) from exception
        if isinstance(exception, NotAllowed):
            raise PermissionDenied(str(exception)) from exception
        if isinstance(exception, MyotraceError):
            context = {"message": str(exception), "back": _page_before(request)}
            return render(request, "core/refused.html", context, status=status_of(exception))
        return None


def _page_before(request: HttpRequest) -> str:
    """The page of this installation that the request came from, if it says so."""
    before = request.headers.get("Referer", "")
    hosts = {request.get_host()}
    return before if url_has_allowed_host_and_scheme(before, hosts, request.is_secure()) else ""
