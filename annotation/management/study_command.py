"""What the commands of a study share: `--study`, `--as`, `--json`, and how they fail."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation.models import Study
from annotation.selectors.studies import study_named
from core.models import User
from core.selectors.users import user_named
from domain.errors import MyotraceError


class StudyCommand(BaseCommand):
    """A command on one study.

    A subclass writes `add_options` and `run`; what `run` returns is printed as JSON with `--json`
    and as `describe` puts it otherwise. Messages go to standard error; a refusal ends with exit
    status 1 and its reason.
    """

    wants_actor = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--study", default="main", help="the study's name (default: main)")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument(
            "--as", dest="actor", metavar="USER", required=self.wants_actor, help="who does this"
        )
        self.add_options(parser)

    def add_options(self, parser: CommandParser) -> None:
        """The command's own arguments."""

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            study = self.study(options["study"])
            answer = self.run(study, self.actor(options["actor"]), options)
        except MyotraceError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(answer, ensure_ascii=False, default=str))
        else:
            self.stdout.write(self.describe(answer))

    def study(self, name: str) -> Study:
        """The study that the command works on."""
        return study_named(name)

    def run(self, study: Study, actor: User | None, options: dict[str, Any]) -> Any:
        """Do the work and answer what `--json` prints."""
        raise NotImplementedError

    def describe(self, answer: Any) -> str:
        """The answer in words."""
        return json.dumps(answer, indent=2, ensure_ascii=False, default=str)

    def actor(self, name: str | None) -> User | None:
        """The user named by `--as`."""
        if name is None:
            return None
        user = user_named(name)
        if user is None or not user.is_active:
            raise CommandError(f"There is no active user {name!r}.")
        return user

    def tell(self, message: str) -> None:
        """A message for a person, on standard error."""
        self.stderr.write(message, self.style.NOTICE)
