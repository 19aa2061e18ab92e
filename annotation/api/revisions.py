"""Revisions, submission and review of annotations."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.api.serializers import AnnotationSerializer, ReviewSerializer, RevisionSerializer
from annotation.models import Revision
from annotation.selectors.annotations import (
    revisions_of,
    visible_annotation,
    visible_revision,
)
from annotation.selectors.locks import correction_to_draw
from annotation.services import corrections, review, workflow
from core.api.authentication import UserRequest


class RevisionListView(ListAPIView[Revision]):
    """All saved versions of an annotation, oldest first."""

    serializer_class = RevisionSerializer
    request: UserRequest

    def get_queryset(self):  # type: ignore[no-untyped-def]
        if getattr(self, "swagger_fake_view", False):
            return Revision.objects.none()
        return revisions_of(visible_annotation(self.request.user, self.kwargs["annotation_id"]))


class RevisionView(APIView):
    """One saved version of an annotation."""

    @extend_schema(responses=RevisionSerializer)
    def get(self, request: UserRequest, annotation_id: int, number: int) -> Response:
        revision = visible_revision(request.user, annotation_id, number)
        return Response(RevisionSerializer(revision).data)


class SubmitView(APIView):
    """Send the newest revision to the experts."""

    @extend_schema(request=None, responses=AnnotationSerializer)
    def post(self, request: UserRequest, annotation_id: int) -> Response:
        annotation = visible_annotation(request.user, annotation_id)
        workflow.submit(annotation, request.user)
        return Response(AnnotationSerializer(annotation).data)


class TakeBackView(APIView):
    """Take submitted work back before it is reviewed."""

    @extend_schema(request=None, responses=AnnotationSerializer)
    def post(self, request: UserRequest, annotation_id: int) -> Response:
        annotation = visible_annotation(request.user, annotation_id)
        workflow.take_back(annotation, request.user)
        return Response(AnnotationSerializer(annotation).data)


class ReviewView(APIView):
    """Approve, correct and approve, or return the revision that was looked at.

    Of a sealed scan "correct" gives the outline of the correction that the person has proposed.
    """

    @extend_schema(request=ReviewSerializer, responses=AnnotationSerializer)
    def post(self, request: UserRequest, annotation_id: int) -> Response:
        annotation = visible_annotation(request.user, annotation_id)
        body = ReviewSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        correction = correction_to_draw(request.user, annotation.image)
        if correction is not None:
            corrections.draw(correction, request.user, said["regions"], said["seconds"])
        elif said["decision"] == "approve":
            review.approve(annotation, said["revision"], request.user, said["reason"])
        elif said["decision"] == "correct":
            review.correct_and_approve(
                annotation,
                said["revision"],
                request.user,
                said["regions"],
                said["reason"],
                said["seconds"],
            )
        else:
            review.return_(
                annotation, said["revision"], request.user, said["reason"], said["issues"]
            )
        annotation.refresh_from_db()
        return Response(AnnotationSerializer(annotation).data)
