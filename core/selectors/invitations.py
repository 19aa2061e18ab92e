"""Who was invited and has not come in yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from core.models import LoginLink, User


@dataclass(frozen=True)
class OpenInvitation:
    """An invitation that nobody came in by: until when its link lets in, and if it still does."""

    until: datetime
    is_valid: bool


def open_invitations(study_name: str, people: Iterable[User]) -> dict[int, OpenInvitation]:
    """The newest unused invitation to a study of each person who has never come in, by person."""
    strangers = [one.pk for one in people if has_never_come_in(one)]
    links = LoginLink.objects.filter(
        user__in=strangers, invites_to=study_name, used_at__isnull=True
    ).order_by("id")
    now = timezone.now()
    return {link.user_id: OpenInvitation(link.expires_at, link.expires_at > now) for link in links}


def has_never_come_in(user: User) -> bool:
    """Whether nobody has ever logged in as this user, and no password was set."""
    return user.last_login is None and not user.has_usable_password()
