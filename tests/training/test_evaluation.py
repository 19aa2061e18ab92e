from __future__ import annotations

import json

import numpy as np
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from annotation.models import LockLook, SubjectPartition
from annotation.services import labels, outlines, references, scans, sites
from core.models import AuditEvent, Job
from core.numbers import number
from core.services import jobs
from domain.errors import Conflict, InvalidInput, NotAllowed, NotFound, Refused
from inference.models import Prediction
from inference.selectors import versions
from inference.services import registry
from tests.conftest import rectangle
from tests.inference.tiny_models import brightness_network, card_json
from tests.training.conftest import BRIGHT, DIM, TEST_SUBJECTS
from training import evaluation_pages
from training.models import Evaluation
from training.selectors import evaluations
from training.services import evaluation

pytestmark = pytest.mark.django_db


def test_validation_gives_rows_and_figures(site, admin, make_model, make_reference):
    images = [make_reference(f"V{number}", "validation") for number in range(5)]
    done = evaluation.evaluate(make_model(BRIGHT), "validation", admin)
    assert [row.image_id for row in done.rows.all()] == [image.pk for image in images]
    assert done.summary["n_images"] == done.summary["n_subjects"] == 5
    assert done.summary["failures"] == 0
    assert done.summary["dice"]["mean"] > 0.97
    low, high = done.summary["dice"]["ci95"]
    assert low <= done.summary["dice"]["mean"] <= high
    assert abs(done.summary["csa_error_percent"]["mean"]) < 3
    assert done.summary["hd95_mm"]["mean"] == pytest.approx(done.summary["hd95_px"]["mean"] * 0.1)
    assert done.metrics_version == "metrics_v2"
    assert done.lock is None


def test_a_model_that_takes_too_much_shows_it(site, admin, make_model, make_reference):
    make_reference("V1", "validation", radius=12, ring=4)
    done = evaluation.evaluate(make_model(DIM), "validation", admin)
    expected = 100 * ((16 / 12) ** 2 - 1)
    assert done.summary["csa_error_percent"]["mean"] == pytest.approx(expected, rel=0.05)
    assert done.summary["mt_error_mm"]["mean"] == pytest.approx(0.8, abs=0.12)
    assert done.summary["dice"]["mean"] == pytest.approx(2 * 144 / (144 + 256), abs=0.02)


def test_validation_costs_no_look_and_keeps_the_predictions(
    locked, admin, make_model, make_reference
):
    image = make_reference("V1", "validation")
    evaluation.evaluate(make_model(), "validation", admin)
    assert not LockLook.objects.exists()
    assert list(Prediction.objects.values_list("image_id", flat=True)) == [image.pk]


def test_the_test_set_is_opened_by_a_counted_and_audited_look(locked, admin, make_model):
    model = make_model()
    done = evaluation.evaluate(model, "test", admin)
    assert done.summary["n_subjects"] == TEST_SUBJECTS
    assert done.lock.site == locked
    assert LockLook.objects.count() == 1
    assert AuditEvent.objects.filter(verb="locked references opened", actor=admin).count() == 1
    assert AuditEvent.objects.get(verb="model evaluated").details["lock"] == done.lock.digest
    assert not Prediction.objects.exists()


def test_an_evaluation_that_fails_is_a_look_all_the_same(locked, admin, make_model, monkeypatch):
    model = make_model()
    monkeypatch.setattr(
        evaluation.prediction, "predict", lambda *_: (_ for _ in ()).throw(Refused("no memory"))
    )
    with pytest.raises(Refused, match="no memory"):
        evaluation.evaluate(model, "test", admin)
    assert LockLook.objects.count() == 1
    assert not Evaluation.objects.exists()


def test_training_references_are_not_evaluated(site, admin, make_model, make_reference):
    make_reference("V1", "validation")
    make_reference("A1", "train")
    done = evaluation.evaluate(make_model(), "validation", admin)
    assert {row.subject_code for row in done.rows.all()} == {"V1"}
    with pytest.raises(InvalidInput):
        evaluation.evaluate(make_model(), "train", admin)


def test_only_the_selected_take_counts(site, admin, make_model, make_reference):
    first = make_reference("V1", "validation", take=1)
    second = make_reference("V1", "validation", take=2)
    model = make_model()
    assert [row.image for row in evaluation.evaluate(model, "validation", admin).rows.all()] == [
        first
    ]
    scans.select_take(second.take.scan, second.take, actor=admin, reason="clearer")
    assert [row.image for row in evaluation.evaluate(model, "validation", admin).rows.all()] == [
        second
    ]


def test_what_is_not_there_is_refused_in_words(site, admin, make_model):
    model = make_model()
    with pytest.raises(Refused, match="validation"):
        evaluation.evaluate(model, "validation", admin)
    with pytest.raises(Refused, match="lock"):
        evaluation.evaluate(model, "test", admin)


def test_only_admins_look(locked, annotator, expert, stranger, make_model):
    model = make_model()
    for user, error in ((annotator, NotAllowed), (expert, NotAllowed), (stranger, NotFound)):
        with pytest.raises(error):
            evaluation.evaluate(model, "test", user)
    assert not LockLook.objects.exists()


def test_repeated_evaluations_give_identical_rows(locked, admin, make_model):
    model = make_model()
    first, second = (evaluation.evaluate(model, "test", admin) for _ in range(2))
    assert evaluations.rows_of(first) == evaluations.rows_of(second)
    assert first.summary == second.summary
    assert LockLook.objects.count() == 2


