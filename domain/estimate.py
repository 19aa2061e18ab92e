"""A number with its 95 % interval, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval by subject; None with a reason where there is none."""

    value: float | None
    ci95: tuple[float, float] | None = None
    reason: str = ""
