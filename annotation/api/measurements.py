"""Measurements of approved outlines, as JSON or CSV."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.response import Response

from annotation.api.studies import asked_study
from annotation.models import Study
from annotation.policies import Role
from annotation.reports.measurements import as_csv, as_json
from annotation.selectors import measurements
from annotation.selectors.studies import site_named
from core.api.authentication import UserRequest
from core.api.views import ApiView, takes


class CsvRenderer(BaseRenderer):
    """Lets `?format=csv` and `Accept: text/csv` through; the view streams the lines itself."""

    media_type = "text/csv"
    format = "csv"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        """A refusal, whose sentence stands alone."""
        return str(data.get("detail", "") if isinstance(data, dict) else data).encode()


class MeasurementListView(ApiView):
    """CSA, thickness and echo intensity, one row per approved image and label.

    Test subjects are left out; `left_out` counts their images. For experts and admins.
    """

    renderer_classes = [JSONRenderer, CsvRenderer]

    @takes(
        "site",
        "subject",
        "format",
        responses={(200, "application/json"): OpenApiTypes.OBJECT, (200, "text/csv"): str},
    )
    def get(self, request: UserRequest) -> HttpResponseBase:
        study = asked_study(request, Role.EXPERT, Role.ADMIN)
        slug = request.query_params.get("site", "")
        site = site_named(study, slug) if slug else None
        found = measurements.of_study(
            study, site=site, subject_code=request.query_params.get("subject", "")
        )
        if request.accepted_renderer.format == CsvRenderer.format:
            return _attachment(study, as_csv(found))
        results = [as_json(one) for one in found]
        left_out = measurements.left_out(study, site=site)
        return Response({"count": len(results), "left_out": left_out, "results": results})


def _attachment(study: Study, lines: Iterable[str]) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{study.name}-measurements.csv"'},
    )
