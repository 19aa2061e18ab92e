from __future__ import annotations

import json
import re

import pypdfium2
import pytest
from django.urls import reverse
from django.utils import timezone

from annotation.models import LockLook, Site, Study, Subject
from annotation.services import lock
from core import numbers
from core.reports.as_json import as_text, plain
from core.reports.html import as_html
from core.reports.pdf import as_pdf
from inference.models import Purpose
from inference.recipes import unet
from inference.services import registry
from tests.inference.tiny_models import brightness_network, card_json
from tests.training.conftest import BRIGHT, DIM, TEST_SUBJECTS
from training.model_comparisons import JUDGED_FROM
from training.models import Epoch, GateDecision, ShadowComparison
from training.reports import model_document, model_report
from training.services import confirmations, evaluation, promotion, runs

pytestmark = pytest.mark.django_db
HOSTILE = '<script>alert("x")</script> & <b>'
NAME = "Čeněk Žižka – Łódź"


def address(name: str, model) -> str:
    return reverse(f"training:{name}", args=["lab", model.pk])


def text_of(pdf: bytes) -> str:
    """The words of a PDF's pages, spaces and line ends made one space."""
    pages = pypdfium2.PdfDocument(pdf)
    return re.sub(r"\s+", " ", " ".join(page.get_textpage().get_text_bounded() for page in pages))


def document_of(model):
    return model_document.document_of(model_report.of_model(model))


@pytest.fixture
def serving(proving, admin, make_model, develop):
    Site.objects.filter(pk=proving.pk).update(dice_floor=0.5)
    Subject.objects.update(sex="female")
    proving.refresh_from_db()
    model = make_model(DIM)
    promotion.promote(model, admin)
    develop(model, 0.8)
    return model


@pytest.fixture
def decided(serving, admin, expert, make_model, develop):
    """A candidate that won on the lock, confirmed by an expert."""
    model = make_model(BRIGHT)
    develop(model, 0.9)
    evaluation.evaluate(model, "validation", admin)
    confirmations.confirm(model, expert, NAME)
    promotion.promote(model, admin, HOSTILE)
    return model


def test_the_json_says_what_the_model_s_page_shows(decided, serving, client_of, expert):
    browser = client_of(expert)
    report = browser.get(address("model_report_json", decided)).json()
    page = browser.get(address("model", decided)).content.decode()
    (on_lock, on_validation, development) = report["evaluations"]
    assert [one["partition"] for one in report["evaluations"]] == [
        "test",
        "validation",
        "development",
    ]
    for one in (on_lock, on_validation):
        for quantity, places, per_mm2 in (
            ("dice", 3, 1),
            ("iou", 3, 1),
            ("hd95_mm", 2, 1),
            ("csa_error_mm2", 3, 0.01),
        ):
            figures = one["summary"][quantity]
            mean, sd = (numbers.number(figures[name] * per_mm2, places) for name in ("mean", "sd"))
            assert f"{mean} ± {sd}" in page
    for subject, difference in on_lock["differences"]["by_subject"].items():
        assert f"<title>{subject}: {difference:+.3f}</title>" in page
    assert on_lock["differences"]["compared_with"] == serving.name
    assert f"Dice minus that of {serving.name}, test" in page
    assert len(on_lock["subjects"]) == TEST_SUBJECTS
    assert all(
        group["judged"] is (group["dice"]["n_subjects"] >= JUDGED_FROM)
        for group in on_lock["subgroups"]
    )
    assert development["how"] == "out of fold"
    assert report["lock"]["digest"] in page
    assert f"{report['lock']['n_looks']} of 10 looks taken" in page
    for proof in report["proofs"]:
        assert proof["state"] == "serves"
        assert proof["decision"]["numbers"]["reason"] in page
    case = report["worst_cases"][0]
    assert f">{case['subject']}<" in page
    assert f"Dice {case['dice']:.3f}" in page


def test_a_decision_stands_with_its_numbers(decided, serving):
    report = plain(model_report.of_model(decided))
    kept = GateDecision.objects.filter(model=decided, purpose=Purpose.MEASUREMENT).get()
    decision = report["proofs"][1]["decision"]
    assert decision["kept"] is True
    assert (decision["look"], decision["looks"]) == (2, 10)
    assert decision["lock_digest"] == kept.lock.digest
    assert decision["compared_with"] == serving.name
    assert decision["numbers"] == json.loads(json.dumps(kept.numbers))
    assert report["lock"]["rests_on_single_readings"] is True
    assert "approved outside" in report["lock"]["basis"]
    assert [look["purpose"] for look in report["lock"]["ledger"]] == [
        f"evaluate {serving.name}",
        f"evaluate {decided.name}",
    ]
    assert report["dated"] == report["lineage"][0]["at"], "the newest row"
    assert {move["model"] for move in report["lineage"]} == {serving.name, decided.name}


