"""The frames of a sweep."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.models import Image
from annotation.selectors.images import visible_image
from annotation.selectors.sweeps import Frame, frames_of
from core.api.authentication import UserRequest


class FrameSerializer(serializers.Serializer[Any]):
    """A frame of a sweep. `state`: how far the caller is with it; `page`: where they outline it."""

    image = serializers.IntegerField()
    number = serializers.IntegerField()
    state = serializers.ChoiceField(choices=["done", "draft", "proposed", "empty"])
    page = serializers.CharField()
    pixels = serializers.CharField()
    annotation = serializers.CharField()


class FramesView(APIView):
    """All frames of the take that an image belongs to, in order."""

    @extend_schema(responses=FrameSerializer(many=True))
    def get(self, request: UserRequest, image_id: int) -> Response:
        image = visible_image(request.user, image_id)
        return Response([_shown(image, frame) for frame in frames_of(request.user, image)])


def _shown(image: Image, frame: Frame) -> dict[str, Any]:
    return {
        "image": frame.image,
        "number": frame.number,
        "state": frame.state,
        "page": reverse("annotation:edit", args=[image.study.name, frame.image]),
        "pixels": reverse("api-pixels", args=[frame.image]),
        "annotation": reverse("api-own-annotation", args=[frame.image]),
    }
