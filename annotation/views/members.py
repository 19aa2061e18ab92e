"""Who belongs to the study."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotation.forms.member import ChangeRole, Invite
from annotation.middleware import StudyRequest
from annotation.models import Membership, Study
from annotation.policies import Role, require_role
from annotation.selectors.studies import members_of
from annotation.services import members as member_services
from core.selectors.addresses import login_address
from domain.errors import MyotraceError


@never_cache
@require_http_methods(["GET", "POST"])
def members(request: StudyRequest, study: Study) -> HttpResponse:
    """The members with their roles. A new user's log-in link is shown once, in this answer."""
    require_role(request.role, Role.ADMIN)
    form = Invite(request.POST if request.POST.get("act") == "invite" else None)
    invitation = _invite(form, study, request) if form.is_valid() else None
    context: dict[str, Any] = {
        "form": Invite() if invitation else form,
        "members": members_of(study),
        "roles": Membership.Role.values,
        "invited": invitation.user if invitation else None,
        "link": login_address(invitation.secret) if invitation and invitation.secret else "",
    }
    return render(request, "annotation/members.html", context, status=422 if form.errors else 200)


def _invite(form: Invite, study: Study, request: StudyRequest) -> member_services.Invitation | None:
    try:
        return member_services.invite(study, **form.cleaned_data, actor=request.user)
    except MyotraceError as error:
        form.add_error("name", str(error))
        return None


@require_http_methods(["POST"])
def change_member(request: StudyRequest, study: Study) -> HttpResponse:
    """Give a member another role, or take them off the study."""
    require_role(request.role, Role.ADMIN)
    form = ChangeRole(request.POST)
    rows = {row.user_id: row.user for row in members_of(study)}
    if not form.is_valid() or form.cleaned_data["user"] not in rows:
        messages.error(request, "Choose a member of this study and a role from the list.")
        return redirect("annotation:members", study.name)
    user, role = rows[form.cleaned_data["user"]], form.cleaned_data["role"]
    if role:
        member_services.add(study, user, role, actor=request.user)
        messages.success(request, f"{user} is {role} now.")
    else:
        member_services.remove(study, user, actor=request.user)
        messages.success(request, f"{user} is no longer a member. Their work stays.")
    return redirect("annotation:members", study.name)
