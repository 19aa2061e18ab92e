"""Every address of the platform."""

from __future__ import annotations

from django.urls import include, path

handler403 = "core.views.errors.forbidden"
handler404 = "core.views.errors.not_found"
handler500 = "core.views.errors.server_error"

urlpatterns = [
    path("accounts/", include("config.account_urls")),
    path("api/v1/", include("config.api_urls")),
    path("", include("core.urls")),
    path("", include("training.urls")),
    path("", include("inference.urls")),
    path("", include("annotation.urls")),
]
