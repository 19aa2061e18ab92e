"""Login links and API tokens: shown once, kept as digests."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from core.models import ApiToken, LoginLink, User
from core.selectors.invitations import has_never_come_in
from core.services import audit

LOGIN_LINK_LIFETIME = timedelta(minutes=10)
INVITATION_LIFETIME = timedelta(days=7)


def make_token(user: User, *, actor: User | None = None) -> str:
    """A new API token of `user`; only its digest is kept."""
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        ApiToken.objects.create(user=user, digest=_digest(token))
        audit.record("API token made", actor=actor or user, target=user)
    return token


def user_of_token(token: str) -> User | None:
    """Whose token this is, if it is one and its user is active."""
    row = ApiToken.objects.select_related("user").filter(digest=_digest(token)).first()
    return row.user if row and row.user.is_active else None


def make_login_secret(user: User, *, actor: User | None = None) -> str:
    """The secret part of a link that logs `user` in once, within ten minutes."""
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        LoginLink.objects.create(
            user=user, digest=_digest(secret), expires_at=timezone.now() + LOGIN_LINK_LIFETIME
        )
        audit.record("login link made", actor=actor, target=user)
    return secret


def make_invitation_secret(user: User, study_name: str, *, actor: User | None = None) -> str:
    """The secret part of a link by which `user` comes in once, within seven days.

    An earlier invitation to the study that was not used is void from now on.
    """
    secret = secrets.token_urlsafe(32)
    now = timezone.now()
    with transaction.atomic():
        void_invitations(user, study_name)
        LoginLink.objects.create(
            user=user,
            digest=_digest(secret),
            invites_to=study_name,
            expires_at=now + INVITATION_LIFETIME,
        )
        audit.record("invitation made", actor=actor, target=user, scope=study_name)
    return secret


def void_invitations(user: User, study_name: str) -> None:
    """End the invitations to a study that `user` has not used."""
    now = timezone.now()
    LoginLink.objects.filter(
        user=user, invites_to=study_name, used_at__isnull=True, expires_at__gt=now
    ).update(expires_at=now)


def redeem_login_secret(secret: str) -> User | None:
    """The user of an unused, unexpired login secret, which is used up by this.

    An invitation lets in only whoever has never come in: afterwards it would be a way into an
    account in use.
    """
    now = timezone.now()
    unused = LoginLink.objects.filter(used_at__isnull=True, expires_at__gt=now)
    links = unused.filter(digest=_digest(secret), user__is_active=True)
    link = links.select_related("user").first()
    if link is None or (link.invites_to and not has_never_come_in(link.user)):
        return None
    return link.user if unused.filter(pk=link.pk).update(used_at=now) else None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
