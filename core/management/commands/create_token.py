"""Prints an API token of a user."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.selectors.users import user_named
from core.services import credentials


class Command(BaseCommand):
    """`create_token USER`."""

    help = "Prints an API token of USER. It is shown this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user")

    def handle(self, *args: Any, user: str, **options: Any) -> None:
        found = user_named(user)
        if found is None or not found.is_active:
            raise CommandError(f"There is no active user {user!r}.")
        self.stdout.write(credentials.make_token(found))
