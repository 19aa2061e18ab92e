"""Users by their names."""

from __future__ import annotations

from core.models import User
from domain.names import identity


def user_named(name: str) -> User | None:
    """The user of that name: as it is written, else by its identity."""
    exact = User.objects.filter(username=name).first()
    return exact or User.objects.filter(identity=identity(name)).first()
