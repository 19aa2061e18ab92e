"""Trainings take turns by site."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from annotation.models import Site, Study
from annotation.services import sites
from core.models import Job, User
from core.services import jobs
from training.models import Run
from training.services import runs, turns

pytestmark = pytest.mark.django_db


def waiting(site: Site, kind: str = "train") -> Job:
    return jobs.submit(kind, {"site": site.pk}, scope="lab")


def test_a_doorbell_wakes_whoever_s_turn_it_is(
    study: Study, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = sites.create(study, "biceps", ["BB"], actor=None)
    first, second, late = waiting(site), waiting(site, "replay"), waiting(other)
    assert [turns.place_of(one) for one in (first, late, second)] == [1, 2, 3]
    ran = []
    monkeypatch.setattr(jobs, "run", lambda job_id: ran.append(job_id) or jobs.claim(job_id))
    for _ in range(3):
        jobs.answer(str(second.pk))
    assert ran == [str(first.pk), str(late.pk), str(second.pk)]
    assert turns.place_of(first) is None
    jobs.answer(str(second.pk))
    assert ran[3] == str(second.pk), "where nobody waits, the one that was rung for is asked"


def test_other_work_is_answered_as_it_rings(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting(site)
    evaluation = jobs.submit("evaluate", {"model": 1, "partition": "validation"})
    ran = []
    monkeypatch.setattr(jobs, "run", lambda job_id: ran.append(job_id))
    jobs.answer(str(evaluation.pk))
    assert ran == [str(evaluation.pk)]
    assert jobs.answer("00000000-0000-0000-0000-000000000000") is None


@pytest.mark.usefixtures("approved")
def test_the_list_says_which_place(
    study: Study, site: Site, admin: User, client_of: Callable[[User], Any]
) -> None:
    run = runs.start(site, "prior", {}, admin)
    page = client_of(admin).get(f"/studies/{study.name}/runs/").content.decode()
    assert "waits for a device, place 1" in page
    assert Run.objects.get() == run
