from __future__ import annotations

import pypdfium2
import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE

from annotation.models import LockLook, Site
from annotation.services import lock, subjects
from core.models import AuditEvent, Job
from core.reports.as_json import plain
from core.reports.document import Pictures
from core.reports.html import as_html
from core.reports.pdf import as_pdf
from core.reports.pictures import data_address
from core.services import jobs
from domain.errors import InvalidInput, NotAllowed, NotFound, Refused
from inference.models import Prediction
from tests.training.conftest import BRIGHT, DIM, TEST_SUBJECTS
from training.models import PictureOpening
from training.reports import model_document, model_report
from training.services import evaluation, promotion, test_pictures

pytestmark = pytest.mark.django_db


@pytest.fixture
def decided(proving, admin, make_model, develop):
    """A candidate that won on the lock against the model that served."""
    Site.objects.filter(pk=proving.pk).update(dice_floor=0.5)
    proving.refresh_from_db()
    serving, better = make_model(DIM), make_model(BRIGHT)
    promotion.promote(serving, admin)
    develop(serving, 0.8)
    develop(better, 0.9)
    promotion.promote(better, admin, without_pictures="a test")
    return better


def pages(name: str, model) -> str:
    return reverse(f"training:{name}", args=["lab", model.pk])


def test_before_a_decision_they_stay_closed(
    proving, client_of, expert, admin, make_model, test_references
):
    model = make_model(BRIGHT)
    evaluation.evaluate(model, "test", admin)
    answer = client_of(expert).post(pages("open_pictures", model))
    assert answer.status_code == 409
    assert "was not decided on the locked test set yet" in answer.content.decode()
    said = client_of(expert).get(pages("model_report", model)).content.decode()
    assert "Open the test pictures" not in said
    assert not any(f"/images/{one.pk}/pixels" in said for one in test_references)
    assert LockLook.objects.count() == 1
    assert not PictureOpening.objects.exists()
    assert not Prediction.objects.filter(image__in=test_references).exists()


def test_they_open_once_as_an_entry_in_the_ledger(
    decided, client_of, expert, admin, test_references
):
    browser = client_of(expert)
    closed = browser.get(pages("model_report", decided)).content.decode()
    assert "Open the test pictures" in closed
    assert not any(f"/images/{one.pk}/pixels" in closed for one in test_references)
    looks = LockLook.objects.count()
    browser.post(pages("open_pictures", decided))
    waiting = browser.get(pages("model_report", decided)).content.decode()
    assert "What the models draw on them is not there yet." in waiting
    browser.post(pages("open_pictures", decided))
    jobs.run_inline(Job.objects.get(kind=test_pictures.KIND))
    opening = PictureOpening.objects.get()
    look = LockLook.objects.first()
    assert look is not None
    assert (look.actor, look.purpose) == (expert, f"pictures of {decided.name}")
    assert look.details["pictures"] == opening.images
    assert opening.look == looks + 1 == LockLook.objects.count()
    event = AuditEvent.objects.filter(verb="locked references opened").order_by("-id")[0]
    assert event.details["pictures"] == opening.images
    said = browser.get(pages("model_report", decided)).content.decode()
    assert "Opened by expert" in said
    assert f"look {looks + 1} at version 1" in said
    assert "Where it changed most" in said
    assert "is not there yet" not in said
    shown = [one for one in test_references if f"/images/{one.pk}/pixels" in said]
    assert {one.pk for one in shown} == set(opening.images)
    assert Prediction.objects.filter(model=decided, image__in=opening.images).count() == len(shown)
    assert said.count('class="outline reference"') >= len(shown)
    report = model_report.of_model(decided)
    alone = as_html(model_document.document_of(report))
    assert "Opened by expert" in alone
    found = plain(report)["test_pictures"]
    assert len(found["worst"]) == len(found["changed"]) == 5
    for one in (*found["worst"], *found["changed"]):
        dice, before = f"{one['dice']:.3f}", f"{one['previous_dice']:.3f}"
        assert f"{one['subject']}: Dice {dice}, before {before}" in alone
    browser.post(pages("open_pictures", decided))
    client_of(admin).post(pages("open_pictures", decided))
    assert PictureOpening.objects.count() == 1
    assert LockLook.objects.count() == looks + 1, "no second entry"
    assert Job.objects.filter(kind=test_pictures.KIND).count() == 1