def test_a_run_a_newer_lock_and_a_shadow_reading_date_the_report(
    decided, serving, admin, make_reference, approved
):
    run = runs.start(decided.site, "prior", {}, admin)
    run.model = decided
    run.save(update_fields=["model"])
    run.job.finished_at = timezone.now()
    run.job.save(update_fields=["finished_at"])
    assert model_report.of_model(decided).dated == run.job.finished_at
    image = make_reference("T99", "test")
    sealed = lock.seal(decided.site, admin)
    assert model_report.of_model(decided).dated == sealed.sealed_at
    comparison = ShadowComparison.objects.create(
        site=decided.site, model=decided, previous=serving, wanted=1
    )
    reading = comparison.readings.create(
        image=image, subject_code="T99", dice=0.9, previous_dice=0.8
    )
    report = plain(model_report.of_model(decided))
    assert report["dated"] == report["shadow"]["newest_at"] == plain(reading.created_at)


def test_a_rival_that_was_not_decided_says_how_it_stands(decided, admin, make_model, develop):
    rival = make_model(0.5)
    develop(rival, 0.7)
    proof = model_report.of_model(rival).proofs[0]
    assert proof.decision is not None
    assert not proof.decision.kept
    assert proof.decision.verdict == proof.state == "loss"
    words = as_html(document_of(rival))
    assert "not yet: this is how it stands" in words


def test_pdf_and_pages_hold_digest_verdict_and_names(decided, client_of, expert):
    digest = decided.site.locks.get().digest
    pdf = client_of(expert).get(address("model_report_pdf", decided))
    assert pdf["Content-Type"] == "application/pdf"
    page = client_of(expert).get(address("model_report", decided)).content.decode()
    said = text_of(pdf.content)
    for words in (page, said):
        assert digest in words.replace(" ", "") or digest in words
        assert "Win. Better by" in words
        assert NAME in words
        assert "CSA error (cm²)" in words
        assert "2 of 10 at version 1" in words
        assert "Smallest gain it could show" in words
        assert "Chance that it is no better" in words
        assert "CSA of RF, test" in words
        assert "Dice minus that of" in words
        assert "Sex: f" in words


def test_the_same_rows_give_the_same_bytes(decided):
    first, second = document_of(decided), document_of(decided)
    assert as_text(model_report.of_model(decided)) == as_text(model_report.of_model(decided))
    assert as_html(first) == as_html(second)
    assert as_pdf(first) == as_pdf(second)
    made = pypdfium2.PdfDocument(as_pdf(first)).get_metadata_value("CreationDate")
    assert made.startswith(first.dated.strftime("D:%Y%m%d%H%M%S"))


def test_hostile_words_are_words_and_a_letter_that_the_font_lacks_a_box(decided, client_of, expert):
    Study.objects.update(title=HOSTILE)
    decided.site.study.refresh_from_db()
    page = client_of(expert).get(address("model_report", decided)).content.decode()
    alone = as_html(document_of(decided))
    for text in (page, alone):
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text
    assert HOSTILE in text_of(as_pdf(document_of(decided)))
    confirmations.confirm(decided, expert, "seen by 王")
    assert "seen by 王" in as_html(document_of(decided))
    assert "seen by □" in text_of(as_pdf(document_of(decided)))


def test_the_test_set_leads_to_no_scan(decided, test_references, client_of, expert):
    page = client_of(expert).get(address("model_report", decided)).content.decode()
    report = client_of(expert).get(address("model_report_json", decided)).json()
    alone = as_html(document_of(decided))
    for image in test_references:
        opened = reverse("annotation:image", args=["lab", image.pk])
        assert f"/images/{image.pk}/pixels" not in page
        assert opened not in page
        assert image.subject.code in page
    assert "image" not in report["evaluations"][0]["subjects"][0]
    assert "data:image/png" in alone, "validation scans are inside"
    assert "/api/" not in alone
    assert LockLook.objects.count() == 2, "a report is no look"


