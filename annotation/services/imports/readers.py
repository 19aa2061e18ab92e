"""Who drew imported outlines, and who brought them in."""

from __future__ import annotations

from functools import cached_property

from core.models import User
from core.selectors.users import user_named
from core.services import users
from domain.errors import InvalidInput
from domain.names import identity

IMPORTER = "import"


class Readers:
    """The users behind an import, each looked up or made once, by the identity of their names.

    A reader whom a manifest names and nobody knows becomes a user who cannot log in: the name
    stands for that person's outlines. An import that nobody is named for is the user `import`'s.
    """

    def __init__(self, actor: User | None) -> None:
        self._actor = actor
        self._known: dict[str, User] = {}

    @cached_property
    def importer(self) -> User:
        """Who brings the outlines in."""
        return self._actor or self._named(IMPORTER)

    def author(self, reader: str) -> User:
        """Who drew them: the reader if one is named, else the importer."""
        return self._named(reader) if reader else self.importer

    def _named(self, name: str) -> User:
        key = identity(name)
        if key not in self._known:
            self._known[key] = user_named(name) or self._made(name)
        return self._known[key]

    @staticmethod
    def _made(name: str) -> User:
        if len(name) > 150:
            raise InvalidInput(f"the reader {name[:20]!r} has too long a name; shorten it")
        user = users.create(name, actor=None)
        User.objects.filter(pk=user.pk).update(is_active=False)
        user.is_active = False
        return user
