"""Addresses of this app."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from training.api import evidence, promotion, runs

urlpatterns: list[URLPattern | URLResolver] = [
    path("runs/", runs.RunListView.as_view(), name="api-runs"),
    path("runs/<int:run_id>/", runs.RunView.as_view(), name="api-run"),
    path("runs/<int:run_id>/cancel", runs.RunCancelView.as_view(), name="api-run-cancel"),
    path(
        "models/<int:model_id>/promote", promotion.PromoteView.as_view(), name="api-model-promote"
    ),
    path(
        "models/<int:model_id>/decisions",
        promotion.DecisionsView.as_view(),
        name="api-model-decisions",
    ),
    path("sites/<slug:slug>/evidence/", evidence.EvidenceView.as_view(), name="api-site-evidence"),
    path("models/<int:model_id>/report/", promotion.ReportView.as_view(), name="api-model-report"),
    path("sites/<slug:slug>/rollback", promotion.RollbackView.as_view(), name="api-site-rollback"),
]
