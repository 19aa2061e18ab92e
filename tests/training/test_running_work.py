"""Running work stands where it is awaited, under its object's name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from annotation.models import Image, Site, Study
from annotation.selectors import imports
from annotation.services.imports import running
from annotation.services.imports.request import ImportRequest
from core import jobs
from core.models import Job, User
from core.services import jobs as job_services
from inference.models import ModelVersion
from inference.services import prelabelling
from training.services import drift, evaluation, runs


@pytest.fixture
def model(site: Site) -> ModelVersion:
    return ModelVersion.objects.create(
        site=site, number=1, family="unet", sha256="0" * 64, card={"labels": ["RF"]}
    )


def page(client: Client, path: str) -> str:
    return client.get(f"/studies/lab/{path}").content.decode()


def test_every_kind_of_job_names_its_object() -> None:
    registered = {kind for kind in jobs._handlers if not kind.startswith("test")}
    assert {imports.KIND, runs.KIND, evaluation.KIND, prelabelling.KIND} <= registered
    assert registered - set(jobs._descriptions) == set()


def test_an_evaluation_stands_on_the_page_of_its_model(
    model: ModelVersion, admin: User, study: Study, client_of: Callable[[User], Client]
) -> None:
    client = client_of(admin)
    before = page(client, f"models/{model.pk}/")
    job = evaluation.submit(model, "validation", admin)
    title = f"Evaluation of {model.name} on the validation subjects"
    assert title not in before
    for path in (f"models/{model.pk}/", f"sites/{model.site.slug}/", "", "jobs/"):
        assert title in page(client, path), path
    Job.objects.filter(pk=job.pk).update(state=Job.State.DONE, finished_at=timezone.now())
    assert f"{title}: done." in page(client, f"models/{model.pk}/")
    Job.objects.filter(pk=job.pk).update(finished_at=timezone.now() - timedelta(hours=1))
    assert title not in page(client, f"models/{model.pk}/")


def test_the_work_of_another_object_is_not_shown(
    model: ModelVersion, admin: User, client_of: Callable[[User], Client]
) -> None:
    second = ModelVersion.objects.create(
        site=model.site, number=2, family="unet", sha256="1" * 64, card={"labels": ["RF"]}
    )
    evaluation.submit(second, "validation", admin)
    assert "Evaluation of" not in page(client_of(admin), f"models/{model.pk}/")


def test_an_import_stands_over_the_scans_by_the_name_of_its_folder(
    image: Image, study: Study, admin: User, annotator: User, client_of: Callable[[User], Client]
) -> None:
    running.submit(ImportRequest(source="/data/ward-7", site="x"), "lab", actor=admin)
    assert "Import of ward-7" in page(client_of(annotator), "images/")
    assert "/data" not in page(client_of(annotator), "images/")


def test_a_failure_is_said_where_the_work_was_awaited(
    site: Site, admin: User, client_of: Callable[[User], Client]
) -> None:
    job = drift.submit(site, admin)
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.FAILED, finished_at=timezone.now(), error="a file was damaged"
    )
    shown = page(client_of(admin), f"sites/{site.slug}/drift/")
    assert f"Look at the drift of {site.name}: it failed." in shown


def test_a_kind_without_words_has_its_own_name(db: None) -> None:
    jobs.register("test-odd_kind", lambda context: None)
    job = job_services.submit("test-odd_kind", {})
    assert (job.title, job.concerns) == ("Test odd kind", [])
