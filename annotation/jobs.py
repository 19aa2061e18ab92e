"""Job handlers of this app."""

from __future__ import annotations

from annotation.services.imports import running
from core.jobs import register


def register_all() -> None:
    """Register the handlers and subscriptions of this app."""
    register(running.KIND, running.run)
