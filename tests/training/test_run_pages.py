"""The pages and the API of runs: who sees what, what they show, what a form does."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from annotation.models import Image, Site, Study
from core.models import Job, User
from core.services import credentials, jobs
from training.models import RetrainPolicy, Run
from training.services import retraining, runs

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
FAST = {"max_epochs": 3}


@pytest.fixture
def finished(site: Site, admin: User, approved: dict[str, Image], in_this_process: None) -> Run:
    run = runs.start(site, "prior", FAST, admin)
    assert jobs.run_inline(run.job).state == Job.State.DONE
    return Run.objects.get()


def api(user: User) -> dict[str, str]:
    return {"HTTP_AUTHORIZATION": f"Token {credentials.make_token(user)}"}


def test_the_list_and_the_run_show_what_happened(
    study: Study, expert: User, finished: Run, client_of: ClientOf
) -> None:
    listed = client_of(expert).get(f"/studies/{study.name}/runs/").content.decode()
    assert "rectus-femoris-v1" in listed
    assert "hx-get" not in listed
    page = client_of(expert).get(f"/studies/{study.name}/runs/{finished.pk}/").content.decode()
    assert "Validation Dice" in page
    assert "<polyline" in page or "<path" in page
    assert "max_epochs" in page
    assert "Train again" not in page


def test_a_run_that_is_on_renews_itself_and_can_be_cancelled(
    study: Study,
    site: Site,
    admin: User,
    approved: dict[str, Image],
    client_of: ClientOf,
) -> None:
    run = runs.start(site, "prior", FAST, admin)
    client, address = client_of(admin), f"/studies/{study.name}/runs/{run.pk}/"
    assert 'hx-trigger="every 2s"' in client.get(address).content.decode()
    answer = client.post(address + "cancel/", follow=True)
    assert "cancelled" in answer.content.decode()
    run.job.refresh_from_db()
    assert run.job.state == Job.State.CANCELLED
    client.post(address + "repeat/")
    assert Run.objects.count() == 2


def test_a_failed_run_says_why(
    study: Study, site: Site, admin: User, approved: dict[str, Image], client_of: ClientOf
) -> None:
    run = runs.start(site, "prior", FAST, admin)
    Job.objects.update(state=Job.State.FAILED, error="The disk is full: make room, start again.")
    page = client_of(admin).get(f"/studies/{study.name}/runs/{run.pk}/").content.decode()
    assert "The disk is full" in page


def test_the_form_starts_the_unet_with_its_settings(
    study: Study, site: Site, admin: User, approved: dict[str, Image], client_of: ClientOf
) -> None:
    client, address = client_of(admin), f"/studies/{study.name}/runs/start/"
    page = client.get(f"{address}?site={site.slug}").content.decode()
    assert "Elastic" in page
    given = {"site": site.slug, "max_epochs": "2", "image_size": "64", "learning_rate": "0.001"}
    answer = client.post(address, given)
    run = Run.objects.get()
    assert answer.url == f"/studies/{study.name}/runs/{run.pk}/"
    assert (run.backend, run.settings["image_size"]) == ("unet", 64)
    assert run.settings["patience"] == 20
    wrong = client.post(address, {**given, "image_size": "7"})
    assert wrong.status_code == 422
    assert "image_size" in wrong.content.decode()
    busy = client.post(address, given)
    assert "being trained already" in busy.content.decode()
    assert Run.objects.count() == 1


PAGES = {
    "runs/": {"annotator": 404, "expert": 200, "admin": 200, "stranger": 404},
    "runs/{run}/": {"annotator": 404, "expert": 200, "admin": 200, "stranger": 404},
    "runs/start/": {"annotator": 404, "expert": 404, "admin": 200, "stranger": 404},
    "runs/999999/": {"annotator": 404, "expert": 404, "admin": 404, "stranger": 404},
}


def test_who_sees_which_page(
    study: Study, finished: Run, client_of: ClientOf, request: pytest.FixtureRequest
) -> None:
    for path, expected in PAGES.items():
        address = f"/studies/{study.name}/" + path.format(run=finished.pk)
        for name, status in expected.items():
            client = client_of(request.getfixturevalue(name))
            assert client.get(address).status_code == status, (path, name)


@pytest.mark.parametrize("name", ["annotator", "expert", "stranger"])
def test_only_an_admin_cancels_and_repeats(
    study: Study,
    site: Site,
    admin: User,
    approved: dict[str, Image],
    client_of: ClientOf,
    request: pytest.FixtureRequest,
    name: str,
) -> None:
    run = runs.start(site, "prior", FAST, admin)
    user = request.getfixturevalue(name)
    client = client_of(user)
    for act in ("cancel/", "repeat/"):
        assert client.post(f"/studies/lab/runs/{run.pk}/{act}").status_code == 404
    headers = api(user)
    assert Client().get(f"/api/v1/runs/{run.pk}/", **headers).status_code == 404
    assert Client().post(f"/api/v1/runs/{run.pk}/cancel", **headers).status_code == 404
    assert Client().get("/api/v1/runs/?study=lab", **headers).status_code == 404
    body = {"study": "lab", "site": site.slug}
    answer = Client().post("/api/v1/runs/", body, content_type="application/json", **headers)
    assert answer.status_code == 404
    run.job.refresh_from_db()
    assert run.job.state == Job.State.QUEUED


def test_the_api_starts_shows_and_cancels(
    site: Site, admin: User, approved: dict[str, Image]
) -> None:
    headers, client = api(admin), Client()
    body = {"study": "lab", "site": site.slug, "backend": "prior", "settings": FAST}
    post = {"content_type": "application/json", **headers}
    answer = client.post("/api/v1/runs/", body, **post)
    assert answer.status_code == 201
    run = answer.json()
    assert (run["state"], run["settings"]["max_epochs"]) == ("queued", 3)
    assert client.post("/api/v1/runs/", body, **post).status_code == 409
    wrong = client.post("/api/v1/runs/", {**body, "settings": {"speed": 9}}, **post)
    assert wrong.status_code == 400
    assert "speed" in wrong.content.decode()
    shown = client.get(f"/api/v1/runs/{run['run']}/", **headers).json()
    assert shown["curve"] == []
    assert client.get("/api/v1/runs/", **headers).json()["count"] == 1
    cancelled = client.post(f"/api/v1/runs/{run['run']}/cancel", **headers)
    assert cancelled.json()["state"] == "cancelled"


@pytest.mark.usefixtures("in_this_process", "approved")
def test_the_command_trains_and_prints_one_object(
    site: Site, admin: User, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command(
        "train",
        site.slug,
        study="lab",
        backend="prior",
        max_epochs="2",
        given=["image_size=32"],
        wait=True,
        json=True,
    )
    answer = json.loads(capsys.readouterr().out)
    assert (answer["state"], answer["model"]) == ("done", "rectus-femoris-v1")
    assert answer["epochs"] == 2
    assert answer["settings"]["image_size"] == 32
    assert 0 < answer["best_validation_dice"] <= 1
    assert answer["seconds"] > 0


@pytest.mark.usefixtures("approved")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"given": ["image_size"]}, "NAME=VALUE"),
        ({"given": ["speed=9"]}, "no setting 'speed'"),
        ({"backend": "magic"}, "no backend 'magic'"),
        ({"max_epochs": "many"}, "max_epochs"),
    ],
)
def test_the_command_refuses_in_words(site: Site, options: dict[str, object], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        call_command("train", site.slug, study="lab", **options)
    assert not Run.objects.exists()


def test_the_rule_and_the_times_of_retraining_are_edited_on_a_page(
    study: Study, site: Site, admin: User, client_of: ClientOf
) -> None:
    client, address = client_of(admin), f"/studies/{study.name}/sites/{site.slug}/retraining/"
    client.post(
        address, {"act": "rule", "enabled": "on", "after_subjects": "3", "shadow_scans": "20"}
    )
    assert RetrainPolicy.objects.get().after_subjects == 3
    times = {"act": "times", "enabled": "on", "days": ["1", "4"], "at": "02:15"}
    client.post(address, times)
    assert retraining.schedule_of(site).days == "1,4"
    assert client.post(address, {**times, "days": ["monday"]}).status_code == 422
    text = client.get(address).content.decode()
    assert 'value="02:15"' in text
    checked = Counter(re.findall(r'<input[^>]* name="(\w+)"[^>]* checked', text))
    assert checked == {"enabled": 2, "days": 2, "asks_for_confirmation": 1}
