"""GET /api/v1/sites/{slug}/evidence/."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.policies import Role, require_role, role_of
from annotation.selectors.studies import site_named, studies_of, visible_study
from core.api.authentication import UserRequest
from domain.errors import NotFound
from training.selectors import evidence


class EvidenceView(APIView):
    """Time per image, corrections, anchoring and learning curve of a site, with intervals.

    `?study=`, by default the caller's first. For experts and admins.
    """

    @extend_schema(
        responses=OpenApiTypes.OBJECT, parameters=[OpenApiParameter("study", OpenApiTypes.STR)]
    )
    def get(self, request: UserRequest, slug: str) -> Response:
        name = request.query_params.get("study")
        studies = studies_of(request.user)
        study = visible_study(request.user, name) if name else next(iter(studies), None)
        if study is None:
            raise NotFound("There is no such site.")
        require_role(role_of(request.user, study), Role.EXPERT, Role.ADMIN)
        return Response(evidence.as_json(evidence.of_site(site_named(study, slug))))
