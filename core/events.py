"""Named events: a lower package tells what happened, an upper one sets something in motion."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from django.db import transaction

logger = logging.getLogger(__name__)
Receiver = Callable[..., None]
_receivers: defaultdict[str, list[Receiver]] = defaultdict(list)


def subscribe(name: str, receiver: Receiver) -> None:
    """Call `receiver(**payload)` after each committed `publish(name, ...)`. Idempotent."""
    if receiver not in _receivers[name]:
        _receivers[name].append(receiver)


def publish(name: str, **payload: Any) -> None:
    """Deliver to every subscriber once the current transaction is committed.

    A failing subscriber is logged; what happened has happened all the same.
    """
    for receiver in _receivers[name]:
        transaction.on_commit(_delivery(name, receiver, payload), robust=True)


def _delivery(name: str, receiver: Receiver, payload: dict[str, Any]) -> Callable[[], None]:
    def deliver() -> None:
        logger.debug("event %s to %s", name, receiver.__qualname__)
        receiver(**payload)

    return deliver
