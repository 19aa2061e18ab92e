"""Integrity checks of all packages, run by `verify`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

Check = Callable[[], Iterable[str]]
_checks: dict[str, Check] = {}


def register(name: str, check: Check) -> None:
    """Add a check: it yields what is wrong, in words."""
    _checks[name] = check


def run_all() -> dict[str, list[str]]:
    """Every check with what it found."""
    return {name: list(check()) for name, check in _checks.items()}
