"""Images, their pixels, the caller's own annotation and the pre-label."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.serializers import (
    AnnotationSerializer,
    ImageSerializer,
    RevisionSerializer,
    SaveSerializer,
    SuggestionSerializer,
)
from annotation.api.studies import asked_study, image_of
from annotation.models import Annotation, Image, Revision
from annotation.selectors.annotations import (
    head_revision,
    own_annotation,
    visible_suggestion,
)
from annotation.selectors.editor import SCHEMA
from annotation.selectors.images import images_of, png, with_details
from annotation.selectors.starts import source_revision
from annotation.services import assignments, outlines
from core.api.authentication import UserRequest
from core.api.pagination import PARAMETERS
from core.api.views import ApiView, takes, validated
from domain.errors import Conflict, InvalidInput, NotAllowed, NotFound

FILTERS = ("site", "state", "subject")


class ImageListView(ApiView, ListAPIView[Image]):
    """The images of a study."""

    serializer_class = ImageSerializer
    request: UserRequest

    @takes(*FILTERS, *PARAMETERS)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return Image.objects.none()
        filters = {name: self.request.query_params.get(name, "") for name in FILTERS}
        return with_details(images_of(asked_study(self.request), **filters))


class ImageView(ApiView):
    """One image."""

    @takes(responses=ImageSerializer)
    def get(self, request: UserRequest, image_id: int) -> Response:
        return Response(ImageSerializer(image_of(request, image_id)).data)


class PixelsView(ApiView):
    """The pixels of an image as an 8-bit grey PNG."""

    @takes(responses={(200, "image/png"): OpenApiTypes.BINARY})
    def get(self, request: UserRequest, image_id: int) -> HttpResponse:
        image = image_of(request, image_id)
        etag = f'"{image.file_sha256}"'
        if request.headers.get("If-None-Match") == etag:
            return HttpResponse(status=status.HTTP_304_NOT_MODIFIED)
        response = HttpResponse(png(image), content_type="image/png")
        response["ETag"] = etag
        response["Cache-Control"] = "private, no-cache"
        response["Content-Disposition"] = f'inline; filename="image-{image.pk}.png"'
        response["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return response


class OwnAnnotationView(ApiView):
    """The caller's own annotation of an image: read it, or append a revision."""

    @takes(responses=AnnotationSerializer)
    def get(self, request: UserRequest, image_id: int) -> Response:
        image = image_of(request, image_id)
        annotation = own_annotation(request.user, image)
        if annotation is None:
            raise NotFound("You have not begun to outline this image.")
        return _answer(annotation)

    @takes(
        body=SaveSerializer,
        responses=AnnotationSerializer,
        headers=[
            OpenApiParameter("If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True),
            OpenApiParameter("Idempotency-Key", OpenApiTypes.UUID, OpenApiParameter.HEADER),
            OpenApiParameter("X-Author", OpenApiTypes.INT, OpenApiParameter.HEADER),
        ],
    )
    def put(self, request: UserRequest, image_id: int) -> Response:
        image = image_of(request, image_id)
        base = revision_of_etag(request.headers.get("If-Match"))
        if base is None:
            return Response(
                {"detail": 'Say which revision you started from: If-Match: "0" for the first.'},
                status=status.HTTP_428_PRECONDITION_REQUIRED,
            )
        _check_author(request)
        said = validated(request, SaveSerializer)
        if said.pop("schema") > SCHEMA:
            raise InvalidInput("A newer version of Myotrace has written this. Reload the page.")
        source = said.pop("based_on")
        try:
            revision = outlines.save(
                image,
                request.user,
                base=base,
                key=_idempotency_key(request),
                based_on=source_revision(request.user, image, source) if source else None,
                **said,
            )
        except Conflict as conflict:
            return _conflict(request, image, conflict)
        return _answer(revision.annotation, revision)


class ReservationView(ApiView):
    """A scan that the caller has open and has not begun: offered to nobody else meanwhile."""

    @takes(responses={204: None})
    def post(self, request: UserRequest, image_id: int) -> Response:
        assignments.reserve(image_of(request, image_id), request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @takes(responses={204: None})
    def delete(self, request: UserRequest, image_id: int) -> Response:
        assignments.release(image_of(request, image_id), request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class SuggestionView(ApiView):
    """The pre-label of an image, where the caller may see it."""

    @takes(responses=SuggestionSerializer)
    def get(self, request: UserRequest, image_id: int) -> Response:
        suggestion = visible_suggestion(request.user, image_of(request, image_id))
        if suggestion is None:
            raise NotFound("There is no pre-label for you on this image.")
        return Response(SuggestionSerializer(suggestion).data)


class UncertaintyView(ApiView):
    """How unsure the pre-label's source is of each pixel, as a PNG that lies over the scan."""

    @takes(responses={(200, "image/png"): OpenApiTypes.BINARY})
    def get(self, request: UserRequest, image_id: int) -> HttpResponse:
        suggestion = visible_suggestion(request.user, image_of(request, image_id))
        if suggestion is None or not suggestion.uncertainty_map:
            raise NotFound("There is no map of uncertainty for you on this image.")
        response = HttpResponse(bytes(suggestion.uncertainty_map), content_type="image/png")
        response["Cache-Control"] = "private, no-cache"
        response["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return response


def revision_of_etag(value: str | None) -> int | None:
    """The revision number of an `If-Match: "N"` header; None where there is none."""
    if value is None:
        return None
    match = re.fullmatch(r'"?(\d{1,9})"?', value.strip())
    if match is None:
        raise InvalidInput('If-Match must be the revision number in quotes, such as "3".')
    return int(match.group(1))


def _check_author(request: UserRequest) -> None:
    """Work that a page kept goes to nobody else, should another person have signed in meanwhile."""
    author = request.headers.get("X-Author")
    if author is not None and author != str(request.user.pk):
        raise NotAllowed("Somebody else is signed in here now. Sign in as yourself again.")


def _idempotency_key(request: UserRequest) -> UUID | None:
    value = request.headers.get("Idempotency-Key")
    if not value:
        return None
    try:
        return UUID(value)
    except ValueError as error:
        raise InvalidInput("Idempotency-Key must be a UUID.") from error


def _answer(
    annotation: Annotation,
    revision: Revision | None = None,
    code: int = status.HTTP_200_OK,
    **extra: Any,
) -> Response:
    """The work as `revision` has it; without one, as it stands now."""
    annotation.refresh_from_db()
    shown = revision or head_revision(annotation)
    number = shown.number if shown else 0
    content = {
        **AnnotationSerializer(annotation).data,
        "revision": number,
        "regions": shown.regions if shown else [],
        "head": RevisionSerializer(shown).data if shown else None,
        **extra,
    }
    return Response(content, status=code, headers={"ETag": f'"{number}"'})


def _conflict(request: UserRequest, image: Image, conflict: Conflict) -> Response:
    annotation = own_annotation(request.user, image)
    if annotation is None:
        return Response({"detail": str(conflict)}, status=status.HTTP_412_PRECONDITION_FAILED)
    return _answer(annotation, code=status.HTTP_412_PRECONDITION_FAILED, detail=str(conflict))
