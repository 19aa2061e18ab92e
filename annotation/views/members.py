"""Who belongs to the study."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotation.forms.member import ChangeRole, Invite
from annotation.middleware import StudyRequest
from annotation.models import Membership, Study
from annotation.policies import Role, require_role
from annotation.selectors.studies import members_of
from annotation.services import members as member_services
from core.models import User
from core.refusals import refusals_on
from core.selectors.addresses import login_address
from core.selectors.invitations import open_invitations
from domain.errors import InvalidInput, MyotraceError


@never_cache
@require_http_methods(["GET", "POST"])
def members(request: StudyRequest, study: Study) -> HttpResponse:
    """The members with their roles. The link of an invitation is shown once, in this answer."""
    require_role(request.role, Role.ADMIN)
    form = Invite(request.POST if request.POST.get("act") == "invite" else None)
    invitation = _invite(form, study, request) if form.is_valid() else None
    status = 422 if form.errors else 200
    return _page(request, study, Invite() if invitation else form, invitation, status)


@never_cache
@require_POST
@refusals_on(members)
def renew_invitation(request: StudyRequest, study: Study) -> HttpResponse:
    """Another link for somebody who has not come in yet."""
    require_role(request.role, Role.ADMIN)
    person = _member(study, request.POST.get("user", ""))
    renewed = member_services.renew_invitation(study, person, actor=request.user)
    return _page(request, study, Invite(), renewed)


def _page(
    request: StudyRequest,
    study: Study,
    form: Invite,
    invitation: member_services.Invitation | None,
    status: int = 200,
) -> HttpResponse:
    rows = members_of(study)
    invited = open_invitations(study.name, [row.user for row in rows])
    context: dict[str, Any] = {
        "form": form,
        "members": [(row, invited.get(row.user_id)) for row in rows],
        "roles": Membership.Role.values,
        "invited": invitation.user if invitation else None,
        "link": login_address(invitation.secret) if invitation and invitation.secret else "",
    }
    return render(request, "annotation/members.html", context, status=status)


def _invite(form: Invite, study: Study, request: StudyRequest) -> member_services.Invitation | None:
    try:
        return member_services.invite(study, **form.cleaned_data, actor=request.user)
    except MyotraceError as error:
        form.add_error("name", str(error))
        return None


@require_POST
@refusals_on(members)
def change_member(request: StudyRequest, study: Study) -> HttpResponse:
    """Give a member another role, or take them off the study."""
    require_role(request.role, Role.ADMIN)
    form = ChangeRole(request.POST)
    user = _member(study, request.POST.get("user", ""))
    if not form.is_valid():
        raise InvalidInput("Choose a role from the list.")
    role = form.cleaned_data["role"]
    if role:
        member_services.add(study, user, role, actor=request.user)
        messages.success(request, f"{user} is {role} now.")
    else:
        member_services.remove(study, user, actor=request.user)
        messages.success(request, f"{user} is no longer a member. Their work stays.")
    return redirect("annotation:members", study.name)


def _member(study: Study, key: str) -> User:
    rows = {str(row.user_id): row.user for row in members_of(study)}
    if key not in rows:
        raise InvalidInput("This is no member of the study any more. Choose one from the list.")
    return rows[key]
