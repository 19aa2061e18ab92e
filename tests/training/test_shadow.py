"""After a promotion the model before is compared on the next corrected scans; nothing moves."""

from __future__ import annotations

import pytest
from django.urls import reverse

from annotation.models import Suggestion
from annotation.services import outlines, references, suggestions
from core.models import Job
from core.services import jobs
from inference.selectors.pointers import current_model
from inference.services import pointers, prediction
from inference.services.intervals import SOURCE
from tests.training.conftest import BRIGHT, DIM, disc_region, ringed_scan
from training.models import RetrainPolicy, ShadowComparison, ShadowReading
from training.selectors import shadow as shown
from training.services import shadow

pytestmark = pytest.mark.django_db


@pytest.fixture
def replaced(site, admin, make_model):
    """`replaced(BRIGHT, DIM)`: the second model serves in the place of the first."""

    def make(first: float, second: float):
        before, now = make_model(first), make_model(second)
        for model in (before, now):
            pointers.move(site, "pre-label", model, actor=admin)
        shadow.begin(site.pk)
        return before, now

    return make


@pytest.fixture
def corrected(site, make_image, annotator, admin):
    """`corrected("N1")`: a new scan that got the serving model's pre-label and was approved."""

    def make(code: str, radius: float = 12.0):
        image = make_image(code, pixels=ringed_scan(radius, 4.0))
        model = current_model(site)
        drawn = prediction.of_image(model, image)
        suggestions.offer(image, drawn.regions, source=SOURCE, version=model.name)
        revision = outlines.save(image, annotator, [disc_region(radius)], base=0)
        references.accept_outside(revision, actor=admin)
        shadow.submit(site.pk, image.pk)
        for job in Job.objects.filter(kind=shadow.KIND, state="queued"):
            jobs.run_inline(job)
        return image

    return make


def test_the_first_model_has_nothing_to_be_compared_with(site, admin, make_model):
    pointers.move(site, "pre-label", make_model(), actor=admin)
    assert shadow.begin(site.pk) is None


def test_both_models_are_measured_on_the_same_scans(site, replaced, corrected):
    before, now = replaced(DIM, BRIGHT)
    corrected("N1")
    reading = ShadowReading.objects.get()
    assert reading.dice > 0.95 > 0.8 > reading.previous_dice
    assert not Suggestion.objects.filter(version=before.name).exists(), "offered to nobody"
    found = shown.of_model(now)
    assert (found.n_scans, found.n_subjects, found.ci95) == (1, 1, None)
    assert not found.proposes_rollback


def test_a_worse_model_is_proposed_to_be_rolled_back_and_stays(
    site, replaced, corrected, client_of, admin
):
    before, now = replaced(BRIGHT, DIM)
    for number in range(6):
        corrected(f"N{number}", radius=9.0 + number)
    assert shown.of_model(now).proposes_rollback
    assert current_model(site) == now
    said = client_of(admin).get(reverse("training:model", args=["lab", now.pk])).content.decode()
    assert f"{before.name} did better on the same corrected scans" in said
    assert "6 of the next 20 corrected scans" in said


def test_it_ends_after_as_many_scans_as_the_site_wants(site, replaced, corrected):
    RetrainPolicy.objects.create(site=site, shadow_scans=1)
    replaced(DIM, BRIGHT)
    corrected("N1")
    corrected("N2", radius=10)
    assert ShadowReading.objects.count() == 1
    assert shown.going_on(site) is None


def test_a_site_may_want_none(site, replaced):
    RetrainPolicy.objects.create(site=site, shadow_scans=0)
    replaced(DIM, BRIGHT)
    assert not ShadowComparison.objects.exists()


def test_scans_without_the_pre_label_do_not_count(site, replaced, make_reference):
    replaced(DIM, BRIGHT)
    image = make_reference("N1", "train")
    shadow.submit(site.pk, image.pk)
    assert not Job.objects.filter(kind=shadow.KIND).exists()


def test_a_rollback_ends_it(site, admin, replaced, corrected):
    before, _ = replaced(DIM, BRIGHT)
    pointers.rollback(site, admin, "odd")
    assert shadow.begin(site.pk) is None
    assert shown.going_on(site) is None
    assert current_model(site) == before
