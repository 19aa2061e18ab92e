"""Checks every file against its hash, every revision chain, every lock digest."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core import integrity


class Command(BaseCommand):
    """`verify`: exit status 1 and a list where anything differs."""

    help = "Checks files against hashes, revision chains, lock digests, models and the audit trail."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        found = integrity.run_all()
        problems = [f"{name}: {problem}" for name, lines in found.items() for problem in lines]
        if options["json"]:
            self.stdout.write(json.dumps({"ok": not problems, "checks": found}))
        elif not problems:
            self.stdout.write(f"Nothing differs ({', '.join(found)}).")
        if problems:
            self.stderr.write("\n".join(problems))
            sys.exit(1)
