"""Backends: ways to train a model, found by their registered names.

Importing this package loads no torch; a backend loads what it needs when it trains.
"""

from __future__ import annotations

from domain.errors import InvalidInput
from training.backends.contract import Backend
from training.backends.nnunet import NNUNetBackend
from training.backends.prior import PriorBackend
from training.backends.unet import UNetBackend

BACKENDS: dict[str, Backend] = {
    backend.name: backend for backend in (UNetBackend(), NNUNetBackend(), PriorBackend())
}


def get(name: str) -> Backend:
    """The backend of that name; InvalidInput names those there are."""
    try:
        return BACKENDS[name]
    except KeyError:
        known = ", ".join(sorted(BACKENDS))
        raise InvalidInput(f"There is no backend {name!r}; there are: {known}.") from None
