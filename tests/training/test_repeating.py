"""G0: before a pointer moves, some scans are read and measured again, and must give the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from annotation.models import Image, LockLook
from annotation.services import calibrations, lock
from core.models import AuditEvent
from domain.calibration import PixelSpacing
from domain.errors import NotAllowed, Refused
from inference.selectors.pointers import current_model
from tests.training.conftest import BRIGHT, DIM, TEST_SUBJECTS
from training import evaluation_pages
from training.models import EvaluationRow
from training.scoring import QUANTITIES
from training.selectors import evaluations
from training.services import evaluation, judging, promotion, repeating
from training.summarising import Row

pytestmark = pytest.mark.django_db
TITLE = "Read again, {} gives the same rows"


@pytest.fixture
def low_floor(proving):
    proving.dice_floor = 0.5
    proving.save(update_fields=["dice_floor"])
    return proving


@pytest.fixture
def better(low_floor, admin, make_model, develop, confirm):
    """A candidate that would serve for both purposes in another's place."""
    serving, candidate = make_model(DIM), make_model(BRIGHT)
    promotion.promote(serving, admin)
    develop(serving, 0.8)
    develop(candidate, 0.9)
    confirm(candidate)
    return candidate


def integrity(numbers):
    return {one["title"]: one["found"] for one in numbers["checks"] if one["name"] == "integrity"}


def falsify(model, partition, **values):
    """A row of the model's evaluation on every scan says something else."""
    for row in EvaluationRow.objects.filter(
        evaluation__model=model, evaluation__partition=partition
    ):
        row.values = {**row.values, **values}
        row.save(update_fields=["values"])


def test_what_was_read_again_stands_with_the_decision(better, admin):
    looks = LockLook.objects.count()
    (pre_label, measurement) = promotion.promote(better, admin).moves
    current = pre_label.numbers["current"]
    assert integrity(pre_label.numbers)[TITLE.format(better.name)] == "2 scans"
    assert integrity(measurement.numbers)[TITLE.format(better.name)] == "5 scans"
    assert integrity(measurement.numbers)[TITLE.format(current)] == "5 scans"
    assert LockLook.objects.count() == looks + 1, "reading again is no look"
    opened = AuditEvent.objects.filter(verb="locked references opened again").latest("sequence")
    assert better.name in opened.details["purpose"]


def test_other_numbers_on_the_lock_block(better, admin):
    evaluation.evaluate(better, "test", admin)
    falsify(better, "test", dice=0.9999)
    outcome = promotion.promote(better, admin)
    assert [move.purpose for move in outcome.moves] == ["pre-label"]
    assert "blocked. The numbers do not count." in outcome.refused["measurement"]
    assert "dice was 0.9999, and is" in outcome.refused["measurement"]
    assert current_model(better.site, "measurement") != better


def test_other_numbers_of_the_current_model_block_too(better, admin):
    serving = current_model(better.site)
    falsify(serving, "test", hd95_px=99.0)
    outcome = promotion.promote(better, admin)
    assert f"{TITLE.format(serving.name)}: no" in outcome.refused["measurement"]


def test_other_numbers_on_validation_block_a_first_model(low_floor, admin, make_model):
    model = make_model(BRIGHT)
    evaluation.evaluate(model, "validation", admin)
    falsify(model, "validation", mt_error_mm=0.25)
    with pytest.raises(Refused, match=r"mt_error_mm was 0\.25.*evaluate it again"):
        promotion.promote(model, admin, purposes=["pre-label"])
    evaluation.evaluate(model, "validation", admin)
    promotion.promote(model, admin, purposes=["pre-label"])


