from __future__ import annotations

import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, transaction

from annotation.models import Image, LockLook, Site, Suggestion
from annotation.services import calibrations, lock, suggestions
from core.models import AuditEvent, Job
from domain.calibration import PixelSpacing
from domain.errors import Conflict, InvalidInput, NotAllowed, NotFound, Refused
from inference.models import PointerMove, Purpose
from inference.selectors.pointers import current_model
from inference.services import pointers
from tests.conftest import rectangle
from tests.training.conftest import BRIGHT, DIM, TEST_SUBJECTS
from training.models import Evaluation, GateDecision, RetrainPolicy
from training.services import evaluation, promotion

pytestmark = pytest.mark.django_db


@pytest.fixture
def with_floor(proving):
    """`with_floor(0.9)`: the locked site with this floor."""

    def put(floor: float) -> Site:
        Site.objects.filter(pk=proving.pk).update(dice_floor=floor)
        proving.refresh_from_db()
        return proving

    return put


@pytest.fixture
def serving(with_floor, admin, make_model, develop):
    """A model that serves for both purposes and could be better."""
    with_floor(0.5)
    model = make_model(DIM)
    promotion.promote(model, admin)
    develop(model, 0.8)
    return model


def test_the_first_model_must_reach_the_floor(with_floor, admin, make_model):
    site = with_floor(0.9)
    model = make_model(DIM)
    with pytest.raises(Refused, match="below the site's floor"):
        promotion.promote(model, admin)
    assert current_model(site) is None
    refused = AuditEvent.objects.get(verb="model not promoted")
    assert refused.details["numbers"]["verdict"] == "floor missed"
    assert not LockLook.objects.exists(), "validation said no: no look is spent"
    with_floor(0.6)
    model.site.refresh_from_db()
    outcome = promotion.promote(model, admin, "good enough to begin with")
    assert {move.purpose for move in outcome.moves} == set(Purpose.values)
    assert current_model(site) == current_model(site, "measurement") == model


def test_the_numbers_stand_with_the_move(with_floor, admin, make_model):
    site = with_floor(0.5)
    (pre_label, measurement) = promotion.promote(make_model(BRIGHT), admin, "first model").moves
    numbers = PointerMove.objects.get(pk=measurement.pk).numbers
    assert numbers["verdict"] == "floor reached"
    assert numbers["n_subjects"] == TEST_SUBJECTS
    assert numbers["mean"] > 0.97
    assert len(numbers["ci95"]) == 2
    assert numbers["lock"] == site.locks.get().digest
    assert (numbers["look"], numbers["look_budget"]) == (1, 10)
    assert numbers["metrics_version"] == "metrics_v2"
    assert numbers["confirmed_by"] is None
    assert Evaluation.objects.get(pk=numbers["evaluation"]).partition == "test"
    assert Evaluation.objects.get(pk=pre_label.numbers["evaluation"]).partition == "validation"
    assert AuditEvent.objects.filter(verb="model promoted").count() == len(Purpose.values)
    assert GateDecision.objects.filter(promotes=True).count() == len(Purpose.values)


def test_a_better_model_wins(serving, admin, make_model, develop, confirm):
    better = make_model(BRIGHT)
    develop(better, 0.9)
    confirm(better)
    (pre_label, measurement) = promotion.promote(better, admin).moves
    assert pre_label.numbers["verdict"] == "not worse"
    assert measurement.numbers["verdict"] == "win"
    assert measurement.numbers["mean_difference"] > 0.1
    assert measurement.numbers["current"] == serving.name
    assert [gain for gain, _ in measurement.numbers["power"]] == [0.005, 0.01, 0.02, 0.03]
    assert current_model(serving.site) == current_model(serving.site, "measurement") == better


def test_a_corrected_scale_leaves_its_scan_out_of_the_comparison_and_blocks_nothing(
    serving, admin, make_model, develop, confirm
):
    """Folds keep the scales of their snapshot: whatever was measured again would be refused."""
    better = make_model(BRIGHT)
    develop(better, 0.9)
    confirm(better)
    image = Image.objects.get(subject__code="D0")
    calibrations.calibrate(image, PixelSpacing(0.2, 0.2, "depth"), actor=admin)

    (pre_label, *_) = promotion.promote(better, admin, purposes=["pre-label"]).moves

    assert pre_label.numbers["verdict"] == "not worse"
    assert pre_label.numbers["n_subjects"] == 7
    found = [check["found"] for check in pre_label.numbers["checks"]]
    assert any(text.startswith("yes, without 1 scan that has another scale") for text in found)


