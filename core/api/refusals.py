"""Translates the project's errors into answers of the API."""

from __future__ import annotations

from typing import Any

from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from domain.errors import Conflict, InvalidInput, MyotraceError, NotAllowed, NotFound, Refused

STATUS: tuple[tuple[type[MyotraceError], int], ...] = (
    (NotFound, status.HTTP_404_NOT_FOUND),
    (NotAllowed, status.HTTP_403_FORBIDDEN),
    (Conflict, status.HTTP_409_CONFLICT),
    (Refused, status.HTTP_409_CONFLICT),
    (InvalidInput, status.HTTP_400_BAD_REQUEST),
)


def answer(exception: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler, widened by ours: `{"detail": words}`."""
    if isinstance(exception, MyotraceError):
        code = next((code for kind, code in STATUS if isinstance(exception, kind)), 400)
        return Response({"detail": str(exception)}, status=code)
    return exception_handler(exception, context)
