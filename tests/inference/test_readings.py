from __future__ import annotations

import pytest

from annotation.models import Partition, SubjectPartition, Suggestion
from core.models import Job
from core.services import jobs
from inference.services import pointers, readings
from tests.annotation.references import approve

pytestmark = pytest.mark.django_db


@pytest.fixture
def read_scans(make_scan, annotator, expert):
    """One approved scan of each partition, and one that nobody has read."""
    scans = {}
    for partition in (Partition.TRAIN, Partition.VALIDATION, Partition.TEST):
        image = make_scan(f"S-{partition}")
        SubjectPartition.objects.create(subject=image.subject, partition=partition)
        approve(image, annotator, expert)
        scans[partition] = image
    scans["unread"] = make_scan("S-unread")
    return scans


def test_the_model_reads_what_people_have_read_and_it_has_not_seen(
    site, admin, make_model, read_scans, django_capture_on_commit_callbacks
):
    model = make_model()
    with django_capture_on_commit_callbacks(execute=True):
        pointers.move(site, "measurement", model, actor=admin)
    job = jobs.run_inline(Job.objects.get(kind=readings.KIND))
    assert job.result == {"model": model.name, "suggested": 1, "failed": 0}
    hidden = Suggestion.objects.get(hidden=True)
    assert hidden.image == read_scans[Partition.VALIDATION]
    assert (hidden.source, hidden.version) == ("model", model.name)


def test_an_approval_sets_the_reading_off_once(
    site, admin, make_model, make_scan, annotator, expert, django_capture_on_commit_callbacks
):
    pointers.move(site, "measurement", make_model(), actor=admin)
    with django_capture_on_commit_callbacks(execute=True):
        for code in ("S1", "S2"):
            approve(make_scan(code), annotator, expert)
    jobs.run_inline(Job.objects.get(kind=readings.KIND))
    assert Suggestion.objects.filter(hidden=True).count() == 2
    readings.submit_if_served(site.pk)
    assert Job.objects.filter(kind=readings.KIND).count() == 1


def test_without_a_model_nobody_reads(site, read_scans):
    readings.submit_if_served(site.pk)
    assert not Job.objects.exists()
