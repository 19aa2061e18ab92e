"""Every number that the gate decides by, in one versioned value that goes to JSON and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from domain.bootstrap import MINIMUM_SUBJECTS, REPLICATES
from domain.errors import InvalidInput
from domain.signed_rank import smallest_p

FORMAT = 1
"""Of a configuration in JSON; another number is refused, never guessed at."""


@dataclass(frozen=True)
class GateConfiguration:
    """All that the gate decides by; fixed before the run whose model it judges.

    alpha: error of all looks at one lock together, and of each check of harm. looks: how many
    comparisons share it. Margins are in the unit of their name; Dice margins have none.
    asks_for_confirmation: whether a model that takes another's place must have been
    confirmed on pictures. docs/algorithms/gate.md says where each default comes from.
    """

    alpha: float = 0.05
    looks: int = 10
    noninferiority_margin: float = 0.01
    class_margin: float = 0.01
    p10_margin: float = 0.02
    hd95_margin_mm: float = 0.5
    hd95_margin_px: float = 5.0
    csa_margin_mm2: float = 20.0
    csa_margin_percent: float = 3.0
    mt_margin_mm: float = 0.5
    mt_margin_percent: float = 3.0
    floor_slack: float = 0.05
    subgroup_minimum: int = 15
    subgroup_margin: float = 0.02
    asks_for_confirmation: bool = True
    replicates: int = REPLICATES
    seed: int = 0

    def __post_init__(self) -> None:
        _check_whole(self)
        _check_margins(self)
        if not isinstance(self.asks_for_confirmation, bool):
            raise InvalidInput("asks_for_confirmation is true or false.")
        if not 0 < self.alpha < 0.5:
            raise InvalidInput("alpha lies between 0 and 0.5; 0.05 is usual.")

    @property
    def alpha_per_look(self) -> float:
        """The error that one look may make: alpha / looks, whatever the looks have in common."""
        return self.alpha / self.looks

    @property
    def minimum_subjects(self) -> int:
        """The fewest subjects on which a win is possible: smallest n with 2^-n < alpha_per_look."""
        return _fewest(self.alpha_per_look)

    @property
    def minimum_for_pre_label(self) -> int:
        """The fewest development subjects on which 'not worse' is possible."""
        return max(_fewest(self.alpha), MINIMUM_SUBJECTS)

    def for_looks(self, looks: int) -> GateConfiguration:
        """The same for a lock that may be opened more often: the error is shared among all."""
        return self if looks <= self.looks else replace(self, looks=looks)

    def as_json(self) -> dict[str, Any]:
        """All numbers with the format's own, ready for `from_json`."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> GateConfiguration:
        """Read what `as_json` wrote. Raises InvalidInput for another format or key."""
        if data.get("format") != FORMAT:
            raise InvalidInput(
                f"This gate configuration has format {data.get('format')!r}, not {FORMAT}."
            )
        values = {key: value for key, value in data.items() if key != "format"}
        unknown = sorted(set(values) - {each.name for each in fields(cls)})
        if unknown:
            raise InvalidInput(f"The gate knows no setting {unknown[0]!r}.")
        return cls(**values)


def _check_whole(configuration: GateConfiguration) -> None:
    for name, least in (("looks", 1), ("subgroup_minimum", 1), ("replicates", 100), ("seed", 0)):
        value = getattr(configuration, name)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise InvalidInput(f"{name} is a whole number, {least} or more.")


def _check_margins(configuration: GateConfiguration) -> None:
    for each in fields(configuration):
        value = getattr(configuration, each.name)
        if not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
            raise InvalidInput(f"{each.name} is a finite number, 0 or more.")


def _fewest(alpha: float) -> int:
    n = 1
    while smallest_p(n) >= alpha:
        n += 1
    return n
