"""Coming in by a login link."""

from __future__ import annotations

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core.services import credentials

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@require_http_methods(["GET", "POST"])
def login_by_link(request: HttpRequest, secret: str) -> HttpResponse:
    """GET shows a button (so that mail scanners do not use the link up), POST logs in once."""
    if request.method == "GET":
        return render(request, "core/login_link.html")
    user = credentials.redeem_login_secret(secret)
    if user is None:
        return render(request, "core/login_link.html", {"expired": True}, status=410)
    login(request, user, backend=BACKEND)
    return redirect("/")
