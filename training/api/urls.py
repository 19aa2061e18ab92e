"""Addresses of this app."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from training.api import promotion

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        "models/<int:model_id>/promote", promotion.PromoteView.as_view(), name="api-model-promote"
    ),
    path("sites/<slug:slug>/rollback", promotion.RollbackView.as_view(), name="api-site-rollback"),
]
