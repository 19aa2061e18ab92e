"""Headers, cookies, log-in, and what a wrong configuration says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.utils import timezone

from config.env import Environment
from core.models import ApiToken, AuditEvent, LoginLink, User
from core.services import credentials
from tests.conftest import PASSWORD


def log_in(client: Client, name: str, password: str) -> int:
    return client.post("/accounts/login/", {"login": name, "password": password}).status_code


def test_pages_forbid_foreign_and_inline_code(
    annotator: User, client_of: Callable[[User], Client]
) -> None:
    answer = client_of(annotator).get("/accounts/password/change/")
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert "private" in answer["Cache-Control"]


def test_the_session_cookie_is_out_of_reach_of_scripts(annotator: User) -> None:
    client = Client()
    assert log_in(client, "annotator", PASSWORD) == 302
    cookie = client.cookies["myotrace_session"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_logging_in_and_failing_to_leave_a_trace(annotator: User) -> None:
    client = Client()
    log_in(client, "annotator", "wrong")
    log_in(client, "annotator", PASSWORD)
    verbs = set(AuditEvent.objects.values_list("verb", flat=True))
    assert {"log-in failed", "logged in"} <= verbs


def test_guessing_passwords_is_slowed_down(annotator: User) -> None:
    client = Client(REMOTE_ADDR="192.0.2.7")
    for _ in range(12):
        log_in(client, "annotator", "wrong")
    assert log_in(client, "annotator", PASSWORD) != 302


def test_nobody_signs_up(db: None) -> None:
    form = {"username": "intruder", "password1": PASSWORD, "password2": PASSWORD}
    Client().post("/accounts/signup/", form)
    assert not User.objects.filter(username="intruder").exists()


def test_a_login_link_works_once_and_not_by_being_looked_at(annotator: User) -> None:
    address = f"/login-link/{credentials.make_login_secret(annotator)}/"
    client = Client()
    assert client.get(address).status_code == 200
    assert "_auth_user_id" not in client.session
    assert client.post(address).status_code == 302
    assert client.session["_auth_user_id"] == str(annotator.pk)
    assert Client().post(address).status_code == 410


def test_a_login_link_expires(annotator: User) -> None:
    secret = credentials.make_login_secret(annotator)
    LoginLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Client().post(f"/login-link/{secret}/").status_code == 410


def test_tokens_are_kept_as_digests(annotator: User) -> None:
    token = credentials.make_token(annotator)
    assert token not in str(ApiToken.objects.values_list())
    assert credentials.user_of_token(token) == annotator
    User.objects.filter(pk=annotator.pk).update(is_active=False)
    assert credentials.user_of_token(token) is None


def test_forms_without_a_csrf_token_are_refused(annotator: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(annotator, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.post("/accounts/password/change/").status_code == 403
    assert client.put("/api/v1/images/1/annotation").status_code == 403


def test_a_wrong_host_is_refused(db: None) -> None:
    assert Client().get("/accounts/login/", headers={"host": "evil.example"}).status_code == 400


def test_a_wrong_configuration_names_everything_at_once() -> None:
    environment = Environment({"MYOTRACE_PORT": "http", "MYOTRACE_MODE": "cloud"})
    environment.integer("MYOTRACE_PORT", 8000)
    environment.choice("MYOTRACE_MODE", ("embedded", "scaled"), "embedded")
    environment.required("MYOTRACE_REDIS_URL", "the broker")
    with pytest.raises(ImproperlyConfigured) as refusal:
        environment.check()
    for name in ("MYOTRACE_PORT", "MYOTRACE_MODE", "MYOTRACE_REDIS_URL"):
        assert name in str(refusal.value)
