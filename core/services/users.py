"""Making users."""

from __future__ import annotations

from zoneinfo import available_timezones

from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from core.models import User
from core.services import audit
from domain.errors import Conflict, InvalidInput


def create(
    name: str, *, actor: User | None, password: str | None = None, superuser: bool = False
) -> User:
    """A new user. Without a password they come in by a login link and set one themselves."""
    try:
        UnicodeUsernameValidator()(name)
    except ValidationError as error:
        raise InvalidInput(f"{name!r} is no user name: {error.messages[0]}") from error
    try:
        with transaction.atomic():
            user = User.objects.create_user(name, password=password, is_superuser=superuser)
            audit.record("user created", actor=actor, target=user, superuser=superuser)
    except IntegrityError as error:
        raise Conflict(f"There is a user {name!r} already. Choose another name.") from error
    return user


def set_time_zone(user: User, name: str) -> None:
    """Show the person all times in this zone, by its IANA name, from now on."""
    if name not in available_timezones():
        raise InvalidInput(f"{name!r} is no time zone. Choose one such as Europe/Vienna.")
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(time_zone=name)
        audit.record("time zone chosen", actor=user, target=user, time_zone=name)
    user.time_zone = name
