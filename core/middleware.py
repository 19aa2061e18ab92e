"""What holds for every answer."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from core.models import User
from core.moments import zone_named
from domain.errors import Conflict, InvalidInput, MyotraceError, NotAllowed, NotFound, Refused

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

    STATUS: tuple[tuple[type[MyotraceError], int], ...] = (
        (InvalidInput, 400),
        (Conflict, 409),
        (Refused, 409),
    )

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
            status = next((code for kind, code in self.STATUS if isinstance(exception, kind)), 400)
            context = {"message": str(exception)}
            return render(request, "core/refused.html", context, status=status)
        return None
