"""Who drew outlines that come in, and who brought them."""

from __future__ import annotations

from functools import cached_property

from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError

from annotation.services.intake.standing import adopt
from core.models import User
from core.selectors.users import user_named
from core.services import users
from domain.errors import Conflict, InvalidInput
from domain.names import identity

IMPORTER = "import"
MAX_NAME = 150


class Readers:
    """The users behind what comes in, each looked up once, by the identity of their names.

    A reader whom a manifest names and nobody knows becomes a user who cannot log in: the name
    stands for that person's outlines. What nobody is named for is the user `import`'s. They are
    made with the first of their outlines that is taken, and not before.
    """

    def __init__(self, actor: User | None) -> None:
        self.actor = actor
        self._known: dict[str, User] = {}

    @cached_property
    def importer(self) -> User:
        """Who brings the outlines in."""
        return self.actor or self._named(IMPORTER)

    def author(self, reader: str) -> User:
        """Who drew them: the reader if one is named, else the importer.

        Raises InvalidInput for a name that cannot be a user's.
        """
        return self._named(reader) if reader else self.importer

    def _named(self, name: str) -> User:
        key = identity(name)
        if key not in self._known:
            self._known[key] = user_named(name) or _begun(name)
        return self._known[key]

    def make(self, user: User) -> None:
        """Make the account of a reader who was begun, or take the one that is there meanwhile."""
        try:
            made = users.create(user.username, actor=None)
        except Conflict:
            made = user_named(user.username) or user
        else:
            User.objects.filter(pk=made.pk).update(is_active=False)
            made.is_active = False
        adopt(user, made)


def _begun(name: str) -> User:
    if len(name) > MAX_NAME:
        raise InvalidInput(f"the reader {name[:20]!r} has too long a name; shorten it")
    try:
        UnicodeUsernameValidator()(name)
    except ValidationError as error:
        raise InvalidInput(f"{name!r} is no user name: {error.messages[0]}") from error
    return User(username=name, is_active=False)
