"""Making users."""

from __future__ import annotations

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
