"""Makes a user with a role in a study and prints a link for their first visit."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from annotation.models import Membership
from annotation.services import members, studies
from core.selectors.addresses import login_address
from core.selectors.invitations import has_never_come_in
from core.selectors.users import user_named
from core.services import credentials, users
from domain.errors import MyotraceError


class Command(BaseCommand):
    """`create_user NAME --role ROLE`."""

    help = (
        "Makes NAME a member of the study and prints a link that lets them in once: within 7 days; "
        "within 10 minutes where the account is in use."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--role", required=True, choices=Membership.Role.values)
        parser.add_argument("--study", default="main")

    def handle(self, *args: Any, name: str, role: str, study: str, **options: Any) -> None:
        try:
            with transaction.atomic():
                user = user_named(name) or users.create(name, actor=None)
                found = studies.get_or_create(study, actor=None)
                members.add(found, user, role, actor=None)
                secret = (
                    credentials.make_invitation_secret(user, found.name)
                    if has_never_come_in(user)
                    else credentials.make_login_secret(user)
                )
        except MyotraceError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(login_address(secret))
