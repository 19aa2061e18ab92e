from __future__ import annotations

import json
import math

import pytest

from domain.errors import InvalidInput
from inference.card import Postprocessing, read_card
from tests.inference.tiny_models import brightness_network, card_json

HONEST = card_json(brightness_network())


def test_an_honest_card_is_read_as_it_stands():
    card = read_card(json.loads(json.dumps(HONEST)))
    assert card.labels == ("RF",)
    assert card.family == "unet"
    assert card.postprocessing == Postprocessing()
    assert card.spacing is None


def test_a_card_may_leave_the_postprocessing_to_the_defaults():
    assert read_card({**HONEST, "postprocessing": {"tolerance_px": 1}}).postprocessing == (
        Postprocessing(tolerance_px=1.0)
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", 2),
        ("format", None),
        ("family", "resnet"),
        ("family", 3),
        ("family", ["unet"]),
        ("site", ""),
        ("labels", []),
        ("labels", ["RF", "RF"]),
        ("labels", "RF"),
        ("labels", [1]),
        ("labels", [str(number) for number in range(33)]),
        ("input", None),
        ("input", {"height": 64}),
        ("normalisation", {"method": "guess"}),
        ("spacing", [0.1]),
        ("spacing", [0.1, math.nan]),
        ("spacing", [0.1, 0]),
        ("metrics_version", 1),
        ("sha256", "0" * 63),
        ("sha256", "../" + "0" * 61),
        ("sha256", ("0" * 64) + "\n"),
        ("seed", "7"),
        ("libraries", []),
        ("postprocessing", {"min_island_fraction": 2}),
        ("postprocessing", {"tolerance_px": math.inf}),
        ("postprocessing", {"tolerance_px": True}),
        ("postprocessing", {"min_islands": 3}),
        ("postprocessing", None),
    ],
)
def test_a_card_that_cannot_be_right_is_refused(field, value):
    with pytest.raises(InvalidInput):
        read_card({**HONEST, field: value})


@pytest.mark.parametrize("data", [None, [], "card", 3])
def test_what_is_not_an_object_is_refused(data):
    with pytest.raises(InvalidInput, match="JSON object"):
        read_card(data)
