"""Every address of the API under /api/v1/."""

from __future__ import annotations

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("", include("core.api.urls")),
    path("", include("annotation.api.urls")),
    path("", include("inference.api.urls")),
    path("", include("training.api.urls")),
]