def test_uncalibrated_scans_are_compared_in_px_and_per_cent(
    site, admin, make_model, make_reference
):
    make_reference("V1", "validation", spacing=None)
    summary = evaluation.evaluate(make_model(), "validation", admin).summary
    assert summary["hd95_mm"] is summary["csa_error_mm2"] is summary["mt_error_mm"] is None
    assert summary["hd95_px"] is not None
    assert summary["mt_error_percent"] is not None


def test_the_command_prints_one_object(locked, admin, make_model, capsys):
    model = make_model()
    call_command(
        "evaluate", model.name, "--study", "lab", "--partition", "test", "--as", "admin", "--json"
    )
    answer = json.loads(capsys.readouterr().out)
    assert set(answer) >= {"rows", "subjects", "summary"}
    assert len(answer["rows"]) == len(answer["subjects"]) == TEST_SUBJECTS
    assert set(answer["summary"]["dice"]) >= {"mean", "sd", "median", "ci95"}
    for quantity in ("dice", "iou", "hd95_px", "hd95_mm", "csa_error_mm2", "mt_error_mm"):
        assert answer["rows"][0][quantity] is not None
        assert answer["summary"][quantity]["n_subjects"] == TEST_SUBJECTS


def test_the_command_speaks_to_people_too(locked, make_model, capsys):
    call_command("evaluate", make_model().name, "--study", "lab", "--as", "admin")
    said = capsys.readouterr().out
    assert f"{TEST_SUBJECTS} images of {TEST_SUBJECTS} subjects" in said
    assert "95 % interval" in said
    mean = Evaluation.objects.get().summary["csa_error_mm2"]["mean"]
    (csa,) = [line for line in said.splitlines() if "CSA error (cm²)" in line]
    assert csa.split()[3] == number(mean / 100, 3), "in the site's unit, as its page says it"
    assert "mm²" not in said


def test_the_command_names_what_is_missing(study, make_model):
    with pytest.raises(CommandError, match="rectus-femoris-v1"):
        call_command("evaluate", make_model().name.replace("v1", "v7"), "--study", "lab")


def test_a_registered_model_is_evaluated_on_validation_by_itself(
    site, make_model, make_reference, django_capture_on_commit_callbacks
):
    make_reference("V1", "validation")
    with django_capture_on_commit_callbacks(execute=True):
        model = make_model()
    job = jobs.run_inline(Job.objects.get(kind="evaluate"))
    assert job.state == Job.State.DONE, job.error
    assert Evaluation.objects.get(pk=job.result["evaluation"]).model == model


def test_an_evaluation_that_was_cancelled_keeps_nothing(site, admin, make_model, make_reference):
    make_reference("V1", "validation")
    job = evaluation.submit(make_model(), "validation", admin)
    with pytest.raises(Conflict):
        evaluation.submit(versions.model_with_id(job.params["model"]), "validation", admin)
    jobs.cancel(job, admin)
    assert jobs.run(str(job.pk)) is None
    assert not Evaluation.objects.exists()


def test_several_labels_have_figures_of_their_own_and_of_their_union(
    study, admin, annotator, make_image
):
    peroneus = sites.create(study, "peroneus", ["PL", "PB"], actor=None)
    pixels = np.full((64, 64), 20, np.uint8)
    pixels[10:30, 10:50] = 90
    pixels[30:50, 10:50] = 220
    image = make_image("V1", site=peroneus, pixels=pixels)
    SubjectPartition.objects.create(subject=image.subject, partition="validation")
    drawn = [rectangle(10, 10, 50, 30, "PL"), rectangle(10, 30, 50, 50, "PB")]
    references.accept_outside(outlines.save(image, annotator, drawn, base=0), actor=admin)
    onnx = brightness_network((-0.5, 0.7))
    card = card_json(onnx, site="peroneus", labels=["PL", "PB"])
    done = evaluation.evaluate(
        registry.register(peroneus, onnx, card, actor=None), "validation", admin
    )
    assert done.summary["n_images"] == 1
    assert set(done.summary["labels"]) == {"PL", "PB"}
    assert done.summary["union"]["dice"]["mean"] > 0.97
    answer = evaluations.as_json(done)
    assert [row["label"] for row in answer["rows"]] == ["PL", "PB"]
    assert answer["subjects"][0]["dice"] == pytest.approx(done.summary["dice"]["mean"])
    (shown,) = evaluation_pages.shown_of(done.model)
    assert [label for label, _ in shown.labels] == ["PL", "PB", "All together"]
    assert all(lines for _, lines in shown.labels)

    labels.rename(labels.label_named(peroneus, "PL"), "longus", actor=admin)
    (shown,) = evaluation_pages.shown_of(done.model)
    assert [label for label, _ in shown.labels] == ["longus", "PB", "All together"]
    assert all(lines for _, lines in shown.labels)
    assert set(evaluations.as_json(done)["summary"]["labels"]) == {"longus", "PB"}

    kept = done.summary["labels"]
    labels.merge(
        labels.label_named(peroneus, "PB"), labels.label_named(peroneus, "longus"), actor=admin
    )
    (merged,) = evaluations.summary_of(Evaluation.objects.get(pk=done.pk))["labels"].values()
    both = [kept[label]["dice"]["mean"] for label in ("PL", "PB")]
    assert merged["dice"]["mean"] == pytest.approx(sum(both) / 2)
