"""Refusals in words: beside the form that was sent where that can be, else as a page of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse, QueryDict

from domain.errors import Conflict, InvalidInput, MyotraceError, Refused

STATUS: tuple[tuple[type[MyotraceError], int], ...] = (
    (InvalidInput, 400),
    (Conflict, 409),
    (Refused, 409),
)

SAID = b"data-refusal"
"""What marks a refusal on a page."""

View = TypeVar("View", bound=Callable[..., HttpResponse])


@dataclass(frozen=True)
class Refusal:
    """What was refused: the address that the form was sent to, why, and what was typed.

    `beside_form`: said beside the form; else at the head of the page, where the form is no more.
    """

    action: str
    message: str
    values: QueryDict
    beside_form: bool = True


def typed(request: HttpRequest) -> QueryDict:
    """What was typed into the form that was sent to this address and refused."""
    refusal = getattr(request, "refusal", None)
    return refusal.values if refusal else QueryDict()


def status_of(error: MyotraceError) -> int:
    """The status of an answer that refuses by this error."""
    return next((code for kind, code in STATUS if isinstance(error, kind)), 400)


def refusals_on(page: Callable[..., HttpResponse]) -> Callable[[View], View]:
    """Show what a view of a single form refuses on the page that holds the form.

    `page` gets the same arguments as the view and `request.refusal`, which
    `components/refusal.html` shows beside the form with that action. Where the page holds the form
    no more, the refusal stands at its head.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                return view(request, *args, **kwargs)
            except (InvalidInput, Conflict, Refused) as error:
                refusal = Refusal(request.path, str(error), request.POST)
                request.method = "GET"
                for shown in (refusal, replace(refusal, beside_form=False)):
                    request.refusal = shown  # type: ignore[attr-defined]
                    response = page(request, *args, **kwargs)
                    if SAID in response.content:
                        break
                response.status_code = status_of(error)
                return response

        answer.refusals_on = page  # type: ignore[attr-defined]
        return answer  # type: ignore[return-value]

    return decorate
