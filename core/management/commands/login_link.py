"""Prints a link that logs a user in once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.models import User
from core.selectors.addresses import login_address
from core.services import credentials


class Command(BaseCommand):
    """`login_link USER`."""

    help = "Prints a link that logs USER in once, within ten minutes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user")

    def handle(self, *args: Any, user: str, **options: Any) -> None:
        found = User.objects.filter(username=user, is_active=True).first()
        if found is None:
            raise CommandError(f"There is no active user {user!r}.")
        self.stdout.write(login_address(credentials.make_login_secret(found)))
