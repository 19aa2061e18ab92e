"""Logging in and out leaves a trace."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import signals as auth_signals
from django.http import HttpRequest

from core.models import User
from core.services import audit


def connect_all() -> None:
    """Connect Django's sign-in signals to the audit trail."""
    auth_signals.user_logged_in.connect(_logged_in, dispatch_uid="core.logged_in")
    auth_signals.user_logged_out.connect(_logged_out, dispatch_uid="core.logged_out")
    auth_signals.user_login_failed.connect(_login_failed, dispatch_uid="core.login_failed")


def _logged_in(request: HttpRequest, user: User, **_: Any) -> None:
    audit.record("logged in", actor=user, target=user, address=_address(request))


def _logged_out(request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        audit.record("logged out", actor=user, target=user, address=_address(request))


def _login_failed(
    credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any
) -> None:
    name = str(credentials.get("username", ""))[:150]
    audit.record("log-in failed", actor=None, target=name, address=_address(request))


def _address(request: HttpRequest | None) -> str:
    return str(request.META.get("REMOTE_ADDR", "")) if request is not None else ""
