"""Addresses that are shown outside a request."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse


def base_address() -> str:
    """Where this installation answers, for example `http://127.0.0.1:8000`."""
    scheme = "https" if settings.MYOTRACE_TLS else "http"
    return f"{scheme}://{settings.MYOTRACE_HOST}:{settings.MYOTRACE_PORT}"


def login_address(secret: str) -> str:
    """The full login link of a login secret."""
    return base_address() + reverse("login-link", args=[secret])
