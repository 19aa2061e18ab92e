"""Out-of-fold evaluations make a model's interval, and only they do."""

from __future__ import annotations

import numpy as np
import pytest

from inference.models import DiceInterval
from training.models import Evaluation, EvaluationRow
from training.scoring import PREDICTED_DICE, UNION
from training.services import evaluation, intervals

pytestmark = pytest.mark.django_db


@pytest.fixture
def development(make_model, make_image):
    """`development(subjects, how)`: an evaluation of a model that expects 0.05 too much."""

    def make(subjects: int, how: str = "out of fold", missing: int = 0) -> Evaluation:
        made = Evaluation.objects.create(
            model=make_model(),
            partition="development",
            metrics_version="metrics_v1",
            summary={"how": how},
        )
        generator = np.random.default_rng(subjects)
        for number in range(subjects):
            image = make_image(f"D{number}")
            dice = float(generator.uniform(0.8, 0.9))
            predicted = None if number < missing else dice + 0.05
            for label, values in (
                ("RF", {"dice": dice, PREDICTED_DICE: predicted}),
                (UNION, {"dice": 0.0, PREDICTED_DICE: None}),
            ):
                EvaluationRow.objects.create(
                    evaluation=made,
                    image=image,
                    subject_code=image.subject.code,
                    label=label,
                    values=values,
                )
        return made

    return make


def test_every_evaluation_row_says_what_the_model_expected(site, admin, make_model, make_reference):
    make_reference("V1", "validation")
    done = evaluation.evaluate(make_model(), "validation", admin)
    (row,) = done.rows.all()
    assert 0.9 < row.values[PREDICTED_DICE] <= 1


def test_nineteen_subjects_give_an_interval(development):
    kept = intervals.calibrate(development(19))
    assert kept.n_subjects == 19
    assert (kept.low, kept.high, kept.shift) == (pytest.approx(-0.05),) * 3
    assert kept.coverage is None
    assert kept.reason == ""


def test_eighteen_give_the_reason(development):
    kept = intervals.calibrate(development(18))
    assert kept.low is None
    assert kept.reason == "no interval below 19 subjects (18 so far)"


def test_scans_on_which_a_structure_was_not_found_do_not_count(development):
    assert intervals.calibrate(development(20, missing=2)).n_subjects == 18


def test_a_model_from_outside_gets_none(development):
    kept = intervals.calibrate(development(25, how="direct"))
    assert kept.low is None
    assert kept.reason == intervals.NOT_OUT_OF_FOLD


def test_a_newer_evaluation_replaces_the_interval(development):
    intervals.calibrate(development(18))
    first = Evaluation.objects.get()
    second = Evaluation.objects.create(
        model=first.model, partition="development", metrics_version="m", summary=first.summary
    )
    intervals.calibrate(second)
    assert DiceInterval.objects.get().n_subjects == 0


def test_a_validation_evaluation_calibrates_nothing(
    site, admin, make_model, make_reference, django_capture_on_commit_callbacks
):
    make_reference("V1", "validation")
    with django_capture_on_commit_callbacks(execute=True):
        evaluation.evaluate(make_model(), "validation", admin)
    assert not DiceInterval.objects.exists()
