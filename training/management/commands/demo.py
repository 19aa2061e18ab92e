"""Makes the demo study that anyone can try at once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from domain.errors import MyotraceError
from training.services import demo


class Command(BaseCommand):
    """`demo [--subjects N] [--seed N] [--logins]`."""

    help = "Makes the demo study of phantom scans; safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--subjects", type=int, default=demo.SUBJECTS)
        parser.add_argument("--seed", type=int, default=demo.SEED)
        parser.add_argument(
            "--logins", action="store_true", help="only print links that log the demo's people in"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["logins"]:
            self._print_logins()
            return
        try:
            made = demo.make(options["subjects"], options["seed"], say=self._say)
        except MyotraceError as error:
            raise CommandError(str(error)) from error
        if made:
            self._say("The demo study is ready.")

    def _print_logins(self) -> None:
        found = demo.logins()
        if not found:
            raise CommandError("There is no demo study yet: run manage.py demo first.")
        self._say("Demo people (each link logs in once, within ten minutes):")
        for name, link in found:
            self._say(f"  {name:<12} {link}")
        self._say(f"Their passwords stand in {demo.logins_path()}")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
