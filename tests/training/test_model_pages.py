from __future__ import annotations

import re

import pytest
from django.urls import reverse

from annotation.models import LockLook, Site
from core.models import Job
from core.services import jobs
from inference.selectors.pointers import current_model
from tests.training.conftest import BRIGHT, DIM, TEST_SUBJECTS
from training.services import evaluation, promotion

pytestmark = pytest.mark.django_db


def page_of(model) -> str:
    return reverse("training:model", args=["lab", model.pk])


@pytest.fixture
def low_floor(locked):
    Site.objects.filter(pk=locked.pk).update(dice_floor=0.5)
    locked.refresh_from_db()
    return locked


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
        r"[01]\.\d{3} ± 0\.\d{3} <span class=\"soft\">\[[01]\.\d{3}, [01]\.\d{3}\]", said
    )
    assert f"n = {TEST_SUBJECTS} subjects" in said
    assert "not evaluated" in said


def test_the_page_leads_from_evaluation_to_promotion(low_floor, client_of, admin, make_model):
    model = make_model(BRIGHT)
    browser = client_of(admin)
    said = browser.get(page_of(model)).content.decode()
    assert "Evaluate on the locked test set" in said
    assert ">Promote<" not in said
    answer = browser.post(
        reverse("training:evaluate", args=["lab", model.pk]), {"partition": "test"}
    )
    job = Job.objects.get(kind="evaluate")
    assert answer.url == reverse("annotation:job", args=["lab", job.pk])
    jobs.run_inline(job)
    said = browser.get(page_of(model)).content.decode()
    assert "floor reached" in said
    assert ">Promote<" in said
    assert LockLook.objects.count() == 1
    answer = browser.post(
        reverse("training:promote", args=["lab", model.pk]), {"reason": "first"}, follow=True
    )
    assert "serves rectus femoris now" in answer.content.decode()
    assert current_model(low_floor) == model
    assert LockLook.objects.count() == 1


def test_a_model_that_does_not_win_has_no_button(low_floor, client_of, admin, make_model):
    serving, worse = make_model(BRIGHT), make_model(DIM)
    promotion.promote(serving, admin)
    evaluation.evaluate(worse, "test", admin)
    said = client_of(admin).get(page_of(worse)).content.decode()
    assert "loss" in said
    assert ">Promote<" not in said
    answer = client_of(admin).post(reverse("training:promote", args=["lab", worse.pk]))
    assert answer.status_code == 409
    assert "Worse by" in answer.content.decode()
    assert current_model(low_floor) == serving


def test_rolling_back_from_the_page(low_floor, client_of, admin, make_model):
    first, second = make_model(DIM), make_model(BRIGHT)
    browser = client_of(admin)
    promotion.promote(first, admin)
    assert "nothing to roll back to" in browser.get(page_of(first)).content.decode()
    promotion.promote(second, admin)
    assert f"Roll back to {first.name}" in browser.get(page_of(second)).content.decode()
    address = reverse("training:rollback", args=["lab", "rectus-femoris"])
    assert browser.post(address, {"reason": ""}).status_code == 400
    assert browser.post(address, {"reason": "odd outlines"}).url == page_of(first)
    assert current_model(low_floor) == first
    assert "odd outlines" in browser.get(page_of(first)).content.decode()


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
