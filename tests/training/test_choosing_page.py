"""The page of the next scans: rounds and replays from the browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from annotation.models import Assignment, Image, Site, Study
from core.models import Job, User
from core.services import jobs
from tests.training.studies import scan_with_region
from training.models import QueryRound, Replay

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


@pytest.fixture
def waiting(make_image: Callable[..., Image]) -> list[Image]:
    return [make_image(f"N{n}", pixels=scan_with_region(200 + n)[0]) for n in range(6)]


def address(study: Study, site: Site) -> str:
    return f"/studies/{study.name}/sites/{site.slug}/next/"


def test_an_admin_chooses_and_everybody_sees_why(
    study: Study, site: Site, admin: User, expert: User, client_of: ClientOf, waiting: list[Image]
) -> None:
    page = client_of(admin)
    assert "Nothing has been chosen yet" in page.get(address(study, site)).content.decode()
    answer = page.post(
        address(study, site), {"act": "round", "strategy": "random", "size": "3", "seed": "1"}
    )
    assert answer.status_code == 302
    chosen = QueryRound.objects.get()
    assert chosen.picks.count() == Assignment.objects.filter(rank__isnull=False).count() == 3
    seen = client_of(expert).get(address(study, site)).content.decode()
    assert "random share: drawn by chance from 6 subjects" in seen
    assert "Choose the next scans" not in seen


def test_what_is_wrong_is_said_beside_the_form(
    study: Study, site: Site, admin: User, expert: User, client_of: ClientOf, waiting: list[Image]
) -> None:
    given = {"act": "round", "strategy": "entropy", "size": "3", "seed": "1"}
    wrong = client_of(admin).post(address(study, site), given)
    assert wrong.status_code == 422
    assert "no current model yet" in wrong.content.decode()
    assert client_of(expert).post(address(study, site), given).status_code == 404
    assert not QueryRound.objects.exists()


@pytest.mark.usefixtures("approved", "in_this_process")
def test_a_replay_is_started_watched_and_read(
    study: Study, site: Site, admin: User, client_of: ClientOf
) -> None:
    page = client_of(admin)
    start = {"act": "replay", "replay-seeds": "2", "replay-start": "4", "replay-batch": "3",
             "replay-max_epochs": "1"}  # fmt: skip
    refused = page.post(address(study, site), start)
    assert refused.status_code == 422
    assert "too few" in refused.content.decode()
    begun = page.post(address(study, site), {**start, "replay-start": "1"})
    assert begun.status_code == 302
    made = Replay.objects.get()
    assert made.backend == "unet"
    assert "A replay is queued" in page.get(address(study, site)).content.decode()
    Replay.objects.update(backend="prior", settings={"max_epochs": 1, "image_size": 32, "seed": 1})
    assert jobs.run_inline(made.job).state == Job.State.DONE
    read = page.get(address(study, site)).content.decode()
    assert "Chance does as well as entropy" in read
    assert "chosen by chance, unless" in read
    assert "Labelled subjects" in read
