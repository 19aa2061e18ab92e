"""Cases of doors: what is asked for happens, or is refused by name."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from annotation.models import Image, Membership, Site, Study
from annotation.services import members, studies
from core.models import Job, User
from core.services import jobs
from tests.annotation.folders import picture
from tests.shared import SHARED, needs_shared

pytestmark = needs_shared
CASE = SHARED / "cases" / "api-study-form-field"
"""Holds words only: any scan will do."""


@pytest.fixture
def second(study: Study, admin: User) -> Study:
    """Another study of the same admin, which comes after `lab` by name."""
    made = studies.create("second", actor=None)
    members.add(made, admin, Membership.Role.ADMIN, actor=None)
    return made


def sent(client: Client, **fields: str) -> int:
    scan = SimpleUploadedFile("S1.png", picture(1))
    return client.post("/api/v1/imports/", {"files": scan, **fields}).status_code


def test_api_study_form_field(
    site: Site, second: Study, admin: User, client_of: Callable[[User], Client]
) -> None:
    assert CASE.exists()
    client = client_of(admin)
    settings = {"site": "rf", "create_site": "true"}
    assert sent(client, study="second", **settings) == 202
    job = Job.objects.get()
    jobs.run(str(job.pk))
    assert {image.study.name for image in Image.objects.all()} == {"second"}


def test_a_field_that_nobody_reads_is_named(
    site: Site, second: Study, admin: User, client_of: Callable[[User], Client]
) -> None:
    assert sent(client_of(admin), site="rf", studie="second") == 400
    assert not Job.objects.exists()
