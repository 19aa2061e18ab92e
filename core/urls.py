"""Addresses of this app's pages."""

from __future__ import annotations

from django.urls import path

from core.views import accounts

urlpatterns = [
    path("profile/", accounts.profile, name="profile"),
    path("login-link/<str:secret>/", accounts.login_by_link, name="login-link"),
]
