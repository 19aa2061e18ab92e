from __future__ import annotations

import re

import pytest
from django.urls import reverse

from annotation.models import LockLook, Site, Subject
from core.models import Job
from core.services import jobs
from inference.models import PointerMove
from inference.selectors.pointers import current_model
from tests.training.conftest import BRIGHT, DIM, TEST_SUBJECTS
from training.models import Confirmation
from training.selectors import confirmations
from training.services import confirmations as confirming
from training.services import evaluation, promotion

pytestmark = pytest.mark.django_db


def page_of(model) -> str:
    return reverse("training:model", args=["lab", model.pk])


def promotion_page_of(model) -> str:
    return reverse("training:promote", args=["lab", model.pk])


@pytest.fixture
def low_floor(proving):
    Site.objects.filter(pk=proving.pk).update(dice_floor=0.5)
    proving.refresh_from_db()
    return proving


def test_an_empty_list_says_what_to_do(client_of, admin):
    answer = client_of(admin).get(reverse("training:models", args=["lab"]))
    assert "No model yet" in answer.content.decode()


def test_the_list_shows_figures_with_interval_and_subjects(
    low_floor, client_of, admin, expert, make_model, django_assert_max_num_queries
):
    model, other = make_model(BRIGHT), make_model(DIM)
    promotion.promote(model, admin)
    browser = client_of(expert)
    with django_assert_max_num_queries(20):
        said = browser.get(reverse("training:models", args=["lab"])).content.decode()
    assert model.name in said
    assert other.name in said
    assert "current model" in said
    assert re.search(
        r"[01]\.\d{3} ± 0\.\d{3} <span class=\"soft\">\([01]\.\d{3} to [01]\.\d{3}\)", said
    )
    assert f"n = {TEST_SUBJECTS} subjects" in said
    assert "not evaluated" in said


def test_the_page_leads_from_evaluation_to_promotion(low_floor, client_of, admin, make_model):
    model = make_model(BRIGHT)
    browser = client_of(admin)
    said = browser.get(page_of(model)).content.decode()
    assert "has not been evaluated on validation" in said
    assert ">Promote<" not in said
    answer = browser.post(
        reverse("training:evaluate", args=["lab", model.pk]), {"partition": "validation"}
    )
    job = Job.objects.get(kind="evaluate")
    assert answer.url == reverse("annotation:job", args=["lab", job.pk])
    jobs.run_inline(job)
    said = browser.get(page_of(model)).content.decode()
    assert "floor reached" in said
    assert "Evaluate on the locked test set" in said
    assert ">Promote<" in said
    assert not LockLook.objects.exists()
    address = promotion_page_of(model)
    assert browser.post(address, {"purposes": ["pre-label"]}).status_code == 400, "not looked"
    answer = browser.post(
        address,
        {"purposes": ["pre-label", "measurement"], "reason": "first", "confirmed": "on"},
        follow=True,
    )
    said = answer.content.decode()
    assert "serves rectus femoris now for pre-label and measurement" in said
    assert "Confirmed on pictures by admin" in said
    assert current_model(low_floor) == model
    assert LockLook.objects.count() == 1


def test_cross_validation_is_asked_for_from_the_page(low_floor, client_of, admin, make_model):
    serving, candidate = make_model(DIM), make_model(BRIGHT)
    promotion.promote(serving, admin)
    browser = client_of(admin)
    address = reverse("training:cross_validate", args=["lab", candidate.pk])
    said = browser.get(page_of(candidate)).content.decode()
    assert said.count(reverse("training:cross_validate", args=["lab", candidate.pk])) == 1
    assert "Cross-validate on the development" in said
    browser.post(address)
    for job in Job.objects.filter(kind="cross-validate"):
        jobs.run_inline(job)
    said = browser.get(page_of(candidate)).content.decode()
    assert "not worse" in said
    assert "made elsewhere: not known" in said
    assert "Cross-validate on the development" not in said
    assert browser.post(address).status_code == 409


def test_pictures_stand_side_by_side(low_floor, client_of, admin, expert, make_model, develop):
    serving, candidate = make_model(DIM), make_model(BRIGHT)
    promotion.promote(serving, admin)
    develop(serving, 0.8)
    develop(candidate, 0.9)
    evaluation.evaluate(candidate, "validation", admin)
    said = client_of(expert).get(promotion_page_of(candidate)).content.decode()
    for words in ("Where it does worst", "Where it changed most", "Current model", "Reference"):
        assert words in said
    assert said.count(">V0<") == said.count(">V1<") == 2
    assert "not worse" in said
    assert "/pixels" in said
    assert ">T0<" not in said.split("Your decision")[0]
    assert ">Promote<" not in said, "an admin promotes"


