"""Job handlers of this app."""

from __future__ import annotations


def register_all() -> None:
    """Register the handlers and subscriptions of this app."""
