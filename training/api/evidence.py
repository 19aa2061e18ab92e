"""GET /api/v1/sites/{slug}/evidence/."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from rest_framework.response import Response

from annotation.api.studies import asked_study
from annotation.policies import Role
from annotation.selectors.studies import site_named
from core.api.authentication import UserRequest
from core.api.views import ApiView, takes
from training.selectors import evidence


class EvidenceView(ApiView):
    """Time per image, corrections, anchoring and learning curve of a site, with intervals.

    For experts and admins.
    """

    @takes(responses=OpenApiTypes.OBJECT)
    def get(self, request: UserRequest, slug: str) -> Response:
        study = asked_study(request, Role.EXPERT, Role.ADMIN)
        return Response(evidence.as_json(evidence.of_site(site_named(study, slug))))
