"""Turns: nobody waits behind a pile of somebody else's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.fairness import Waiting, order

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def asked(owner: str, minute: int) -> Waiting:
    return Waiting(f"{owner}{minute}", owner, NOON + timedelta(minutes=minute))


def test_owners_take_turns_however_much_one_asks_for() -> None:
    waiting = [asked("a", n) for n in range(4)] + [asked("b", 10), asked("c", 11), asked("b", 12)]
    assert [one.owner for one in order(waiting, {})] == ["a", "b", "c", "a", "b", "a", "a"]


def test_who_started_last_waits_longest() -> None:
    waiting = [asked("a", 1), asked("b", 2), asked("c", 3)]
    started = {"a": NOON, "b": NOON - timedelta(hours=2)}
    assert [one.owner for one in order(waiting, started)] == ["c", "b", "a"]


WAITING = st.lists(
    st.builds(asked, st.sampled_from("abcd"), st.integers(0, 99)), unique_by=lambda one: one.key
)


@given(WAITING)
def test_everything_gets_its_turn_once_and_an_owner_s_own_by_age(waiting: list[Waiting]) -> None:
    ordered = order(waiting, {})
    assert sorted(one.key for one in ordered) == sorted(one.key for one in waiting)
    for owner in "abcd":
        own = [one.since for one in ordered if one.owner == owner]
        assert own == sorted(own)


@given(WAITING)
def test_between_two_turns_of_an_owner_everybody_who_waits_has_one(waiting: list[Waiting]) -> None:
    ordered = order(waiting, {})
    for index, one in enumerate(ordered):
        later = [n for n in range(index + 1, len(ordered)) if ordered[n].owner == one.owner]
        between = {other.owner for other in ordered[index + 1 : later[0]]} if later else set()
        still_waiting = {other.owner for other in ordered[index + 1 :]} - {one.owner}
        if later:
            assert between == still_waiting
