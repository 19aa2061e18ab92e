"""What the worker and a run's own process agree on: exit statuses and where the reason lies."""

from __future__ import annotations

from pathlib import Path

DONE = 0
CANCELLED = 10
FENCED = 11
FAILED = 12


def failure_path(directory: Path) -> Path:
    """The file in which a process that ends with FAILED leaves its reason."""
    return directory / "failure.txt"
