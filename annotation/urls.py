"""Addresses of this app's pages. `study` is a study's name: see `annotation.middleware`."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from annotation.views import home

app_name = "annotation"

STUDY = "studies/<slug:study>/"

entrance: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("new-study/", home.new_study, name="new_study"),
    path(STUDY + "enter/", home.enter, name="enter"),
]

urlpatterns = [*entrance]
