"""GET /api/v1/models/: the model versions of a study."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.selectors.studies import studies_of, visible_study
from core.api.authentication import UserRequest
from inference.models import ModelVersion
from inference.selectors import versions


class ModelSerializer(serializers.ModelSerializer[ModelVersion]):
    """A registered model with its card and what it serves for now."""

    site = serializers.SlugField(source="site.slug")
    study = serializers.SlugField(source="site.study.name")
    serves = serializers.SerializerMethodField(help_text="purposes that it is the current model of")

    class Meta:
        model = ModelVersion
        fields = [
            "id",
            "name",
            "study",
            "site",
            "number",
            "family",
            "sha256",
            "serves",
            "run_label",
            "card",
            "created_at",
        ]

    def get_serves(self, model: ModelVersion) -> list[str]:
        return sorted(pointer.purpose for pointer in model.pointers.all())


class ModelListView(ListAPIView[ModelVersion]):
    """The model versions of a study (`?study=`, by default the caller's first), newest first."""

    serializer_class = ModelSerializer
    request: UserRequest

    @extend_schema(
        parameters=[OpenApiParameter(name, OpenApiTypes.STR) for name in ("study", "site")]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return ModelVersion.objects.none()
        query = self.request.query_params
        name = query.get("study")
        user = self.request.user
        study = visible_study(user, name) if name else next(iter(studies_of(user)), None)
        if study is None:
            return ModelVersion.objects.none()
        models = versions.of_study(study).prefetch_related("pointers")
        return models.filter(site__slug=query["site"]) if query.get("site") else models
