"""Invitations: seven days, one use, seen and renewed by an admin."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from annotation.models import Membership, Study
from annotation.services import members
from core.models import AuditEvent, LoginLink, User
from core.selectors.addresses import login_address
from core.services import credentials
from domain.errors import NotAllowed, Refused

ClientOf = Callable[[User], Client]
MEMBERS = "/studies/lab/members/"
RENEW = "/studies/lab/members/renew/"


def link_in(answer: Any) -> str:
    found = re.search(r"http://[^\"]*(/login-link/[^\"]+/)", answer.content.decode())
    assert found is not None
    return found[1]


def path_of(link: str) -> str:
    return link[link.index("/login-link/") :]


def let_time_pass(**passed: int) -> None:
    for link in LoginLink.objects.all():
        link.expires_at -= timedelta(**passed)
        link.save()


@pytest.fixture
def browser(admin: User, client_of: ClientOf) -> Client:
    return client_of(admin)


@pytest.fixture
def invitation(browser: Client) -> str:
    data = {"act": "invite", "name": "newcomer", "role": "annotator"}
    return link_in(browser.post(MEMBERS, data))


def test_an_invitation_lives_for_seven_days(invitation: str) -> None:
    let_time_pass(days=6, hours=23)
    assert Client().post(invitation).status_code == 302
    assert Client().post(invitation).status_code == 410


def test_after_seven_days_it_is_over(invitation: str) -> None:
    let_time_pass(days=7)
    assert Client().post(invitation).status_code == 410


def test_a_login_link_stays_at_ten_minutes(annotator: User) -> None:
    secret = credentials.make_login_secret(annotator)
    let_time_pass(minutes=10)
    assert Client().post(f"/login-link/{secret}/").status_code == 410


def test_who_has_not_come_in_is_seen_until_they_do(browser: Client, invitation: str) -> None:
    until = (timezone.now() + timedelta(days=7)).strftime("%Y-%m-%d")
    page = browser.get(MEMBERS).content.decode()
    assert f"the link lets in until {until}" in page
    assert "login-link" not in page
    Client().post(invitation)
    assert "has not come in yet" not in browser.get(MEMBERS).content.decode()


def test_a_renewed_invitation_voids_the_one_before(browser: Client, invitation: str) -> None:
    let_time_pass(days=8)
    assert "the link has expired" in browser.get(MEMBERS).content.decode()
    newcomer = User.objects.get(username="newcomer")
    first = link_in(browser.post(RENEW, {"user": newcomer.pk}))
    second = link_in(browser.post(RENEW, {"user": newcomer.pk}))
    assert Client().post(first).status_code == 410
    assert Client().post(second).status_code == 302
    assert AuditEvent.objects.filter(verb="invitation made").count() == 3


def test_nobody_gets_a_link_to_an_account_in_use(
    browser: Client, study: Study, annotator: User, invitation: str
) -> None:
    Client().post(invitation)
    newcomer = User.objects.get(username="newcomer")
    for person in (newcomer, annotator):
        answer = browser.post(RENEW, {"user": person.pk})
        assert answer.status_code == 409
        assert "has come in already" in answer.content.decode()
        assert "login-link/" not in answer.content.decode()
        assert "Invite somebody" in answer.content.decode()


def test_another_study_cannot_renew_it(
    study: Study, stranger: User, invitation: str, client_of: ClientOf
) -> None:
    newcomer = User.objects.get(username="newcomer")
    elsewhere = Study.objects.get(name="elsewhere")
    members.add(elsewhere, newcomer, Membership.Role.ANNOTATOR, actor=stranger)
    with pytest.raises(Refused):
        members.renew_invitation(elsewhere, newcomer, actor=stranger)
    with pytest.raises(NotAllowed):
        members.renew_invitation(study, newcomer, actor=newcomer)


def test_taken_off_the_study_the_invitation_is_over(
    browser: Client, study: Study, admin: User, invitation: str
) -> None:
    members.remove(study, User.objects.get(username="newcomer"), actor=admin)
    assert Client().post(invitation).status_code == 410


def test_an_invitation_is_no_way_into_an_account_in_use(invitation: str) -> None:
    """Its holder may be another than the one who came in with a link of the operator's."""
    newcomer = User.objects.get(username="newcomer")
    assert (
        Client().post(path_of(login_address(credentials.make_login_secret(newcomer)))).status_code
        == 302
    )
    assert Client().post(invitation).status_code == 410


def test_the_operator_s_link_to_an_account_in_use_is_short(
    study: Study, annotator: User, capsys: pytest.CaptureFixture[str]
) -> None:
    annotator.set_password("correct horse battery")
    annotator.save()
    call_command("create_user", annotator.get_username(), "--role", "expert", "--study", "lab")
    printed = capsys.readouterr().out.strip()
    link = LoginLink.objects.get(user=annotator)
    assert not link.invites_to
    assert link.expires_at < timezone.now() + timedelta(minutes=11)
    assert Client().post(path_of(printed)).status_code == 302


def test_the_operator_makes_account_and_link_at_once(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("create_user", "operator-made", "--role", "expert", "--study", "lab")
    printed = capsys.readouterr().out.strip()
    assert len(printed.splitlines()) == 1
    assert study.memberships.get(user__username="operator-made").role == "expert"
    let_time_pass(days=6)
    assert Client().post(path_of(printed)).status_code == 302
