"""POST imports/ and GET exports/{format}/."""

from __future__ import annotations

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.response import Response

from annotation.api.studies import asked_study
from annotation.policies import Role
from annotation.selectors.exports import APPROVED
from annotation.selectors.studies import site_named
from annotation.services import exports
from annotation.services.imports import uploads
from annotation.services.imports.request import DEFAULT_STEP, STATES
from annotation.services.intake.batch import SUBMITTED
from core.api.authentication import UserRequest
from core.api.jobs import JobSerializer
from core.api.views import ApiView, StrictSerializer, takes, validated, yes_or_no
from domain.errors import InvalidInput


class ImportSettings(StrictSerializer):
    """What is to be done with the uploaded files."""

    any_files = True

    study = serializers.CharField(required=False, default="", max_length=100)
    site = serializers.CharField(required=False, default="", max_length=60)
    pattern = serializers.CharField(required=False, default="", max_length=500)
    state = serializers.ChoiceField(STATES, default=SUBMITTED)
    dry_run = serializers.BooleanField(default=False)
    create_site = serializers.BooleanField(default=False)
    encoding = serializers.CharField(required=False, default="", max_length=40)
    mask = serializers.CharField(required=False, default="", max_length=200)
    crop = serializers.CharField(required=False, default="", max_length=60)
    image_area = serializers.CharField(required=False, default="", max_length=60)
    crop_is_area = serializers.BooleanField(default=False)
    sweeps = serializers.BooleanField(default=False)
    step = serializers.IntegerField(default=DEFAULT_STEP, min_value=1, max_value=10_000)
    join_groups = serializers.BooleanField(default=False)


class ImportView(ApiView):
    """Import a zip archive, or several files: 202 with the job whose result is the report.

    A `manifest.csv` among the files is used where no site is named. The study is named by the
    form's field `study` or in the address. For experts and admins.
    """

    parser_classes = [MultiPartParser]

    @takes(body=ImportSettings, multipart=True, responses={202: JobSerializer})
    def post(self, request: UserRequest) -> Response:
        study = asked_study(request, Role.EXPERT, Role.ADMIN, in_body=True)
        settings = validated(request, ImportSettings)
        del settings["study"]
        files = [file for name in request.FILES for file in request.FILES.getlist(name)]
        if not files:
            raise InvalidInput("There is no file in the request. Send a zip archive or files.")
        settings["masks"] = tuple(settings.pop("mask").split())
        job = uploads.submit(files, settings, study, actor=request.user)
        return Response(JobSerializer(job).data, status=status.HTTP_202_ACCEPTED)


class ZipRenderer(BaseRenderer):
    """Lets `Accept: application/zip` through; the view streams the archive itself."""

    media_type = "application/zip"
    format = "zip"

    def render(self, data: object, *args: object, **kwargs: object) -> bytes:
        """A refusal, whose sentence stands alone."""
        return str(data.get("detail", "") if isinstance(data, dict) else data).encode()


class ExportView(ApiView):
    """The images and approved outlines of a study or a site as a zip archive.

    Test subjects are left out. For experts and admins.
    """

    renderer_classes = [JSONRenderer, ZipRenderer]

    @takes(
        "site",
        "state",
        "as_received",
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    def get(self, request: UserRequest, kind: str) -> FileResponse:
        study = asked_study(request, Role.EXPERT, Role.ADMIN)
        query = request.query_params
        slug = query.get("site", "")
        wanted = exports.ExportRequest(
            format=kind,
            site=site_named(study, slug) if slug else None,
            state=query.get("state", APPROVED),
            as_received=yes_or_no(request, "as_received"),
        )
        archive = exports.to_zip(study, wanted, actor=request.user)
        return FileResponse(
            archive,
            as_attachment=True,
            filename=f"{study.name}-{slug or 'all-sites'}-{kind}.zip",
            content_type="application/zip",
        )
