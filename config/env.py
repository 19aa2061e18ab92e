"""Reads the environment once, and names everything that is wrong with it at the same time."""

from __future__ import annotations

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

MODES = ("embedded", "scaled")


class Environment:
    """Reads settings from environment variables; `check` reports every problem at once."""

    def __init__(self, values: dict[str, str] | None = None) -> None:
        self.values = dict(os.environ) if values is None else values
        self.problems: list[str] = []

    def text(self, name: str, default: str) -> str:
        return self.values.get(name, "").strip() or default

    def required(self, name: str, purpose: str) -> str:
        value = self.values.get(name, "").strip()
        if not value:
            self.problems.append(f"{name} is not set: {purpose}.")
        return value

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        value = self.text(name, default)
        if value not in choices:
            self.problems.append(f"{name} is {value!r}: use one of {', '.join(choices)}.")
            return default
        return value

    def integer(self, name: str, default: int) -> int:
        value = self.text(name, str(default))
        if not value.isdigit():
            self.problems.append(f"{name} is {value!r}: give a whole number.")
            return default
        return int(value)

    def flag(self, name: str, default: bool) -> bool:
        value = self.text(name, "1" if default else "0").lower()
        if value not in {"0", "1", "true", "false", "yes", "no"}:
            self.problems.append(f"{name} is {value!r}: use 1 or 0.")
            return default
        return value in {"1", "true", "yes"}

    def path(self, name: str, default: Path) -> Path:
        return Path(self.text(name, str(default))).expanduser().resolve()

    def names(self, name: str) -> list[str]:
        return [part.strip() for part in self.values.get(name, "").split(",") if part.strip()]

    def check(self) -> None:
        """Raise ImproperlyConfigured with every problem found so far."""
        if self.problems:
            raise ImproperlyConfigured("Myotrace cannot start:\n- " + "\n- ".join(self.problems))