def test_an_expert_confirms_and_the_admin_promotes(low_floor, client_of, admin, expert, make_model):
    model = make_model(BRIGHT)
    evaluation.evaluate(model, "validation", admin)
    address = reverse("training:confirm", args=["lab", model.pk])
    answer = client_of(expert).post(address, {"remark": "good edges"}, follow=True)
    assert "Confirmed by expert" in answer.content.decode()
    confirmation = Confirmation.objects.get()
    assert (confirmation.actor, confirmation.remark) == (expert, "good edges")
    assert len(confirmation.images) == 2
    said = client_of(admin).get(promotion_page_of(model)).content.decode()
    assert "I have looked at these pictures" not in said
    client_of(admin).post(promotion_page_of(model), {"purposes": ["pre-label"]})
    assert current_model(low_floor) == model
    assert current_model(low_floor, "measurement") is None
    move = PointerMove.objects.get()
    assert move.numbers["confirmed_by"] == "expert"


def test_a_confirmation_is_of_one_comparison(low_floor, admin, expert, make_model):
    first, second = make_model(DIM), make_model(BRIGHT)
    evaluation.evaluate(second, "validation", admin)
    confirming.confirm(second, expert)
    assert confirmations.newest(second, "pre-label") is not None
    promotion.promote(first, admin, purposes=["pre-label"])
    assert confirmations.newest(second, "pre-label") is None, "it was confirmed against no model"


def test_without_pictures_nothing_is_confirmed(low_floor, client_of, expert, make_model):
    model = make_model()
    answer = client_of(expert).post(reverse("training:confirm", args=["lab", model.pk]))
    assert answer.status_code == 409
    assert "no pictures yet" in answer.content.decode()
    said = client_of(expert).get(promotion_page_of(model)).content.decode()
    assert f"evaluate {model.name} on validation first" in said


def test_a_model_that_does_not_win_measures_nothing(
    low_floor, client_of, admin, make_model, develop
):
    serving, worse = make_model(BRIGHT), make_model(DIM)
    promotion.promote(serving, admin)
    develop(serving, 0.9)
    develop(worse, 0.8)
    evaluation.evaluate(worse, "test", admin)
    evaluation.evaluate(worse, "validation", admin)
    said = client_of(admin).get(page_of(worse)).content.decode()
    assert "loss" in said
    assert "Worse by" in said
    assert ">Promote<" not in said
    answer = client_of(admin).post(
        promotion_page_of(worse), {"purposes": ["measurement"], "confirmed": "on"}
    )
    assert answer.status_code == 409
    assert "No look at the locked test set is spent" in answer.content.decode()
    assert current_model(low_floor) == serving


def test_the_decision_stands_with_its_numbers(low_floor, client_of, admin, make_model, develop):
    serving, better = make_model(DIM), make_model(BRIGHT)
    promotion.promote(serving, admin)
    develop(serving, 0.8)
    develop(better, 0.9)
    evaluation.evaluate(better, "test", admin)
    said = client_of(admin).get(page_of(better)).content.decode()
    digest = low_floor.locks.get().digest[:12]
    for words in (
        "2 of 10 at version 1",
        digest,
        "Smallest gain it could show",
        "at a true gain of 0.01",
        "Chance that it is no better",
        "Dice, subject by subject",
        "CSA: absolute error (cm²)",
        "version 1, the defaults",
    ):
        assert words in said, words


def test_rolling_back_from_the_page(low_floor, client_of, admin, make_model, develop, confirm):
    first, second = make_model(DIM), make_model(BRIGHT)
    browser = client_of(admin)
    promotion.promote(first, admin)
    develop(first, 0.8)
    develop(second, 0.9)
    assert "Roll back to no model" in browser.get(page_of(first)).content.decode()
    confirm(second)
    promotion.promote(second, admin)
    assert f"Roll back to {first.name}" in browser.get(page_of(second)).content.decode()
    address = reverse("training:rollback", args=["lab", "rectus-femoris"])
    assert browser.post(address, {"reason": ""}).status_code == 400
    assert browser.post(address, {"reason": "odd outlines"}).url == page_of(first)
    assert current_model(low_floor) == first
    assert "odd outlines" in browser.get(page_of(first)).content.decode()
    browser.post(address, {"reason": "odd too"})
    assert current_model(low_floor) is None
    assert "no model" in browser.get(page_of(first)).content.decode()


