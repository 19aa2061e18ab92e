"""A column that makes two rows of one name impossible (domain.names has the rule)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import models

from domain.names import IDENTITY_GROWTH, identity

OLDER_TWIN = "\n"
"""Stands in the identity of a row that was there, under one name with another, before the rule."""


class IdentityField(models.CharField):  # type: ignore[type-arg]
    """The identity of another column's text, kept with each save of the row.

    A row that an upgrade found under one name with an older one keeps an identity of its own.
    """

    def __init__(self, *, source: str, length: int = 0, **options: Any) -> None:
        self.source = source
        if length:
            options["max_length"] = IDENTITY_GROWTH * length + 20
        super().__init__(**{"editable": False, "default": "", **options})

    def deconstruct(self) -> Any:
        name, path, positional, options = super().deconstruct()
        return name, path, positional, {**options, "source": self.source}

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        found = identity(getattr(model_instance, self.source))
        before = str(getattr(model_instance, self.attname))
        if before.split(OLDER_TWIN)[0] != found or OLDER_TWIN not in before:
            setattr(model_instance, self.attname, found)
        return getattr(model_instance, self.attname)


def fill(rows: Iterable[models.Model], source: str, scope: str = "") -> None:
    """Give rows that were there before the rule their identities, the first of each name first."""
    taken = set()
    for row in rows:
        found = identity(getattr(row, source))
        key = (getattr(row, scope) if scope else None, found)
        own = f"{found}{OLDER_TWIN}{row.pk}" if key in taken else found
        taken.add(key)
        type(row)._default_manager.filter(pk=row.pk).update(identity=own)


def twins(rows: models.QuerySet[Any], source: str, scope: str = "") -> Iterator[tuple[Any, Any]]:
    """Each row that an upgrade found under one name with another, and that other."""
    for row in rows.filter(identity__contains=OLDER_TWIN).order_by("pk"):
        others = rows.filter(identity=row.identity.split(OLDER_TWIN)[0])
        other = others.filter(**{scope: getattr(row, scope)} if scope else {}).first()
        if other is not None:
            yield other, row
