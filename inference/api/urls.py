"""Addresses of this app."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from inference.api.models import ModelListView

urlpatterns: list[URLPattern | URLResolver] = [
    path("models/", ModelListView.as_view(), name="api-models"),
]
