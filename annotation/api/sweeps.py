"""The frames of a sweep."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from rest_framework import serializers
from rest_framework.response import Response

from annotation.api.studies import annotation_of, image_of
from annotation.models import Image, Study
from annotation.selectors.sweeps import Frame, ReviewFrame, frames_of, review_frames_of
from core.api.authentication import UserRequest
from core.api.views import ApiView, takes

STATES = ["done", "draft", "proposed", "empty", "waiting", "returned"]


class FrameSerializer(serializers.Serializer[Any]):
    """A frame of a sweep. `state`: how far the work is; `page`: where it is opened, if it can be.

    `annotation`: the address of the caller's own work; empty where another's is reviewed.
    """

    image = serializers.IntegerField()
    number = serializers.IntegerField()
    state = serializers.ChoiceField(choices=STATES)
    page = serializers.CharField()
    pixels = serializers.CharField()
    annotation = serializers.CharField()


class FramesView(ApiView):
    """All frames of the take that an image belongs to, in order."""

    @takes(responses=FrameSerializer(many=True))
    def get(self, request: UserRequest, image_id: int) -> Response:
        image = image_of(request, image_id)
        return Response([_shown(image, frame) for frame in frames_of(request.user, image)])


class ReviewFramesView(ApiView):
    """All frames of a take in order, with what the author of an annotation has submitted there."""

    @takes(responses=FrameSerializer(many=True))
    def get(self, request: UserRequest, annotation_id: int) -> Response:
        annotation = annotation_of(request, annotation_id)
        study = annotation.image.study
        return Response([_reviewed(study, frame) for frame in review_frames_of(annotation)])


def _reviewed(study: Study, frame: ReviewFrame) -> dict[str, Any]:
    work = frame.annotation
    return {
        "image": frame.image,
        "number": frame.number,
        "state": frame.state,
        "page": reverse("annotation:review", args=[study.name, work]) if work else "",
        "pixels": reverse("api-pixels", args=[frame.image]),
        "annotation": "",
    }


def _shown(image: Image, frame: Frame) -> dict[str, Any]:
    return {
        "image": frame.image,
        "number": frame.number,
        "state": frame.state,
        "page": reverse("annotation:edit", args=[image.study.name, frame.image]),
        "pixels": reverse("api-pixels", args=[frame.image]),
        "annotation": reverse("api-own-annotation", args=[frame.image]),
    }