def test_an_uploaded_model_that_nobody_evaluated_has_a_report(locked, client_of, admin, make_model):
    model = make_model()
    report = client_of(admin).get(address("model_report_json", model)).json()
    assert report["run"] is None
    assert report["evaluations"] == report["worst_cases"] == report["lineage"] == []
    assert [one["decision"] for one in report["proofs"]] == [None, None]
    page = client_of(admin).get(address("model_report", model)).content.decode()
    said = text_of(client_of(admin).get(address("model_report_pdf", model)).content)
    for words in (page, said):
        assert "It was not evaluated yet." in words
        assert "has not been evaluated on validation" in words
        assert "No model has served yet." in words
        assert "not known: made elsewhere" in words


def test_a_card_from_elsewhere_may_say_anything_of_its_training(site, client_of, admin):
    for number, best in enumerate(("0.91", {"fold": 0.91}, [10**400, None, 0.91])):
        onnx = brightness_network((0.777 + number,))
        card = card_json(
            onnx,
            site=site.slug,
            training={"best_validation_dice": best},
            libraries={f"package-{one}": "1.0" for one in range(600)},
        )
        model = registry.register(site, onnx, card, actor=None)
        page = client_of(admin).get(address("model_report", model)).content.decode()
        said = text_of(client_of(admin).get(address("model_report_pdf", model)).content)
        assert "0.91" in page
        assert "0.91" in said
        assert "package-599 1.0" in said


@pytest.mark.parametrize("fit", unet.FITS)
def test_a_card_says_how_a_scan_is_fitted(fit):
    said = dict(model_document.card_words({"input": unet.input_spec(64, 96, fit)}))
    assert said["Input"] == f"the whole scan in 96 × 64 px, {fit}"


def test_a_model_that_was_replaced_stands_as_it_was_decided(
    decided, serving, admin, make_reference
):
    proofs = model_report.of_model(serving).proofs
    assert [one.state for one in proofs] == ["floor reached", "floor reached"]
    assert not any(one.serves for one in proofs)
    make_reference("T99", "test")
    lock.seal(decided.site, admin)
    measuring = model_report.of_model(serving).proofs[1]
    assert measuring.decision is not None
    assert measuring.decision.kept
    assert measuring.missing
    words = as_html(document_of(serving))
    assert "For pre-labels: floor reached; does not serve now" in words
    assert "For measurement: floor reached; does not serve now" in words
    assert "not decided" not in words
    assert f"Not decided anew. {measuring.missing}" in words


def test_without_a_lock_the_report_says_so(site, client_of, admin, make_model):
    model = make_model()
    report = client_of(admin).get(address("model_report_json", model)).json()
    assert report["lock"] is None
    page = client_of(admin).get(address("model_report", model)).content.decode()
    assert "are not sealed: a model may make" in page


def test_the_run_stands_with_seed_digest_curve_and_time(site, admin, approved, make_model):
    model = make_model()
    run = runs.start(site, "prior", {}, admin)
    run.model = model
    run.save(update_fields=["model"])
    for number in (1, 2):
        Epoch.objects.create(
            run=run, number=number, train_loss=1 / number, validation_dice=0.4 * number, seconds=90
        )
    report = plain(model_report.of_model(model))
    assert report["run"]["snapshot_digest"] == run.snapshot.digest
    assert report["run"]["seed"] == run.seed
    assert report["run"]["seconds_in_epochs"] == 180
    assert [epoch["validation_dice"] for epoch in report["run"]["curve"]] == [0.4, 0.8]
    said = text_of(as_pdf(document_of(model)))
    assert run.snapshot.digest in said
    assert "3 min 00 s of epochs in all" in said
    assert "Validation Dice, mean over subjects" in said


def test_page_plots_and_api_of_a_report(decided, client_of, expert, annotator, stranger):
    page = client_of(expert).get(address("model", decided)).content.decode()
    assert address("model_report", decided) in page
    answer = client_of(expert).get(address("model_report", decided), {"figure": "dice-test"})
    assert answer["Content-Type"] == "image/svg+xml"
    api = reverse("api-model-report", args=[decided.pk])
    assert client_of(expert).get(api).json() == plain(model_report.of_model(decided))
    assert client_of(annotator).get(api).status_code == 403
    assert client_of(stranger).get(api).status_code == 404
