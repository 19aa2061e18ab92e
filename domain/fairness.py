"""Whose turn it is: a queue that is fair between owners, not first come, first served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

NEVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Waiting:
    """A piece of work that waits: its key, whose it is, since when."""

    key: str
    owner: str
    since: datetime


def order(waiting: Sequence[Waiting], last_started: Mapping[str, datetime]) -> list[Waiting]:
    """The waiting work in the order of its turns.

    The next turn is that of the owner whose last start lies furthest back (never: first); of
    owners alike, of whoever has waited longest; an owner's own work goes by age. With each turn
    given, its owner counts as started after everybody else, so that owners take turns however much
    one of them has asked for.
    """
    left = sorted(waiting, key=lambda one: (one.since, one.key))
    starts = {owner: (0, when) for owner, when in last_started.items()}
    ordered: list[Waiting] = []
    while left:
        turn = min(left, key=lambda one: (*starts.get(one.owner, (0, NEVER)), one.since, one.key))
        left.remove(turn)
        ordered.append(turn)
        starts[turn.owner] = (len(ordered), NEVER)
    return ordered
