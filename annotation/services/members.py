"""Who belongs to a study, and as what."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from annotation.models import Membership, Study
from annotation.policies import require_admin
from annotation.services import double_reading
from core.models import User
from core.selectors.invitations import open_invitations
from core.selectors.users import user_named
from core.services import audit, credentials, users
from domain.errors import InvalidInput, Refused
from domain.names import plain


def add(study: Study, user: User, role: str, *, actor: User | None) -> Membership:
    """Give a person a role in a study, or change it. `actor` None: the command line or set-up."""
    if role not in Membership.Role.values:
        raise InvalidInput(f"{role!r} is no role. Use one of {', '.join(Membership.Role.values)}.")
    if actor is not None:
        require_admin(actor, study)
    with transaction.atomic():
        if actor is not None and actor.pk == user.pk and role != Membership.Role.ADMIN:
            _keep_an_admin(study, user)
        membership, _ = Membership.objects.update_or_create(
            study=study, user=user, defaults={"role": role}
        )
        if role == Membership.Role.ANNOTATOR:
            double_reading.plan_held_out(study)
        else:
            double_reading.release(study, user)
        audit.record("role given", actor=actor, target=user, scope=study.name, role=role)
    return membership


def remove(study: Study, user: User, *, actor: User) -> None:
    """Take a person off a study. Their work stays; what they took and did not begin is free."""
    require_admin(actor, study)
    with transaction.atomic():
        _keep_an_admin(study, user)
        Membership.objects.filter(study=study, user=user).delete()
        double_reading.release(study, user)
        credentials.void_invitations(user, study.name)
        audit.record("role taken", actor=actor, target=user, scope=study.name)


def _keep_an_admin(study: Study, leaving: User) -> None:
    admins = study.memberships.filter(role=Membership.Role.ADMIN).exclude(user=leaving)
    is_admin = study.memberships.filter(role=Membership.Role.ADMIN, user=leaving).exists()
    if is_admin and not admins.exists():
        raise Refused("A study keeps at least one admin. Make somebody else admin first.")


@dataclass(frozen=True)
class Invitation:
    """Somebody who was let into a study; `secret` of their link only for who never came in."""

    user: User
    secret: str


def invite(study: Study, name: str, role: str, *, actor: User) -> Invitation:
    """Let somebody in by user name. A new user is made, with a link that lets them in once.

    Somebody who has an account already gets the role and no link: a link to another's account
    would be a way into their other studies.
    """
    require_admin(actor, study)
    name = plain(name)
    with transaction.atomic():
        user = user_named(name)
        if user is not None and study.memberships.filter(user=user).exists():
            raise Refused(f"{user} is a member already. Change the role in the list.")
        known = user is not None
        user = user or users.create(name, actor=actor)
        add(study, user, role, actor=actor)
        secret = "" if known else credentials.make_invitation_secret(user, study.name, actor=actor)
    return Invitation(user, secret)


def renew_invitation(study: Study, user: User, *, actor: User) -> Invitation:
    """Another link for somebody who was invited here and never came in; the earlier one is void.

    Who has come in once has a password or asks the operator: a link would be a way into their
    account. Raises Refused for them, and for whoever was not invited to this study.
    """
    require_admin(actor, study)
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=user.pk)
        if user.pk not in open_invitations(study.name, [user]):
            raise Refused(
                f"{user} has come in already, or was not invited here. Whoever runs this "
                "installation makes a new link (manage.py login_link)."
            )
        secret = credentials.make_invitation_secret(user, study.name, actor=actor)
    return Invitation(user, secret)
