"""Revisions, submission and review of annotations."""

from __future__ import annotations

from typing import Any

from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.serializers import (
    AnnotationSerializer,
    AnswerSerializer,
    IssueSerializer,
    ReviewedSerializer,
    ReviewSerializer,
    RevisionSerializer,
    WithdrawSerializer,
)
from annotation.api.studies import annotation_of, reference_of, remark_of, revision_of
from annotation.models import Revision
from annotation.selectors.annotations import revisions_of
from annotation.selectors.locks import correction_to_draw
from annotation.services import corrections, remarks, review, workflow
from core.api.authentication import UserRequest
from core.api.pagination import PARAMETERS
from core.api.views import ApiView, takes, validated


class RevisionListView(ApiView, ListAPIView[Revision]):
    """All saved versions of an annotation, oldest first."""

    serializer_class = RevisionSerializer
    request: UserRequest

    @takes(*PARAMETERS)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self):  # type: ignore[no-untyped-def]
        if getattr(self, "swagger_fake_view", False):
            return Revision.objects.none()
        return revisions_of(annotation_of(self.request, self.kwargs["annotation_id"]))


class RevisionView(ApiView):
    """One saved version of an annotation."""

    @takes(responses=RevisionSerializer)
    def get(self, request: UserRequest, annotation_id: int, number: int) -> Response:
        revision = revision_of(request, annotation_id, number)
        return Response(RevisionSerializer(revision).data)


class SubmitView(ApiView):
    """Send the newest revision to the experts."""

    @takes(responses=AnnotationSerializer)
    def post(self, request: UserRequest, annotation_id: int) -> Response:
        annotation = annotation_of(request, annotation_id)
        workflow.submit(annotation, request.user)
        return Response(AnnotationSerializer(annotation).data)


class TakeBackView(ApiView):
    """Take submitted work back before it is reviewed."""

    @takes(responses=AnnotationSerializer)
    def post(self, request: UserRequest, annotation_id: int) -> Response:
        annotation = annotation_of(request, annotation_id)
        workflow.take_back(annotation, request.user)
        return Response(AnnotationSerializer(annotation).data)


class ReviewView(ApiView):
    """Approve, correct and approve, or return the revision that was looked at, or undo that.

    Of a sealed scan "correct" gives the outline of the correction that the person has proposed.
    """

    @takes(body=ReviewSerializer, responses=ReviewedSerializer)
    def post(self, request: UserRequest, annotation_id: int) -> Response:
        annotation = annotation_of(request, annotation_id)
        said = validated(request, ReviewSerializer)
        correction = correction_to_draw(request.user, annotation.image)
        if correction is not None:
            corrections.draw(correction, request.user, said["regions"], said["seconds"])
        elif said["decision"] == "approve":
            review.approve(
                annotation,
                said["revision"],
                request.user,
                said["reason"],
                replaces=said["replaces"],
                decide_now=said["decide_now"],
            )
        elif said["decision"] == "correct":
            review.correct_and_approve(
                annotation,
                said["revision"],
                request.user,
                said["regions"],
                said["reason"],
                said["seconds"],
                replaces=said["replaces"],
                decide_now=said["decide_now"],
            )
        elif said["decision"] == "withdraw":
            review.reopen(annotation, said["revision"], request.user, said["reason"])
        else:
            review.return_(
                annotation, said["revision"], request.user, said["reason"], said["issues"]
            )
        annotation.refresh_from_db()
        return Response(ReviewedSerializer(annotation).data)


class WithdrawView(ApiView):
    """Undo the approval that made a reference. It stays in the history of its scan."""

    @takes(body=WithdrawSerializer, responses=ReviewedSerializer)
    def post(self, request: UserRequest, reference_id: int) -> Response:
        reference = reference_of(request, reference_id)
        said = validated(request, WithdrawSerializer)
        review.withdraw(reference, request.user, said["reason"])
        annotation = reference.revision.annotation
        annotation.refresh_from_db()
        return Response(ReviewedSerializer(annotation).data)


class AnswerView(ApiView):
    """Mark a remark on one's own returned work as done, or open it again."""

    @takes(body=AnswerSerializer, responses=IssueSerializer)
    def post(self, request: UserRequest, issue_id: int) -> Response:
        issue = remark_of(request, issue_id)
        said = validated(request, AnswerSerializer)
        remarks.mark(issue, request.user, done=said["done"])
        return Response(IssueSerializer(issue).data)
