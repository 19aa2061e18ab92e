"""POST imports/ and GET exports/{format}/."""

from __future__ import annotations

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.models import Study
from annotation.policies import Role, require_role, role_of
from annotation.selectors.exports import APPROVED
from annotation.selectors.studies import site_named, studies_of, visible_study
from annotation.services import exports
from annotation.services.imports import uploads
from annotation.services.imports.request import DEFAULT_STEP, STATES, SUBMITTED
from core.api.jobs import JobSerializer
from core.models import User
from domain.errors import InvalidInput, NotFound


class ImportSettings(serializers.Serializer):
    """What is to be done with the uploaded files."""

    site = serializers.CharField(required=False, default="", max_length=60)
    pattern = serializers.CharField(required=False, default="", max_length=500)
    state = serializers.ChoiceField(STATES, default=SUBMITTED)
    dry_run = serializers.BooleanField(default=False)
    create_site = serializers.BooleanField(default=False)
    encoding = serializers.CharField(required=False, default="", max_length=40)
    mask = serializers.CharField(required=False, default="", max_length=200)
    crop = serializers.CharField(required=False, default="", max_length=60)
    sweeps = serializers.BooleanField(default=False)
    step = serializers.IntegerField(default=DEFAULT_STEP, min_value=1, max_value=10_000)
    join_groups = serializers.BooleanField(default=False)


class ImportView(APIView):
    """Import a zip archive, or several files: 202 with the job whose result is the report.

    A `manifest.csv` among the files is used where no site is named. For experts and admins of
    the study (`?study=`, by default the caller's first).
    """

    parser_classes = [MultiPartParser]

    @extend_schema(
        request={"multipart/form-data": ImportSettings},
        parameters=[OpenApiParameter("study", OpenApiTypes.STR)],
        responses={202: JobSerializer},
    )
    def post(self, request: Request) -> Response:
        person, study = person_and_study(request)
        wanted = ImportSettings(data=request.data)
        wanted.is_valid(raise_exception=True)
        files = [file for name in request.FILES for file in request.FILES.getlist(name)]
        if not files:
            raise InvalidInput("There is no file in the request. Send a zip archive or files.")
        settings = dict(wanted.validated_data)
        settings["masks"] = tuple(settings.pop("mask").split())
        job = uploads.submit(files, settings, study, actor=person)
        return Response(JobSerializer(job).data, status=status.HTTP_202_ACCEPTED)


class ZipRenderer(BaseRenderer):
    """Lets `Accept: application/zip` through; the view streams the archive itself."""

    media_type = "application/zip"
    format = "zip"

    def render(self, data: object, *args: object, **kwargs: object) -> bytes:
        """A refusal, whose sentence stands alone."""
        return str(data.get("detail", "") if isinstance(data, dict) else data).encode()


class ExportView(APIView):
    """The images and approved outlines of a study or a site as a zip archive.

    Test subjects are left out. For experts and admins.
    """

    renderer_classes = [JSONRenderer, ZipRenderer]

    @extend_schema(
        parameters=[
            OpenApiParameter(name, OpenApiTypes.STR)
            for name in ("study", "site", "state", "as_received")
        ],
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, kind: str) -> FileResponse:
        person, study = person_and_study(request)
        query = request.query_params
        slug = query.get("site", "")
        wanted = exports.ExportRequest(
            format=kind,
            site=site_named(study, slug) if slug else None,
            state=query.get("state", APPROVED),
            as_received=query.get("as_received", "") in ("1", "true", "yes"),
        )
        archive = exports.to_zip(study, wanted, actor=person)
        return FileResponse(
            archive,
            as_attachment=True,
            filename=f"{study.name}-{slug or 'all-sites'}-{kind}.zip",
            content_type="application/zip",
        )


def person_and_study(request: Request) -> tuple[User, Study]:
    """The caller, and the study of `?study=` or their first, of which they are expert or admin."""
    user, name = request.user, request.query_params.get("study")
    assert isinstance(user, User), "the API is for people who are logged in"
    study = visible_study(user, name) if name else next(iter(studies_of(user)), None)
    if study is None:
        raise NotFound("You are a member of no study.")
    require_role(role_of(user, study), Role.EXPERT, Role.ADMIN)
    return user, study
