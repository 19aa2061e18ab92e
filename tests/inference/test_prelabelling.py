from __future__ import annotations

import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from annotation.models import Image, Partition, SubjectPartition, Suggestion
from annotation.services import outlines, scans, sites, subjects
from core.models import Job
from core.services import jobs
from domain.errors import InvalidInput, NotAllowed, NotFound, Refused
from domain.geometry import regions_from_json
from inference.models import Prediction
from inference.services import offering, pointers, prelabelling
from tests.conftest import rectangle

pytestmark = pytest.mark.django_db


@pytest.fixture
def model(site, admin, make_model):
    """A current model."""
    served = make_model()
    pointers.move(site, "pre-label", served, actor=admin)
    return served


def prelabel(site, **given) -> Job:
    return jobs.run_inline(prelabelling.submit(site, None, **given))


def current(image) -> Suggestion | None:
    return Suggestion.objects.filter(image=image, state="current", hidden=False).first()


def test_a_waiting_scan_gets_regions_version_and_probability(site, model, make_scan):
    image = make_scan(radius=12)
    job = prelabel(site)
    assert job.state == Job.State.DONE, job.error
    assert job.result == {"model": model.name, "suggested": 1, "failed": 0}
    suggestion = current(image)
    assert (suggestion.source, suggestion.version) == ("model", model.name)
    assert 0.5 < suggestion.probability <= 1
    assert suggestion.payload["region_probabilities"] == [
        pytest.approx(suggestion.probability, abs=1e-3)
    ]
    (region,) = regions_from_json(suggestion.regions)
    assert region.shape.area == pytest.approx(3.1416 * 12**2, rel=0.03)


def test_a_second_job_has_nothing_to_do(site, model, make_scan):
    image = make_scan()
    prelabel(site)
    first = current(image)
    assert prelabel(site).result["suggested"] == 0
    assert current(image) == first


def test_scans_with_work_and_test_subjects_are_left_alone(site, model, make_scan, annotator):
    begun, sealed, absent, waiting = (make_scan(code) for code in ("S1", "S2", "S3", "S4"))
    outlines.save(begun, annotator, [rectangle(1, 1, 9, 9)], base=0)
    SubjectPartition.objects.create(subject=sealed.subject, partition=Partition.TEST)
    outlines.save(absent, annotator, [], base=0, decision="absent", reason="not in view")
    assert prelabel(site).result["suggested"] == 1
    assert [current(one) is not None for one in (begun, sealed, absent, waiting)] == [
        False,
        False,
        False,
        True,
    ]
    assert not Prediction.objects.filter(image=sealed).exists()


def test_after_a_promotion_untouched_scans_get_the_new_model_s_pre_label(
    site, model, make_model, make_scan, admin, annotator, django_capture_on_commit_callbacks
):
    touched, untouched = make_scan("S1"), make_scan("S2")
    prelabel(site)
    outlines.save(touched, annotator, [rectangle(1, 1, 9, 9)], base=0)
    better = make_model(0.4)
    with django_capture_on_commit_callbacks(execute=True):
        pointers.move(site, "pre-label", better, actor=admin)
    jobs.run_inline(Job.objects.get(kind="prelabel", state=Job.State.QUEUED))
    assert current(untouched).version == better.name
    assert current(touched).version == model.name


def test_an_arriving_scan_rings_once_for_a_whole_import(
    site, model, make_scan, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        images = [make_scan() for _ in range(3)]
    job = Job.objects.get(kind="prelabel")
    jobs.run_inline(job)
    assert all(current(image) is not None for image in images)


def test_a_site_without_a_model_stays_quiet(site, make_scan, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        make_scan()
    assert not Job.objects.exists()
    with pytest.raises(Refused, match="promote"):
        prelabelling.submit(site, None)


def test_a_damaged_scan_does_not_stop_the_others(site, model, make_scan):
    damaged, whole = make_scan("S1"), make_scan("S2", radius=10)
    Image.objects.filter(pk=damaged.pk).update(file_sha256="0" * 64)
    job = prelabel(site)
    assert job.result == {"model": model.name, "suggested": 1, "failed": 1}
    assert "missing" in job.log
    assert current(whole) is not None


def test_work_begun_during_the_prediction_wins(site, model, make_scan, annotator, monkeypatch):
    image = make_scan()
    of_image = offering.prediction.of_image

    def slowly(served, one):
        predicted = of_image(served, one)
        outlines.save(image, annotator, [rectangle(1, 1, 9, 9)], base=0)
        return predicted

    monkeypatch.setattr(offering.prediction, "of_image", slowly)
    assert prelabel(site).result["suggested"] == 0
    assert current(image) is None


def test_another_model_than_the_current_one_may_be_asked(site, model, make_model, make_scan):
    other = make_model(0.3)
    image = make_scan()
    assert prelabel(site, model=other).result["model"] == other.name
    assert current(image).version == other.name


def test_only_the_site_s_own_models_and_only_admins(study, site, model, annotator, stranger, admin):
    elsewhere = sites.create(study, "biceps", ["BB"], actor=None)
    with pytest.raises(InvalidInput):
        prelabelling.submit(elsewhere, admin, model)
    with pytest.raises(NotAllowed):
        prelabelling.submit(site, annotator)
    with pytest.raises(NotFound):
        prelabelling.submit(site, stranger)


def test_withdrawn_consent_erases_predictions(
    site, model, make_scan, admin, django_capture_on_commit_callbacks
):
    image = make_scan("S1")
    prelabel(site)
    assert Prediction.objects.count() == 1
    with django_capture_on_commit_callbacks(execute=True):
        subjects.withdraw(image.subject, actor=admin, reason="letter of 3 May")
    assert not Prediction.objects.exists()


def test_a_moved_scan_waits_again(
    study, site, model, make_scan, admin, django_capture_on_commit_callbacks
):
    image = make_scan("S1")
    with django_capture_on_commit_callbacks(execute=True):
        scans.move_image(image, subject_code="S2", actor=admin, reason="mixed up")
    assert Job.objects.filter(kind="prelabel", state=Job.State.QUEUED).count() == 1


def test_the_command_waits_and_prints_json(site, model, make_scan, capsys):
    make_scan()
    call_command("prelabel", site.slug, "--study", "lab", "--wait", "--json")
    answer = json.loads(capsys.readouterr().out)
    assert answer["suggested"] == 1
    assert answer["state"] == "done"


def test_the_command_refuses_in_words(site):
    with pytest.raises(CommandError, match="promote"):
        call_command("prelabel", site.slug, "--study", "lab", "--wait")
    with pytest.raises(CommandError, match="rectus-femoris"):
        call_command("prelabel", "nowhere", "--study", "lab", "--wait")
