"""Looking at a site for drift: from rows to a report, its page, and the event of an alarm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from annotation.models import Image, Suggestion
from annotation.services import outlines, review, suggestions, workflow
from core import events
from core.models import AuditEvent, Job, Schedule
from core.services import jobs, schedules
from domain.drift import REFERENCE_SIZE
from domain.errors import NotAllowed
from inference.services import pointers
from tests.conftest import rectangle
from training.models import DriftReport, Pick, QueryRound, Snapshot
from training.services import drift

pytestmark = pytest.mark.django_db

OFFERED = rectangle(10, 10, 40, 40)


@pytest.fixture
def served(site, admin, make_model):
    """A model that makes pre-labels."""
    model = make_model()
    pointers.move(site, "pre-label", model, actor=admin)
    return model


@pytest.fixture
def correct(served, make_image, annotator, expert) -> Callable[..., Image]:
    """`correct("S1", right)`: a pre-label whose right border was moved there, and approved."""

    def make(code: str, right: float, **fields: Any) -> Image:
        image = make_image(code, pixels=np.full((64, 64), 90, np.uint8), **fields)
        suggestions.offer(image, [OFFERED], source="model", version=served.name)
        revision = outlines.save(image, annotator, [rectangle(10, 10, right, 40)], base=0)
        workflow.submit(revision.annotation, annotator)
        review.approve(revision.annotation, revision.number, expert)
        return image

    return make


@pytest.fixture
def alarms() -> list[dict[str, Any]]:
    """What `drift_alarm` told."""
    told: list[dict[str, Any]] = []

    def hear(**payload: Any) -> None:
        told.append(payload)

    events.subscribe("drift_alarm", hear)
    yield told
    events._receivers["drift_alarm"].remove(hear)


def test_a_site_without_a_model_is_too_little_to_tell(site, admin):
    report = drift.examine(site, admin)
    assert report.state == "too little"
    assert report.reasons == []


def test_corrections_are_held_against_the_first_ones(
    site, correct, alarms, django_capture_on_commit_callbacks
):
    for number in range(REFERENCE_SIZE):
        correct(f"S{number}", 40 + number % 3)
    with django_capture_on_commit_callbacks(execute=True):
        assert drift.examine(site, None).state == "calm"
    for number in range(15):
        correct(f"W{number}", 60)
    with django_capture_on_commit_callbacks(execute=True):
        report = drift.examine(site, None)
        again = drift.examine(site, None)
    assert report.state == again.state == "alarm"
    assert report.reasons == ["pre-labels need more correction than before (all)"]
    (chart,) = report.figures["corrections"]["charts"]
    assert len(chart["points"]) == 15
    assert chart["points"][0]["dice"] == pytest.approx(2 * 30 / (30 + 50), abs=0.01)
    assert alarms == [{"site_id": site.pk, "reason": report.reasons[0]}]
    assert AuditEvent.objects.filter(verb="drift examined").count() == 3


def test_only_the_random_share_is_watched_once_there_is_one(site, correct):
    images = [correct(f"S{number}", 41) for number in range(4)]
    chosen = QueryRound.objects.create(site=site, strategy="entropy", seed=1, pool_size=4)
    for rank, share in enumerate(Pick.Share.values, start=1):
        Pick.objects.create(round=chosen, image=images[rank], rank=rank, share=share)
    corrections = drift.examine(site, None).figures["corrections"]
    assert (corrections["share"], corrections["n_reference"]) == ("random", 1)


def test_without_a_random_share_all_are_watched_and_it_says_so(site, correct):
    correct("S1", 41)
    corrections = drift.examine(site, None).figures["corrections"]
    assert (corrections["share"], corrections["n_reference"]) == ("all", 1)
    assert corrections["why"].startswith("1 corrections")


def test_outlines_of_another_version_or_approved_outside_do_not_count(
    site, served, correct, make_reference
):
    image = make_reference("V1", "train")
    suggestions.offer(image, [OFFERED], source="model", version=served.name)
    other = correct("S1", 41)
    Suggestion.objects.filter(image=other).update(version="rf-v0")
    assert drift.examine(site, None).figures["corrections"]["n_reference"] == 0


def test_each_device_and_operator_has_its_chart(site, correct):
    for number in range(REFERENCE_SIZE):
        correct(f"S{number}", 40 + number % 3)
    for number in range(20):
        device, right = ("new", 60) if number % 2 else ("old", 41)
        image = correct(f"W{number}", right)
        type(image.take).objects.filter(pk=image.take_id).update(device=device)
    report = drift.examine(site, None)
    low = {one["name"]: one["low"] for one in report.figures["corrections"]["charts"]}
    assert low == {"all": True, "device new": True, "device old": False}


def test_scans_that_look_different_are_named(site, served, make_image):
    generator = np.random.default_rng(0)

    def scan(code: str, brightness: float) -> Image:
        pixels = generator.normal(brightness, 12, (64, 64)) + generator.normal(0, 4)
        return make_image(code, pixels=np.clip(pixels, 0, 255).astype(np.uint8))

    learnt = [scan(f"L{number}", 80).subject.code for number in range(25)]
    Snapshot.objects.create(
        site=site, digest="0" * 64, manifest={"items": [{"subject": code} for code in learnt]}
    )
    for number in range(10):
        scan(f"N{number}", 80)
    assert drift.examine(site, None).state == "calm"
    for number in range(20):
        scan(f"B{number}", 140)
    report = drift.examine(site, None)
    assert report.state == "alarm"
    assert "mean grey" in report.reasons[0]


def test_a_look_is_a_job_of_an_admin(site, admin, expert):
    with pytest.raises(NotAllowed):
        drift.submit(site, expert)
    job = jobs.run_inline(drift.submit(site, admin))
    assert job.state == Job.State.DONE, job.error
    assert DriftReport.objects.get(pk=job.result["report"]).actor == admin


def test_a_served_site_is_looked_at_daily_and_an_admin_s_times_stay(
    site, admin, make_model, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        pointers.move(site, "pre-label", make_model(), actor=admin)
    (daily,) = Schedule.objects.filter(kind=drift.KIND)
    assert (daily.days, daily.hour, daily.enabled) == ("*", drift.HOUR, True)
    schedules.put(daily.name, drift.KIND, daily.params, hour=1, minute=5, actor=admin)
    drift.watch_daily(site)
    assert Schedule.objects.get(kind=drift.KIND).hour == 1
    schedules.submit_due(daily.pk)
    assert Job.objects.filter(kind=drift.KIND, requested_by=admin).count() == 1


def test_the_page_shows_the_report_and_the_overview_its_light(site, correct, expert, admin, client):
    for number in range(REFERENCE_SIZE + 3):
        correct(f"S{number}", 40 + number % 3)
    client.force_login(expert)
    address = f"/studies/{site.study.name}/sites/{site.slug}/drift/"
    assert "Nobody has looked yet" in client.get(address).content.decode()
    drift.examine(site, admin)
    page = client.get(address).content.decode()
    assert "All corrections" in page
    assert "of all scans" in page
    svg = client.get(address, {"figure": "drift-0"})
    assert svg["Content-Type"] == "image/svg+xml"
    overview = client.get(f"/studies/{site.study.name}/").content.decode()
    assert "calm" in overview
    assert address in overview


def test_an_admin_says_when_a_site_is_looked_at(
    site, admin, expert, make_model, client, django_capture_on_commit_callbacks
):
    address = f"/studies/{site.study.name}/sites/{site.slug}/drift/"
    times = {"act": "times", "enabled": "on", "days": ["1", "4"], "at": "05:30"}
    client.force_login(expert)
    assert client.post(address, times).status_code == 404
    assert "When it is looked at" not in client.get(address).content.decode()
    client.force_login(admin)
    assert "Nothing is set yet" in client.get(address).content.decode()
    assert client.post(address, {**times, "at": "25:00"}).status_code == 422
    assert not Schedule.objects.exists()
    assert client.post(address, times).status_code == 302
    set_ = Schedule.objects.get(kind=drift.KIND)
    assert (set_.days, set_.hour, set_.minute, set_.enabled) == ("1,4", 5, 30, True)
    assert (set_.requested_by, set_.params) == (admin, {"site": site.pk})
    assert set_.periodic_task.crontab.day_of_week == "1,4"
    page = client.get(address).content.decode()
    assert 'value="05:30"' in page
    with django_capture_on_commit_callbacks(execute=True):
        pointers.move(site, "pre-label", make_model(), actor=admin)
    assert Schedule.objects.get(kind=drift.KIND).days == "1,4"
    client.post(address, {"act": "times", "at": "05:30"})
    assert not Schedule.objects.get(kind=drift.KIND).periodic_task.enabled
    assert not Job.objects.filter(kind=drift.KIND).exists()


def test_only_admins_set_the_times_by_the_service_too(site, expert):
    with pytest.raises(NotAllowed):
        drift.put_schedule(site, expert, enabled=True, hour=4, minute=0, days="*")
