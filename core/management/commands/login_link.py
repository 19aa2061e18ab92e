"""Prints a link that logs a user in once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.selectors.addresses import login_address
from core.selectors.users import user_named
from core.services import credentials


class Command(BaseCommand):
    """`login_link USER`."""

    help = "Prints a link that logs USER in once, within ten minutes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user")

    def handle(self, *args: Any, user: str, **options: Any) -> None:
        found = user_named(user)
        if found is None or not found.is_active:
            raise CommandError(f"There is no active user {user!r}.")
        self.stdout.write(login_address(credentials.make_login_secret(found)))