def test_a_lock_is_planned_before_it_is_sealed(site, client_of, expert, admin):
    address = reverse("training:plan", args=["lab"])
    said = client_of(expert).get(address).content.decode()
    assert "0.026" in said, "19 subjects at SD 0.03"
    assert "Enter a whole number" in client_of(expert).get(address, {"looks": "x"}).content.decode()
    narrow = client_of(expert).get(
        address,
        {"dice_sd": 0.01, "hd95_sd": 0.3, "csa_sd": 3, "mt_sd": 3, "icc": 0.95, "looks": 10,
         "labels": 2, "label_sd": 0.02, "failures": 0},
    )  # fmt: skip
    assert "0.009" in narrow.content.decode()
    assert (
        address
        in client_of(admin).get(reverse("annotation:settings", args=["lab"])).content.decode()
    )


def test_worst_cases_and_dots_show_validation_pictures_only(
    locked, client_of, admin, expert, make_model, make_reference, test_references
):
    good = make_reference("V1", "validation", radius=14)
    bad = make_reference("V2", "validation", radius=6)
    model = make_model(DIM)
    evaluation.evaluate(model, "validation", admin)
    evaluation.evaluate(model, "test", admin)
    said = client_of(expert).get(page_of(model)).content.decode()
    worst = said.index("Where it does worst")
    assert said.index(">V2<", worst) < said.index(">V1<", worst)
    for image in (good, bad):
        assert f"/api/v1/images/{image.pk}/pixels" in said
    for image in test_references:
        assert f"/api/v1/images/{image.pk}/pixels" not in said
        assert image.subject.code in said


def test_differences_from_the_current_model_stand_subject_by_subject(
    low_floor, client_of, admin, expert, make_model, develop
):
    serving, candidate = make_model(DIM), make_model(BRIGHT)
    promotion.promote(serving, admin)
    developed = develop(serving, 0.8), develop(candidate, 0.9)
    evaluation.evaluate(candidate, "test", admin)
    said = client_of(expert).get(page_of(candidate)).content.decode()
    assert f"Dice minus that of {serving.name}, development" in said
    assert f"Dice minus that of {serving.name}, test" in said
    assert said.count(": +0.100<") >= developed[0].rows.count()
    figure = client_of(expert).get(page_of(candidate), {"figure": "differences-test"})
    assert figure.status_code == 200
    assert b"href" not in figure.content
    own = client_of(expert).get(page_of(serving)).content.decode()
    assert "Dice minus that of" not in own, "the current model is not compared with itself"


def test_errors_of_size_and_subgroups_stand_on_the_page(
    low_floor, client_of, admin, make_model, django_assert_max_num_queries
):
    Subject.objects.update(sex="female")
    model = make_model(DIM)
    evaluation.evaluate(model, "test", admin)
    evaluation.evaluate(model, "validation", admin)
    browser = client_of(admin)
    with django_assert_max_num_queries(61):
        said = browser.get(page_of(model)).content.decode()
    assert "CSA of RF, test" in said
    assert "Thickness of RF, validation" in said
    assert "reported, not judged" in said
    assert "Sex: f" in said


def test_the_plots_can_be_downloaded(locked, client_of, admin, make_model):
    model = make_model()
    evaluation.evaluate(model, "test", admin)
    answer = client_of(admin).get(page_of(model), {"figure": "dice-test"})
    assert answer["Content-Type"] == "image/svg+xml"
    assert b"<svg" in answer.content


def test_pre_labels_are_asked_for_from_the_page(low_floor, client_of, admin, make_model):
    model = make_model(BRIGHT)
    promotion.promote(model, admin)
    assert "Make pre-labels" in client_of(admin).get(page_of(model)).content.decode()
    client_of(admin).post(reverse("training:prelabel", args=["lab", model.pk]))
    assert Job.objects.filter(kind="prelabel", params__model=model.pk).exists()


def test_experts_see_and_do_nothing_and_others_see_nothing(
    low_floor, client_of, annotator, expert, stranger, make_model
):
    model = make_model()
    assert ">Promote<" not in client_of(expert).get(page_of(model)).content.decode()
    assert client_of(expert).get(promotion_page_of(model)).status_code == 200
    writes = [
        reverse(f"training:{name}", args=["lab", model.pk])
        for name in ("evaluate", "promote", "prelabel")
    ] + [reverse("training:rollback", args=["lab", "rectus-femoris"])]
    for user in (expert, annotator, stranger):
        for address in writes:
            assert client_of(user).post(address).status_code == 404
    for user in (annotator, stranger):
        assert client_of(user).get(page_of(model)).status_code == 404
        assert client_of(user).get(reverse("training:models", args=["lab"])).status_code == 404
    assert client_of(expert).get(page_of(model).replace(str(model.pk), "999")).status_code == 404


def test_a_wrong_partition_is_refused(locked, client_of, admin, make_model):
    address = reverse("training:evaluate", args=["lab", make_model().pk])
    assert client_of(admin).post(address, {"partition": "train"}).status_code == 400
    assert not Job.objects.filter(kind="evaluate").exists()