def test_what_is_not_worse_makes_pre_labels_and_measures_nothing(
    serving, admin, make_model, develop, confirm
):
    """Two pointers: the one that proved enough moves, the other stays and says why."""
    alike = make_model(DIM + 0.01)
    develop(alike, 0.8)
    confirm(alike)
    outcome = promotion.promote(alike, admin)
    assert [move.purpose for move in outcome.moves] == ["pre-label"]
    assert "tie. No difference shown" in outcome.refused["measurement"]
    assert current_model(serving.site) == alike
    assert current_model(serving.site, "measurement") == serving
    assert [one.verdict for one in GateDecision.objects.filter(model=alike)] == [
        "tie",
        "not worse",
    ]


def test_a_model_that_may_not_pre_label_costs_no_look(serving, admin, make_model, develop):
    worse = make_model(BRIGHT)
    develop(worse, 0.7)
    before = LockLook.objects.count()
    with pytest.raises(Refused, match=r"loss\. Worse on the development.*No look at the locked"):
        promotion.promote(worse, admin)
    with pytest.raises(Refused, match="No look at the locked"):
        promotion.promote(worse, admin, purposes=["measurement"])
    assert LockLook.objects.count() == before


def test_without_cross_validation_nothing_is_decided(serving, admin, make_model):
    with pytest.raises(Refused, match="has not been cross-validated"):
        promotion.promote(make_model(BRIGHT), admin)


def test_a_spent_lock_stops_claims_and_not_serving(serving, admin, make_model, develop, confirm):
    locked = serving.site.locks.get()
    while LockLook.objects.filter(lock=locked).count() < locked.look_budget:
        lock.open_references(serving.site, admin, "spent by others")
    better = make_model(BRIGHT)
    develop(better, 0.9)
    confirm(better)
    outcome = promotion.promote(better, admin)
    assert [move.purpose for move in outcome.moves] == ["pre-label"]
    assert "none of 10 are left. Models go on serving" in outcome.refused["measurement"]
    assert current_model(serving.site, "measurement") == serving


def test_stored_evaluations_cost_no_second_look(serving, admin, make_model, develop, confirm):
    assert LockLook.objects.count() == 1
    better = make_model(BRIGHT)
    develop(better, 0.9)
    evaluation.evaluate(better, "test", admin)
    confirm(better)
    promotion.promote(better, admin)
    assert LockLook.objects.count() == 2


def test_a_new_lock_is_looked_at_anew_by_both(
    serving, admin, make_model, make_reference, develop, confirm
):
    make_reference("T9", "test", radius=11)
    lock.seal(serving.site, admin)
    better = make_model(BRIGHT)
    develop(better, 0.9)
    confirm(better)
    (_, move) = promotion.promote(better, admin).moves
    assert move.numbers["n_subjects"] == TEST_SUBJECTS + 1
    assert move.numbers["lock_version"] == 2
    assert LockLook.objects.filter(lock__version=2).count() == 2


def test_without_a_lock_a_model_makes_pre_labels_and_measures_nothing(
    site, admin, make_model, make_reference
):
    make_reference("V1", "validation")
    outcome = promotion.promote(make_model(), admin)
    assert [move.purpose for move in outcome.moves] == ["pre-label"]
    assert "not locked: seal them first" in outcome.refused["measurement"]


def test_the_serving_model_is_a_conflict(serving, admin):
    with pytest.raises(Conflict):
        promotion.promote(serving, admin)


def test_an_unknown_purpose_is_refused(serving, admin):
    with pytest.raises(InvalidInput, match="pre-label or measurement"):
        promotion.promote(serving, admin, purposes=["fun"])


def test_a_changed_file_blocks(serving, admin, make_model, develop, settings):
    better = make_model(BRIGHT)
    develop(better, 0.9)
    (settings.MYOTRACE_DATA / "models" / f"{better.sha256}.onnx").chmod(0o600)
    (settings.MYOTRACE_DATA / "models" / f"{better.sha256}.onnx").write_bytes(b"other")
    with pytest.raises(Refused, match=f"The file of {better.name} is as registered: no"):
        promotion.promote(better, admin, purposes=["pre-label"])


