"""Coming in by a login link."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core.forms import Profile
from core.models import User
from core.services import credentials, users

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """How pages speak to the person: the time zone of all times."""
    user = request.user
    assert isinstance(user, User), "login_required lets nobody else in"
    form = Profile(request.POST or None, initial={"time_zone": user.time_zone})
    if form.is_valid():
        users.set_time_zone(user, form.cleaned_data["time_zone"])
        messages.success(request, "Times are shown in your time zone now.")
        return redirect("profile")
    return render(request, "core/profile.html", {"form": form}, status=422 if form.errors else 200)


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
