"""Several networks as one file: what each says, and their mean."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from domain.errors import InvalidInput
from inference import runtime
from inference.card import read_card
from tests.inference.tiny_models import brightness_network, card_json
from training.backends.ensemble import merge

PIXELS = np.repeat(np.linspace(0, 255, 64).astype(np.uint8)[None], 64, axis=0)


def predicted(model: bytes, members: int) -> runtime.PredictedMap:
    card = read_card(card_json(model, members=members))
    return runtime.load(model, card, threads=1).predict(PIXELS)


def test_an_ensemble_says_what_each_member_says_and_their_mean():
    models = [brightness_network((threshold,), gain=3.0) for threshold in (-0.5, 0.0, 0.9)]
    alone = [predicted(model, 1) for model in models]
    together = predicted(merge(models), 3)
    assert together.members is not None
    assert together.members.shape == (3, 2, 64, 64)
    for member, single in zip(together.members, alone, strict=True):
        assert np.allclose(member, single.probability, atol=1e-6)
    assert np.allclose(together.probability, together.members.mean(axis=0), atol=1e-6)
    majority = np.sum([single.label_map for single in alone], axis=0)
    decided = (majority == 0) | (majority == 3)
    assert np.array_equal(together.label_map[decided], alone[0].label_map[decided])


def test_one_member_is_the_model_itself():
    model = brightness_network()
    assert merge([model]) == model
    assert predicted(model, 1).members is None


@pytest.mark.parametrize("claimed", [1, 2])
def test_a_card_that_lies_about_the_members_is_refused(claimed: int):
    merged = merge([brightness_network() for _ in range(3)])
    with pytest.raises(InvalidInput, match="card"):
        predicted(merged, claimed)


@pytest.mark.parametrize("members", [0, 11, "2", True, 1.0])
def test_the_number_of_members_is_checked(members: object):
    card = card_json(brightness_network(), members=members)
    with pytest.raises(InvalidInput, match="members"):
        read_card(card)


def test_members_that_differ_are_refused():
    with pytest.raises(InvalidInput, match="differ"):
        merge([brightness_network(), brightness_network((0.1, 0.5))])
    with pytest.raises(InvalidInput, match="at least one"):
        merge([])


def test_the_merged_file_is_its_own():
    models = [brightness_network((threshold,)) for threshold in (0.0, 0.5)]
    assert hashlib.sha256(merge(models)).digest() != hashlib.sha256(models[0]).digest()
