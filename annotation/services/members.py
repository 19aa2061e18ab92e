"""Who belongs to a study, and as what."""

from __future__ import annotations

from django.db import transaction

from annotation.models import Membership, Study
from annotation.policies import require_admin
from core.models import User
from core.services import audit
from domain.errors import InvalidInput, Refused


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
        audit.record("role given", actor=actor, target=user, scope=study.name, role=role)
    return membership


def remove(study: Study, user: User, *, actor: User) -> None:
    """Take a person off a study. Their work stays."""
    require_admin(actor, study)
    with transaction.atomic():
        _keep_an_admin(study, user)
        Membership.objects.filter(study=study, user=user).delete()
        audit.record("role taken", actor=actor, target=user, scope=study.name)


def _keep_an_admin(study: Study, leaving: User) -> None:
    admins = study.memberships.filter(role=Membership.Role.ADMIN).exclude(user=leaving)
    is_admin = study.memberships.filter(role=Membership.Role.ADMIN, user=leaving).exists()
    if is_admin and not admins.exists():
        raise Refused("A study keeps at least one admin. Make somebody else admin first.")