def test_only_admins_promote(proving, annotator, expert, stranger, make_model):
    model = make_model(BRIGHT)
    for user, error in ((annotator, NotAllowed), (expert, NotAllowed), (stranger, NotFound)):
        with pytest.raises(error):
            promotion.promote(model, user)
    assert not LockLook.objects.exists()


class TestByRule:
    def rule(self, site, promotes):
        RetrainPolicy.objects.create(site=site, promotes=promotes)

    def test_a_person_promotes_unless_the_site_says_otherwise(self, serving, make_model, develop):
        better = make_model(BRIGHT)
        develop(better, 0.9)
        self.rule(serving.site, False)
        assert promotion.promote_by_rule(better) is None
        assert current_model(serving.site) == serving

    def test_for_pre_labels_only(self, serving, make_model, develop):
        better = make_model(BRIGHT)
        develop(better, 0.9)
        self.rule(serving.site, True)
        outcome = promotion.promote_by_rule(better)
        assert outcome is not None
        assert [(move.purpose, move.actor) for move in outcome.moves] == [("pre-label", None)]
        assert current_model(serving.site, "measurement") == serving

    def test_when_the_serving_models_figures_come_last(self, serving, make_model, develop):
        better = make_model(BRIGHT)
        develop(better, 0.9)
        self.rule(serving.site, True)
        outcome = promotion.promote_by_rule(serving)
        assert outcome is not None
        assert current_model(serving.site) == better
        assert promotion.promote_by_rule(better) is None

    def test_never_past_the_gate(self, serving, make_model, develop):
        worse = make_model(BRIGHT)
        develop(worse, 0.7)
        self.rule(serving.site, True)
        assert promotion.promote_by_rule(worse) is None
        assert current_model(serving.site) == serving


class TestRollback:
    def test_of_the_first_model_leaves_none(self, serving, admin, image):
        offered = suggestions.offer(
            image, [rectangle(1, 1, 9, 9)], source="model", version=serving.name
        )
        moves = promotion.rollback(serving.site, admin, "odd outlines")
        assert [move.model for move in moves] == [None, None]
        assert current_model(serving.site) is current_model(serving.site, "measurement") is None
        offered.refresh_from_db()
        assert offered.state == Suggestion.State.WITHDRAWN
        with pytest.raises(Refused, match="nothing to go back from"):
            promotion.rollback(serving.site, admin, "again")

    def test_takes_back_only_what_the_last_model_serves(
        self, serving, admin, make_model, develop, confirm
    ):
        alike = make_model(DIM + 0.01)
        develop(alike, 0.8)
        confirm(alike)
        promotion.promote(alike, admin)
        (move,) = promotion.rollback(serving.site, admin, "slower to correct")
        assert (move.purpose, move.model) == ("pre-label", serving)
        assert current_model(serving.site, "measurement") == serving

    def test_of_one_purpose(self, serving, admin):
        promotion.rollback(serving.site, admin, "doubts", ["measurement"])
        assert current_model(serving.site) == serving
        assert current_model(serving.site, "measurement") is None

    def test_queues_the_scans_for_the_model_that_serves_again(
        self,
        serving,
        admin,
        make_model,
        develop,
        confirm,
        make_image,
        django_capture_on_commit_callbacks,
    ):
        alike = make_model(DIM + 0.01)
        develop(alike, 0.8)
        confirm(alike)
        promotion.promote(alike, admin)
        image = make_image("N1")
        suggestions.offer(image, [rectangle(1, 1, 9, 9)], source="model", version=alike.name)
        Job.objects.filter(kind="prelabel").delete()
        with django_capture_on_commit_callbacks(execute=True):
            promotion.rollback(serving.site, admin, "odd")
        assert not Suggestion.objects.filter(version=alike.name, state="current").exists()
        assert Job.objects.filter(kind="prelabel", state="queued").exists()


def test_decisions_are_never_changed(serving):
    with pytest.raises(DatabaseError), transaction.atomic():
        GateDecision.objects.update(verdict="win")
    with pytest.raises(DatabaseError), transaction.atomic():
        GateDecision.objects.all().delete()