def test_files_hold_the_scans_only_after_the_opening(decided, expert):
    def document():
        return model_document.document_of(model_report.of_model(decided))

    def images(pdf: bytes) -> int:
        pages = pypdfium2.PdfDocument(pdf)
        return sum(len(list(one.get_objects([FPDF_PAGEOBJ_IMAGE]))) for one in pages)

    closed = document()
    test_pictures.open_once(decided, expert)
    jobs.run_inline(Job.objects.get(kind=test_pictures.KIND))
    opened = document()
    title = "Pictures of the locked test set"
    blocks = next(one.blocks for one in opened.sections if one.title == title)
    shown = [one for block in blocks if isinstance(block, Pictures) for one in block.pictures]
    assert sum(contour.kind == "reference" for one in shown for contour in one.outlines) >= 5
    scans = {data_address(one) for one in shown}
    assert len(scans) >= 5
    assert not any(one in as_html(closed) for one in scans)
    assert all(one in as_html(opened) for one in scans)
    assert images(as_pdf(opened)) == images(as_pdf(closed)) + len(shown)


def test_only_what_the_entry_names_is_read(decided, expert, admin, test_references):
    opening = test_pictures.open_once(decided, expert)
    opened = lock.opened_pictures(opening.lock, opening.look)
    assert {one.image_id for one in opened} == set(opening.images)
    assert 0 < len(opening.images) < TEST_SUBJECTS + 1
    with pytest.raises(NotFound, match="No pictures were opened"):
        lock.opened_pictures(opening.lock, 1)
    with pytest.raises(InvalidInput, match="Only scans that the lock seals"):
        lock.open_pictures(opening.lock, expert, "x", [])


def test_others_may_not(decided, annotator, stranger):
    with pytest.raises(NotAllowed):
        test_pictures.open_once(decided, annotator)
    with pytest.raises(NotFound):
        test_pictures.open_once(decided, stranger)
    assert not PictureOpening.objects.exists()


def test_without_a_look_or_with_a_newer_lock_they_stay_closed(
    decided, client_of, expert, admin, make_reference
):
    locked = decided.site.locks.get()
    for _ in range(locked.look_budget - LockLook.objects.count()):
        lock.open_references(decided.site, admin, "spending the budget")
    said = client_of(expert).get(pages("model_report", decided)).content.decode()
    assert "Open the test pictures" not in said
    with pytest.raises(Refused, match="budget of version 1"):
        test_pictures.open_once(decided, expert)
    make_reference("T99", "test")
    lock.seal(decided.site, admin)
    with pytest.raises(Refused, match="newer version"):
        test_pictures.open_once(decided, expert)
    assert not PictureOpening.objects.exists()


def test_an_opening_is_never_changed(decided, expert):
    opening = test_pictures.open_once(decided, expert)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        PictureOpening.objects.filter(pk=opening.pk).update(look=1)
    with pytest.raises(DatabaseError, match="never deleted"), transaction.atomic():
        PictureOpening.objects.filter(pk=opening.pk).delete()


def test_erased_scans_take_no_place_among_the_opened(decided, expert, admin, test_references):
    first = test_pictures.decision_of(decided).evaluation.rows.order_by("values__dice")[0].image
    subjects.withdraw(first.subject, actor=admin, reason="consent withdrawn")
    opening = test_pictures.open_once(decided, expert)
    assert first.pk not in opening.images
    assert len(opening.images) >= 5


def test_of_erased_scans_alone_no_look_is_spent(decided, expert, admin, test_references):
    for image in test_references:
        subjects.withdraw(image.subject, actor=admin, reason="consent withdrawn")
    before = LockLook.objects.count()
    with pytest.raises(Refused, match="None of the scans"):
        test_pictures.open_once(decided, expert)
    assert LockLook.objects.count() == before
