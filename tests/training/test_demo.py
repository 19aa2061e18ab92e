"""The demo study: made through the services, whole, idempotent, resumable."""

from __future__ import annotations

import stat
from collections import Counter

import pytest
from django.db import transaction
from django.test import override_settings

from annotation.models import Annotation, Image, Lock, Membership, Reference, Study, Suggestion
from annotation.selectors import annotations, partitions, queue
from annotation.selectors.guideline import shown_examples
from core import integrity
from core.models import AuditEvent, Job, User
from domain.geometry import region_from_json
from domain.phantom import SITES
from training.models import Run
from training.services import demo, demo_promotion
from training.services.demo import scans, work
from training.services.demo.sites import TRAINED_SITE

pytestmark = pytest.mark.django_db
SUBJECTS = 8


@pytest.fixture(scope="module")
def made_once(django_db_setup, django_db_blocker, tmp_path_factory):
    """One demo study for all tests that only look at it: its data directory."""
    directory = tmp_path_factory.mktemp("demo")
    with (
        django_db_blocker.unblock(),
        override_settings(MYOTRACE_DATA=directory),
        transaction.atomic(),
    ):
        assert demo.make(SUBJECTS, 3) is True
        yield directory
        transaction.set_rollback(True)


@pytest.fixture
def made(made_once, db):
    return Study.objects.get(name="demo")


def _counts():
    models = (Image, Annotation, Reference, Suggestion, Lock, Run, Job, AuditEvent, User)
    return {model.__name__: model.objects.count() for model in models}


def test_it_has_all_sites_people_stages_a_split_locks_and_a_queued_run(made):
    assert [site.slug for site in made.sites.all()] == list(SITES)
    assert all(site.protocol for site in made.sites.all())
    roles = Counter(Membership.objects.filter(study=made).values_list("role", flat=True))
    assert roles == {"annotator": 3, "expert": 1, "admin": 1}
    assert partitions.partition_counts(made)["unassigned"] == 0
    assert Lock.objects.filter(site__slug=TRAINED_SITE).count() == 1
    assert Lock.objects.values("site").distinct().count() == Lock.objects.count() > 2
    states = Counter(Image.objects.filter(study=made).values_list("state", flat=True))
    assert {"approved", "submitted", "returned", "new"} <= set(states)
    run = Run.objects.get()
    assert (run.trigger, run.job.state) == ("demo", "queued")
    assert run.snapshot.manifest["items"]
    assert {problem for found in integrity.run_all().values() for problem in found} == set()


def test_scans_have_two_takes_visits_sweeps_and_a_calibration(made):
    images = Image.objects.filter(study=made).select_related("take__scan__visit", "calibration")
    assert {image.calibration.method for image in images} == {"phantom"}
    takes = {image.take_id: image.take for image in images}
    assert {take.number for take in takes.values() if take.scan.site.slug == "biceps"} == {1, 2}
    sweeps = [image for image in images if image.take.kind == "dynamic"]
    assert {image.site.slug for image in sweeps} == {"peroneus"}
    assert {image.frame for image in sweeps} == set(range(scans.SWEEP_FRAMES))
    dates = {(image.subject_id, image.take.scan.visit.date) for image in images}
    assert len(dates) == SUBJECTS + SUBJECTS // scans.SECOND_VISIT_EVERY
    chosen = {take.scan.selected_take.number for take in takes.values()}
    assert chosen == {1, 2}


def test_the_first_annotator_begins_with_a_pre_label_and_the_second_with_returned_work(made):
    first, second = (User.objects.get(username=name) for name in ("annotator1", "annotator2"))
    item = queue.next_for(first, made)
    assert item is not None
    assert item.asked == "correct the pre-label"
    assert annotations.visible_suggestion(first, item.image).source == work.GENERATOR
    assert queue.next_for(second, made).asked == "returned to you"


def test_guidelines_have_a_good_and_a_bad_example_to_look_at(made):
    annotator = made.memberships.get(user__username="annotator1").user
    shown_at = {site: shown_examples(annotator, site) for site in made.sites.all()}
    assert TRAINED_SITE in {site.slug for site, shown in shown_at.items() if shown}
    for shown in filter(None, shown_at.values()):
        assert [one.example.verdict for one in shown] == ["good", "bad"]
        good, bad = (one.example.revision.regions for one in shown)
        assert sum(map(_area, bad)) < 0.9 * sum(map(_area, good))


def _area(region):
    return region_from_json(region).shape.area


def test_no_test_subject_has_a_pre_label(made):
    offered = Suggestion.objects.filter(image__subject__partition__partition="test")
    assert not offered.exists()


def test_double_readings_are_by_two_people_who_saw_nothing(made):
    read_twice = Annotation.objects.filter(blind=True, revision_count__gt=0)
    pairs = Counter(read_twice.values_list("image", flat=True))
    assert pairs
    assert set(pairs.values()) == {2}
    assert not read_twice.exclude(revisions__origin="drawn").exists()


def test_passwords_are_random_work_and_are_for_the_owners_eyes(made, made_once):
    path = made_once / "demo-logins.txt"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    passwords = dict(line.split() for line in path.read_text().splitlines())
    assert len(set(passwords.values())) == 5
    for name, password in passwords.items():
        assert User.objects.get(username=name).check_password(password)
    assert not User.objects.filter(is_superuser=True).exists()


def test_making_it_again_changes_nothing(made):
    before = _counts()
    assert demo.make(SUBJECTS, 3) is False
    assert _counts() == before


def test_only_the_demos_own_model_goes_to_the_gate_by_itself(made):
    before = Job.objects.count()
    demo_promotion.submit(model_id=1)
    assert Job.objects.count() == before
