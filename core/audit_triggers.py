"""What the database itself refuses in the audit trail."""

from __future__ import annotations

from core.triggers import append_only, register


def register_all() -> None:
    """Register the triggers; they are installed after every migrate."""
    register(*append_only("core_auditevent", "audit events"))
