from __future__ import annotations

import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from annotation.models import LockLook, Site
from annotation.services import lock
from core.models import AuditEvent
from domain.errors import Conflict, NotAllowed, NotFound, Refused
from inference.models import PointerMove, Purpose
from inference.selectors.pointers import current_model
from tests.training.conftest import BRIGHT, DIM, TEST_SUBJECTS
from training.models import Evaluation
from training.services import evaluation, promotion

pytestmark = pytest.mark.django_db


@pytest.fixture
def with_floor(locked):
    """`with_floor(0.9)`: the locked site with this floor."""

    def put(floor: float) -> Site:
        Site.objects.filter(pk=locked.pk).update(dice_floor=floor)
        locked.refresh_from_db()
        return locked

    return put


def test_the_first_model_must_reach_the_floor(with_floor, admin, make_model):
    site = with_floor(0.9)
    model = make_model(DIM)
    with pytest.raises(Refused, match="below the site's floor"):
        promotion.promote(model, admin)
    assert current_model(site) is None
    refused = AuditEvent.objects.get(verb="model not promoted")
    assert refused.details["numbers"]["verdict"] == "floor missed"
    with_floor(0.6)
    model.site.refresh_from_db()
    moves = promotion.promote(model, admin, "good enough to begin with")
    assert {move.purpose for move in moves} == set(Purpose.values)
    assert current_model(site) == current_model(site, "measurement") == model


def test_the_numbers_stand_with_the_move(with_floor, admin, make_model):
    site = with_floor(0.5)
    (move, _) = promotion.promote(make_model(BRIGHT), admin, "first model")
    numbers = PointerMove.objects.get(pk=move.pk).numbers
    assert numbers["verdict"] == "floor reached"
    assert numbers["n_subjects"] == TEST_SUBJECTS
    assert numbers["mean"] > 0.97
    assert len(numbers["ci95"]) == 2
    assert numbers["lock"] == site.locks.get().digest
    assert numbers["looks"] == 1
    assert numbers["metrics_version"] == "metrics_v1"
    assert Evaluation.objects.get(pk=numbers["evaluation"]).partition == "test"
    assert AuditEvent.objects.filter(verb="model promoted").count() == len(Purpose.values)


def test_a_better_model_wins(with_floor, admin, make_model):
    site = with_floor(0.5)
    worse, better = make_model(DIM), make_model(BRIGHT)
    promotion.promote(worse, admin)
    (move, _) = promotion.promote(better, admin)
    assert move.numbers["verdict"] == "win"
    assert move.numbers["mean_difference"] > 0.1
    assert move.numbers["ci95"][0] > 0
    assert move.numbers["current"] == worse.name
    assert (move.previous, current_model(site)) == (worse, better)


def test_a_worse_and_an_equal_model_are_refused(with_floor, admin, make_model):
    site = with_floor(0.5)
    serving = make_model(BRIGHT)
    promotion.promote(serving, admin)
    with pytest.raises(Refused, match="Worse by"):
        promotion.promote(make_model(DIM), admin)
    with pytest.raises(Refused, match="The current model stays"):
        promotion.promote(make_model(BRIGHT + 0.01), admin)
    assert current_model(site) == serving
    verdicts = [
        event.details["numbers"]["verdict"]
        for event in AuditEvent.objects.filter(verb="model not promoted").order_by("sequence")
    ]
    assert verdicts == ["loss", "tie"]


def test_too_few_subjects_decide_nothing(site, admin, make_model, make_reference):
    for number in range(4):
        make_reference(f"T{number}", "test", radius=10 + number)
    lock.seal(site, admin)
    promotion.promote(make_model(DIM), admin)
    with pytest.raises(Refused, match="too few"):
        promotion.promote(make_model(BRIGHT), admin)


def test_stored_evaluations_cost_no_second_look(with_floor, admin, make_model):
    with_floor(0.5)
    first, second = make_model(DIM), make_model(BRIGHT)
    evaluation.evaluate(first, "test", admin)
    promotion.promote(first, admin)
    assert LockLook.objects.count() == 1
    promotion.promote(second, admin)
    assert LockLook.objects.count() == 2


def test_a_new_lock_is_looked_at_anew_by_both(with_floor, admin, make_model, make_reference):
    site = with_floor(0.5)
    promotion.promote(make_model(DIM), admin)
    make_reference("T9", "test", radius=11)
    lock.seal(site, admin)
    (move, _) = promotion.promote(make_model(BRIGHT), admin)
    assert move.numbers["n_subjects"] == TEST_SUBJECTS + 1
    assert move.numbers["lock_version"] == 2
    assert LockLook.objects.filter(lock__version=2).count() == 2


def test_without_a_lock_nothing_is_promoted(site, admin, make_model):
    with pytest.raises(Refused, match="not locked"):
        promotion.promote(make_model(), admin)


def test_the_serving_model_is_a_conflict(with_floor, admin, make_model):
    with_floor(0.5)
    model = make_model(BRIGHT)
    promotion.promote(model, admin)
    with pytest.raises(Conflict):
        promotion.promote(model, admin)


def test_only_admins_promote(locked, annotator, expert, stranger, make_model):
    model = make_model(BRIGHT)
    for user, error in ((annotator, NotAllowed), (expert, NotAllowed), (stranger, NotFound)):
        with pytest.raises(error):
            promotion.promote(model, user)
    assert not LockLook.objects.exists()


def test_the_api_promotes_and_rolls_back(
    with_floor, client_of, admin, expert, stranger, make_model
):
    with_floor(0.5)
    worse, better = make_model(DIM), make_model(BRIGHT)
    address = f"/api/v1/models/{worse.pk}/promote"

    def ask(user):
        return client_of(user).post(address, {}, content_type="application/json")

    assert ask(expert).status_code == 403
    assert ask(stranger).status_code == 404
    browser = client_of(admin)
    assert ask(admin).json()["model"] == worse.name
    assert ask(admin).status_code == 409
    answer = browser.post(
        f"/api/v1/models/{better.pk}/promote", {"reason": "wins"}, content_type="application/json"
    ).json()
    assert answer["numbers"]["verdict"] == "win"
    back = "/api/v1/sites/rectus-femoris/rollback"
    assert browser.post(back, {}, content_type="application/json").status_code == 400
    answer = browser.post(back, {"reason": "odd"}, content_type="application/json").json()
    assert (answer["model"], answer["previous"]) == (worse.name, better.name)
    assert browser.post(back, {"reason": "odd"}, content_type="application/json").status_code == 409
    assert (
        client_of(stranger)
        .post(f"{back}?study=lab", {"reason": "no"}, content_type="application/json")
        .status_code
        == 404
    )


def test_the_commands_promote_and_roll_back(with_floor, admin, make_model, capsys):
    with_floor(0.5)
    worse, better = make_model(DIM), make_model(BRIGHT)
    where = ["--study", "lab", "--as", "admin"]
    call_command("promote", worse.name, *where, "--reason", "first", "--json")
    assert json.loads(capsys.readouterr().out)["numbers"]["verdict"] == "floor reached"
    call_command("promote", better.name, *where)
    assert "serves rectus-femoris now" in capsys.readouterr().out
    with pytest.raises(CommandError, match="serves rectus-femoris already"):
        call_command("promote", better.name, *where)
    call_command("rollback", "rectus-femoris", *where, "--reason", "odd outlines", "--json")
    answer = json.loads(capsys.readouterr().out)
    assert (answer["model"], answer["previous"]) == (worse.name, better.name)
    with pytest.raises(CommandError, match="nothing to go back to"):
        call_command("rollback", "rectus-femoris", *where, "--reason", "again")
