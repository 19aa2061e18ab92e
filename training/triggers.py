"""What the database itself refuses in this app's tables."""

from __future__ import annotations

from core.triggers import append_only, register


def register_all() -> None:
    """Register the triggers; core installs them after every migrate."""
    register(*append_only("training_snapshot", "snapshots"))
