"""Rows of one name: impossible from now on, kept and told where they were there before."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from annotation.integrity import doubled_names
from annotation.models import Centre, Label, LabelAlias, Site, Study, Subject
from annotation.selectors.studies import site_named
from annotation.services import scans, sites
from core import identities
from core.selectors.users import user_named
from core.services import users
from domain.errors import Conflict
from tests.conftest import noise


def test_two_rows_of_one_name_are_impossible(study: Study, site: Site) -> None:
    Subject.objects.create(study=study, code="P 01")
    Centre.objects.create(study=study, name="Müller")
    LabelAlias.objects.create(site=site, alias="rectus", label=site.labels.get())
    for row in (
        Subject(study=study, code="p  01"),
        Centre(study=study, name="mu\u0308ller"),
        Site(study=study, slug="Rectus-Femoris", name="x"),
        Label(site=site, name="rf", title="rf", colour="#ffffff", order=9),
        LabelAlias(site=site, alias="Rectus ", label=site.labels.get()),
        Study(name="LAB"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save()
    with pytest.raises(IntegrityError), transaction.atomic():
        Subject.objects.bulk_create([Subject(study=study, code="P 01 ")])


def test_a_user_is_found_however_the_name_is_typed(db: None) -> None:
    anna = users.create("Anna", actor=None)

    assert user_named("anna ") == anna
    assert user_named("ana") is None
    with pytest.raises(Conflict):
        users.create("ANNA", actor=None)


def test_a_frame_of_a_subject_typed_otherwise_is_that_subjects(study: Study, site: Site) -> None:
    first, _ = scans.add_image(study, site=site, subject_code="P01", pixels=noise(1), actor=None)
    second, _ = scans.add_image(
        study, site=site, subject_code="p01", pixels=noise(2), take=2, actor=None
    )

    assert first.subject == second.subject


def test_an_upgrade_keeps_rows_of_one_name_and_verify_names_them(study: Study, site: Site) -> None:
    for number, code in enumerate(("P01", "p01", "P02")):
        subject = Subject.objects.create(study=study, code=f"x{number}")
        Subject.objects.filter(pk=subject.pk).update(code=code, identity="")
        Subject.objects.filter(pk=subject.pk).update(identity=f"none {number}")

    identities.fill(Subject.objects.order_by("pk"), "code", "study_id")

    assert list(doubled_names()) == [
        "Subject 'P01' and 'p01' of Laboratory are one name in two spellings: see whether they "
        "are one."
    ]
    twin = Subject.objects.get(code="p01")
    twin.cohort = "later"
    twin.save()
    assert len(list(doubled_names())) == 1


def test_a_site_is_found_by_the_name_people_type(study: Study, site: Site) -> None:
    assert site_named(study, "Rectus-Femoris") == site
    with pytest.raises(Conflict):
        sites.create(study, "RECTUS-FEMORIS", ["RF"], actor=None)
