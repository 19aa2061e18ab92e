"""A number with its 95 % interval, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval by subject; None with a reason where there is none."""

    value: float | None
    ci95: tuple[float, float] | None = None
    reason: str = ""

    def times(self, factor: float) -> Estimate:
        """The same in another unit, `factor` > 0 of which make one of this."""
        if self.value is None:
            return self
        ci95 = None if self.ci95 is None else (self.ci95[0] * factor, self.ci95[1] * factor)
        return Estimate(self.value * factor, ci95, self.reason)
