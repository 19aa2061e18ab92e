"""G6: a model takes another's place after a person has looked at pictures, or says why not."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from annotation.models import LockLook, SubjectPartition
from core.models import AuditEvent
from domain.errors import InvalidInput, Refused
from domain.gate import GateConfiguration
from inference.selectors.pointers import current_model
from tests.training.conftest import BRIGHT, DIM
from training.models import GateDecision, RetrainPolicy
from training.selectors import confirmations
from training.services import gate_configurations as configuring
from training.services import promotion

pytestmark = pytest.mark.django_db


@pytest.fixture
def serving(proving, admin, make_model, develop):
    """A model that serves for both purposes and could be better."""
    proving.dice_floor = 0.5
    proving.save(update_fields=["dice_floor"])
    model = make_model(DIM)
    promotion.promote(model, admin)
    develop(model, 0.8)
    return model


@pytest.fixture
def better(serving, make_model, develop):
    """A candidate that the gate would let serve for both purposes."""
    model = make_model(BRIGHT)
    develop(model, 0.9)
    return model


def kept(model):
    return [(one.confirmation, one.unconfirmed) for one in GateDecision.objects.filter(model=model)]


def test_nobody_has_looked_so_nothing_moves_and_no_look_is_spent(serving, better, admin):
    before = LockLook.objects.count()
    with pytest.raises(Refused, match=r"For pre-label and measurement: .* nobody has confirmed"):
        promotion.promote(better, admin)
    assert current_model(serving.site) == current_model(serving.site, "measurement") == serving
    assert LockLook.objects.count() == before
    assert kept(better) == []
    refused = AuditEvent.objects.get(verb="model not promoted")
    assert refused.details["numbers"]["verdict"] == "not worse"


def test_the_gate_speaks_before_the_pictures(serving, admin, make_model, develop):
    worse = make_model(BRIGHT)
    develop(worse, 0.7)
    with pytest.raises(Refused, match=r"loss\. Worse") as refusal:
        promotion.promote(worse, admin)
    assert "pictures" not in str(refusal.value)


def test_a_confirmation_counts_for_both_purposes_one_after_the_other(
    serving, better, admin, confirm
):
    confirmation = confirm(better)
    promotion.promote(better, admin, purposes=["pre-label"])
    assert confirmations.newest(better, "pre-label") == confirmation, (
        "against the model that it replaced"
    )
    (move,) = promotion.promote(better, admin).moves
    assert (move.purpose, move.numbers["confirmed_by"]) == ("measurement", "expert")
    assert kept(better) == [(confirmation, ""), (confirmation, "")]


def test_each_pointer_asks_for_a_look_beside_the_model_that_it_takes_away(
    serving, better, admin, expert, confirm, make_model, develop
):
    early = confirm(better)
    other = make_model(1.0)
    develop(other, 0.85)
    confirm(other)
    promotion.promote(other, admin, purposes=["pre-label"])
    with pytest.raises(Refused, match="nobody has confirmed"):
        promotion.promote(better, admin, purposes=["pre-label"])
    (move,) = promotion.promote(better, admin, purposes=["measurement"]).moves
    assert move.numbers["confirmed_by"] == "expert"
    assert GateDecision.objects.get(model=better).confirmation == early
    assert early.current == serving


def test_a_candidate_is_confirmed_beside_every_model_in_whose_place_it_would_serve(
    serving, better, admin, expert, confirm, make_model, develop, client_of
):
    other = make_model(1.0)
    develop(other, 0.85)
    confirm(other)
    promotion.promote(other, admin, purposes=["pre-label"])
    confirm(better)
    assert {one.current for one in better.confirmations.all()} == {other, serving}
    page = client_of(expert).get(reverse("training:promote", args=["lab", better.pk]))
    said = page.content.decode()
    assert f"Beside {other.name}" in said
    assert f"Beside {serving.name}" in said


def test_a_rollback_to_none_makes_no_model_the_first_for_measurement(serving, better, admin):
    promotion.rollback(serving.site, admin, "it draws too much", ["pre-label"])
    outcome = promotion.promote(better, admin)
    assert [move.purpose for move in outcome.moves] == ["pre-label"]
    assert "nobody has confirmed" in outcome.refused["measurement"]


def test_a_reason_stands_wherever_the_promotion_stands(serving, better, admin, client_of):
    reason = "looked at on the scanner's own screen"
    (move, _) = promotion.promote(better, admin, without_pictures=f" {reason} ").moves
    assert (move.numbers["confirmed_by"], move.numbers["unconfirmed"]) == (None, reason)
    assert kept(better) == [(None, reason), (None, reason)]
    event = AuditEvent.objects.filter(verb="model promoted").latest("sequence")
    assert event.details["numbers"]["unconfirmed"] == reason
    address = reverse("training:model", args=["lab", better.pk])
    said = client_of(admin).get(address).content.decode()
    assert said.count("Not confirmed on pictures: looked at on the scanner") == 2


def test_a_confirmation_is_worth_more_than_a_reason(serving, better, admin, confirm):
    confirm(better)
    (move, _) = promotion.promote(better, admin, without_pictures="no time").moves
    assert (move.numbers["confirmed_by"], move.numbers["unconfirmed"]) == ("expert", "")


def test_a_reason_is_a_sentence(better, admin):
    with pytest.raises(InvalidInput, match="500 characters"):
        promotion.promote(better, admin, without_pictures="x" * 501)


def test_a_first_model_serves_and_says_that_nobody_has_looked(serving):
    assert kept(serving) == [
        (None, "the site's first model, promoted where no pictures are shown"),
    ] * len(promotion.PURPOSES)


def test_the_sites_rule_says_that_it_was_the_rule(serving, better):
    RetrainPolicy.objects.create(site=serving.site, promotes=True)
    assert promotion.promote_by_rule(better) is not None
    assert kept(better) == [(None, "by the site's rule, without a person")]


def test_a_gate_that_does_not_ask_says_so(serving, admin, make_model, develop):
    lax = GateConfiguration(asks_for_confirmation=False)
    configuring.change(serving.site, lax, admin, "a scripted study")
    better = make_model(BRIGHT)
    develop(better, 0.9)
    promotion.promote(better, admin, purposes=["pre-label"])
    assert kept(better) == [(None, "this version of the gate does not ask for it")]


def test_where_there_is_nothing_to_look_at(serving, better, admin, client_of):
    SubjectPartition.objects.filter(partition="validation").update(partition="reserve")
    address = reverse("training:promote", args=["lab", better.pk])
    client_of(admin).post(address, {"purposes": ["pre-label"]})
    assert current_model(serving.site) == better
    assert kept(better) == [(None, "the site has no approved scan of a validation subject")]


def test_the_database_keeps_no_promotion_that_is_silent_about_pictures(serving):
    decision = GateDecision.objects.filter(promotes=True).first()
    decision.pk, decision.unconfirmed = None, ""
    with pytest.raises(DatabaseError), transaction.atomic():
        decision.save(force_insert=True)
