"""/api/v1/models/: the model versions of a study, and a model of one's own."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.api.studies import asked_study
from annotation.policies import require_admin
from annotation.selectors.studies import site_named
from core.api.authentication import UserRequest
from core.api.jobs import JobSerializer
from core.api.pagination import PARAMETERS
from core.api.views import ApiView, StrictSerializer, takes, validated
from inference.models import ModelVersion
from inference.selectors import versions
from inference.services import uploading


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


class ModelUpload(StrictSerializer):
    """A model of one's own: an ONNX file and its card."""

    site = serializers.CharField(max_length=60)
    model = serializers.FileField()
    card = serializers.FileField()


class ModelListView(ApiView, ListAPIView[ModelVersion]):
    """The model versions of a study, newest first."""

    serializer_class = ModelSerializer
    parser_classes = [MultiPartParser]
    request: UserRequest

    @takes(body=ModelUpload, multipart=True, responses={202: JobSerializer})
    def post(self, request: UserRequest) -> Response:
        """Check and register a model: 202 with the job whose result names it. For admins."""
        study = asked_study(request)
        require_admin(request.user, study)
        received = validated(request, ModelUpload)
        site = site_named(study, received["site"])
        card = received["card"].read(uploading.LARGEST_CARD + 1)
        job = uploading.submit(site, received["model"].chunks(), card, request.user)
        return Response(JobSerializer(job).data, status=status.HTTP_202_ACCEPTED)

    @takes("site", *PARAMETERS)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return ModelVersion.objects.none()
        models = versions.of_study(asked_study(self.request)).prefetch_related("pointers")
        slug = self.request.query_params.get("site")
        return models.filter(site__slug=slug) if slug else models