def test_the_api_promotes_and_rolls_back(
    with_floor, client_of, admin, expert, stranger, make_model, develop
):
    with_floor(0.5)
    worse, better = make_model(DIM), make_model(BRIGHT)
    develop(worse, 0.8)
    develop(better, 0.9)
    address = f"/api/v1/models/{worse.pk}/promote"

    def ask(user, body):
        return client_of(user).post(address, body, content_type="application/json")

    assert ask(expert, {}).status_code == 403
    assert ask(stranger, {}).status_code == 404
    browser = client_of(admin)
    answer = ask(admin, {"purposes": ["pre-label"]}).json()
    assert (answer["model"], answer["purposes"]) == (worse.name, ["pre-label"])
    assert ask(admin, {"purposes": ["pre-label"]}).status_code == 409
    assert ask(admin, {}).json()["purposes"] == ["measurement"]
    address = f"/api/v1/models/{better.pk}/promote"
    refused = ask(admin, {"reason": "wins"})
    assert refused.status_code == 409
    assert "nobody has confirmed it on pictures" in refused.content.decode()
    answer = ask(admin, {"reason": "wins", "without_pictures": "a nightly script"}).json()
    assert answer["numbers"]["verdict"] == "win"
    assert (answer["confirmed_by"], answer["unconfirmed"]) == (None, "a nightly script")
    assert answer["decisions"]["pre-label"]["verdict"] == "not worse"
    decisions = browser.get(f"/api/v1/models/{better.pk}/decisions").json()
    assert decisions["count"] == 2
    assert [one["verdict"] for one in decisions["results"]] == ["win", "not worse"]
    assert decisions["results"][0]["numbers"]["checks"]
    assert decisions["results"][0]["unconfirmed"] == "a nightly script"
    back = "/api/v1/sites/rectus-femoris/rollback"
    assert browser.post(back, {}, content_type="application/json").status_code == 400
    answer = browser.post(back, {"reason": "odd"}, content_type="application/json").json()
    assert (answer["model"], answer["previous"]) == (worse.name, better.name)
    answer = browser.post(back, {"reason": "odd"}, content_type="application/json").json()
    assert (answer["model"], answer["previous"]) == (None, worse.name)
    assert browser.post(back, {"reason": "odd"}, content_type="application/json").status_code == 409
    assert (
        client_of(stranger)
        .post(f"{back}?study=lab", {"reason": "no"}, content_type="application/json")
        .status_code
        == 404
    )


def test_the_commands_promote_and_roll_back(
    with_floor, admin, make_model, develop, confirm, capsys
):
    with_floor(0.5)
    worse, better = make_model(DIM), make_model(BRIGHT)
    develop(worse, 0.8)
    develop(better, 0.9)
    where = ["--study", "lab", "--as", "admin"]
    call_command("promote", worse.name, *where, "--reason", "first", "--json")
    answer = json.loads(capsys.readouterr().out)
    assert answer["numbers"]["verdict"] == "floor reached"
    assert {"site", "kind", "model", "previous", "purposes", "reason", "numbers"} <= set(answer)
    assert answer["unconfirmed"].startswith("the site's first model")
    with pytest.raises(CommandError, match="--without-pictures REASON"):
        call_command("promote", better.name, *where)
    blind = ["--without-pictures", "nobody is here"]
    call_command("promote", better.name, *where, *blind, "--purpose", "pre-label")
    said = capsys.readouterr().out
    assert "serves rectus-femoris now for pre-label." in said
    assert "Not confirmed on pictures: nobody is here." in said
    confirm(better)
    call_command("promote", better.name, *where)
    said = capsys.readouterr().out
    assert "measurement: Better by" in said
    assert "Not confirmed" not in said
    with pytest.raises(CommandError, match="serves rectus-femoris for pre-label and measurement"):
        call_command("promote", better.name, *where)
    call_command("rollback", "rectus-femoris", *where, "--reason", "odd outlines", "--json")
    answer = json.loads(capsys.readouterr().out)
    assert (answer["model"], answer["previous"]) == (worse.name, better.name)
    call_command("rollback", "rectus-femoris", *where, "--reason", "again")
    assert "No model serves rectus-femoris any more" in capsys.readouterr().out
    with pytest.raises(CommandError, match="nothing to go back from"):
        call_command("rollback", "rectus-femoris", *where, "--reason", "again")


def test_a_move_without_numbers_from_before_still_reads(site, admin, make_model):
    """Moves of an earlier version have fewer numbers; `as_json` prints what there is."""
    move = pointers.move(site, "pre-label", make_model(), actor=admin)
    assert promotion.as_json([move])["numbers"] == {}
