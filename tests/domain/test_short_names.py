"""Short names of structures: short, told apart, and never another's."""

from __future__ import annotations

import pytest

from domain.short_names import short_names


@pytest.mark.parametrize(
    ("names", "short"),
    [
        (["peroneus longus", "peroneus brevis"], ["PL", "PB"]),
        (["PL", "PB"], ["PL", "PB"]),
        (["rectus femoris", "vastus intermedius", "femur"], ["RF", "VI", "femur"]),
        (["soleus", "semitendinosus", "semimembranosus"], ["Sol", "Sem", "Semi"]),
        (["peroneus longus", "palmaris longus", "PL"], ["PeLo", "PaLo", "PL"]),
        (["Musculus tibialis anterior", "m. tibialis-posterior"], ["TA", "TP"]),
        (["Малая берцовая", "Большая берцовая"], ["МБ", "ББ"]),
        (["the of muscle"], ["TOM"]),
        ([], []),
    ],
)
def test_names_in_short(names: list[str], short: list[str]) -> None:
    assert short_names(names) == short


def test_names_that_spell_alike_are_told_apart() -> None:
    names = ["vastus lateralis", "vastus-lateralis", "Vastus Lateralis", "vastus  lateralis"]
    found = short_names(names)
    assert len(set(found)) == len(names)