def test_an_evaluation_under_another_scale_is_marked_and_decides_nothing(
    low_floor, admin, make_model
):
    """mm and mm2 of the kept rows belong to the pixel size of then."""
    model = make_model(BRIGHT)
    kept = evaluation.evaluate(model, "validation", admin)
    images = list(Image.objects.filter(subject__partition__partition="validation"))
    assert set(kept.scales) == {str(image.pk) for image in images}
    assert evaluations.changed_since(kept) == []
    calibrations.calibrate(images[0], PixelSpacing(0.2, 0.2, "typed"), actor=admin)
    assert evaluations.changed_since(kept) == [images[0].pk]
    with pytest.raises(
        Refused, match="another scale, selected take or measured frame since: evaluate it again"
    ):
        promotion.promote(model, admin, purposes=["pre-label"])
    (shown,) = (one for one in evaluation_pages.shown_of(model) if one.evaluation == kept)
    assert shown.changed_since == 1
    evaluation.evaluate(model, "validation", admin)
    promotion.promote(model, admin, purposes=["pre-label"])


def test_one_from_before_scales_were_kept_is_judged_by_their_history(low_floor, admin, make_model):
    model = make_model(BRIGHT)
    kept = evaluation.evaluate(model, "validation", admin)
    type(kept).objects.filter(pk=kept.pk).update(scales={})
    kept.refresh_from_db()
    assert evaluations.changed_since(kept) == []
    image = Image.objects.filter(subject__partition__partition="validation").first()
    calibrations.calibrate(image, PixelSpacing(0.2, 0.2, "typed"), actor=admin)
    assert evaluations.changed_since(kept) == [image.pk]


def test_a_scan_whose_reference_has_changed_since_is_not_compared(
    low_floor, admin, make_model, make_reference
):
    model = make_model(BRIGHT)
    kept = evaluation.evaluate(model, "validation", admin)
    judgement = judging.decide_pre_label(model)
    type(kept).objects.filter(pk=kept.pk).update(created_at=low_floor.study.created_at)
    judgement.evaluation.refresh_from_db()
    (fact,) = repeating.facts_of(judgement, admin)
    assert fact.holds
    assert fact.found == "none of its scans has the reference that it had then"


def test_a_lock_that_does_not_verify_blocks(better, admin):
    evaluation.evaluate(better, "test", admin)
    judgement = judging.decide_measurement(better)
    damaged = replace(judgement, lock=judgement.lock)
    damaged.lock.digest = "0" * 64
    (fact,) = repeating.facts_of(damaged, admin)
    assert (fact.title, fact.holds) == ("The lock is as it was sealed", False)
    assert "does not match its digest" in fact.found


def test_the_lock_is_opened_again_for_a_purpose_by_an_admin_after_a_look(low_floor, admin, expert):
    sealed = low_floor.locks.get()
    with pytest.raises(Refused, match="Nobody has looked"):
        lock.reopen_references(sealed, admin, "compare")
    lock.open_references(low_floor, admin, "evaluate")
    with pytest.raises(NotAllowed):
        lock.reopen_references(sealed, expert, "compare")
    with pytest.raises(Refused, match="Say what"):
        lock.reopen_references(sealed, admin, " ")
    assert len(lock.reopen_references(sealed, admin, "compare")) == TEST_SUBJECTS
    assert LockLook.objects.count() == 1


class TestDifference:
    ROW = Row(7, "S1", "RF", dict.fromkeys(QUANTITIES, 0.5), failure=False)

    def test_the_same_is_none(self):
        assert repeating.difference([self.ROW], [self.ROW]) == ""

    @pytest.mark.parametrize("quantity", QUANTITIES)
    def test_the_last_digit_of_any_quantity_counts(self, quantity):
        other = replace(self.ROW, values={**self.ROW.values, quantity: 0.5 + 2**-52})
        assert f"{quantity} was 0.5" in repeating.difference([self.ROW], [other])

    def test_a_value_that_is_gone_counts(self):
        other = replace(self.ROW, values={**self.ROW.values, "hd95_mm": None})
        assert "is None now" in repeating.difference([self.ROW], [other])

    def test_a_failure_and_a_row_that_is_gone_count(self):
        assert "is a failure now" in repeating.difference(
            [self.ROW], [replace(self.ROW, failure=True)]
        )
        assert "no row any more" in repeating.difference([self.ROW], [])
