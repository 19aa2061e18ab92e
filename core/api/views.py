"""What every address of the API holds to: nothing that was asked for is left out in silence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser, FormParser, JSONParser, MultiPartParser
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.views import APIView

from domain.errors import InvalidInput, NotFound

STUDY = "study"
"""Every call takes it: where the address names an object, the object must be of that study."""

ANY_FORM: tuple[type[BaseParser], ...] = (JSONParser, FormParser, MultiPartParser)

Handler = TypeVar("Handler", bound=Callable[..., Any])


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields that it does not know, where others would leave them out.

    `any_files`: uploaded files may have any name.
    """

    any_files: ClassVar[bool] = False

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            excused = _names_of_files(data) if self.any_files else set()
            unknown = sorted(set(data) - set(self.fields) - excused)
            if unknown:
                known = sorted(name for name, field in self.fields.items() if not field.read_only)
                raise serializers.ValidationError(
                    {name: [f"Unknown field. Known are {', '.join(known)}."] for name in unknown}
                )
        return super().to_internal_value(data)


def takes(
    *query: str,
    body: type[StrictSerializer] | None = None,
    headers: Sequence[OpenApiParameter] = (),
    multipart: bool = False,
    **schema: Any,
) -> Callable[[Handler], Handler]:
    """Say what a handler reads from the query and from the body; the OpenAPI document says it too.

    `query`: names of parameters besides `study`. `body`: its serializer; None: the call has no
    body. Other keyword arguments are those of `extend_schema`.
    """
    parameters = [OpenApiParameter(name, OpenApiTypes.STR) for name in (STUDY, *query)]

    def mark(handler: Handler) -> Handler:
        handler.query = frozenset(query)  # type: ignore[attr-defined]
        handler.body = body  # type: ignore[attr-defined]
        if body is not None or "request" not in schema:
            schema["request"] = {"multipart/form-data": body} if multipart else body
        return extend_schema(parameters=[*parameters, *headers], **schema)(handler)

    return mark


class ApiView(APIView):
    """A view that answers 400 to what its handler does not take (see `takes`)."""

    def get_parsers(self) -> list[BaseParser]:
        """Where no body is taken, an empty one may come in any form."""
        if self.request is None or self._takes_body():  # no request: the schema is being written
            return super().get_parsers()
        return [parser() for parser in ANY_FORM]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        _check_parameters(request, getattr(self._asked_for(), "query", frozenset()) | {STUDY})
        if request.method not in SAFE_METHODS and not self._takes_body() and request.data:
            raise InvalidInput("This call takes no body. Leave it out.")

    def _asked_for(self) -> Callable[..., Any] | None:
        return getattr(self, str(self.request.method).lower(), None)

    def _takes_body(self) -> bool:
        return getattr(self._asked_for(), "body", None) is not None


def validated(request: Request, body: type[StrictSerializer]) -> dict[str, Any]:
    """The body of a call as its serializer gives it. Raises DRF's ValidationError (400)."""
    said = body(data=request.data)
    said.is_valid(raise_exception=True)
    return dict(said.validated_data)


def check_study(request: Request, name: str) -> None:
    """Raise NotFound where `?study=` names another study than that of the object."""
    asked = request.query_params.get(STUDY, name)
    if asked != name:
        raise NotFound(f"This is nothing of the study {asked!r}. Mend 'study', or leave it out.")


def yes_or_no(request: Request, name: str) -> bool:
    """A parameter that says yes or no; missing means no. Raises InvalidInput for other words."""
    value = request.query_params.get(name, "").lower()
    if value in {"1", "true", "yes"}:
        return True
    if value in {"", "0", "false", "no"}:
        return False
    raise InvalidInput(f"{name} is {value[:40]!r}: say yes or no.")


def _check_parameters(request: Request, known: frozenset[str]) -> None:
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        raise InvalidInput(
            f"Unknown parameter {', '.join(unknown)[:200]}. Known are {', '.join(sorted(known))}."
        )
    twice = [name for name, values in request.query_params.lists() if len(values) > 1]
    if twice:
        raise InvalidInput(f"The parameter {twice[0]} is given more than once. Give it once.")


def _names_of_files(data: Mapping[str, Any]) -> set[str]:
    """Fields of a form that hold uploaded files, whatever they are called."""
    return {name for name, value in data.items() if hasattr(value, "chunks")}
