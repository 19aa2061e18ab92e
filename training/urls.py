"""Addresses of this app's pages. `study` is a study's name: see `annotation.middleware`."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from training.views import overview, retraining

app_name = "training"

STUDY = "studies/<slug:study>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(STUDY, overview.overview, name="overview"),
    path(STUDY + "sites/<slug:slug>/retraining/", retraining.retraining, name="retraining"),
]
