"""Sex as it is kept, and CSA in one unit a site, on every page of it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from annotation.models import Subject
from annotation.services import outlines, sites, workflow
from core.models import AuditEvent
from domain.errors import InvalidInput
from tests.annotation.references import approve
from tests.conftest import rectangle

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from annotation.models import Image, Site, Study
    from core.models import User

MIGRATION = "annotation.migrations.0021_sex_in_words"


def test_a_file_s_spelling_becomes_the_word(make_image: Callable[..., Image]) -> None:
    for code, text in (("A", "M"), ("B", "weiblich"), ("C", "")):
        make_image(code, subject_fields={"sex": text})
    assert dict(Subject.objects.values_list("code", "sex")) == {
        "A": "male",
        "B": "female",
        "C": "",
    }
    with pytest.raises(InvalidInput, match="sex is '1'"):
        make_image("D", subject_fields={"sex": "1"})


def test_the_database_holds_no_other_word(image: Image) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Subject.objects.update(sex="m")


def test_page_csv_and_editor_say_the_site_s_unit(
    study: Study,
    site: Site,
    make_image: Callable[..., Image],
    annotator: User,
    expert: User,
    admin: User,
    client_of: Callable[[User], Client],
) -> None:
    image = make_image("S1")
    approve(image, annotator, expert)
    client = client_of(expert)
    pages = ("/studies/lab/measurements/", "/studies/lab/subjects/S1/")
    for address in pages:
        shown = client.get(address).content.decode()
        assert "CSA (cm²)" in shown
        assert "0.09" in shown
    sites.change(site, actor=admin, area_unit="mm2")
    for address in pages:
        assert "CSA (mm²)" in client.get(address).content.decode()
    editor = client_of(annotator).get(f"/studies/lab/images/{image.pk}/edit/").content.decode()
    assert '"area_unit": "mm2"' in editor
    assert '"time_zone": "UTC"' in editor
    table = b"".join(client.get("/studies/lab/measurements.csv").streaming_content).decode()
    assert "csa_mm2" in table


def test_the_editor_says_why_there_are_no_mm_to_who_outlines_and_who_reviews(
    make_image: Callable[..., Image],
    annotator: User,
    expert: User,
    client_of: Callable[[User], Client],
) -> None:
    said = "No mm: the depth is known, the image area is not."
    image = make_image("S1", spacing=None, take_fields={"depth_mm": 40.0})
    address = f"/studies/lab/images/{image.pk}/edit/"
    assert said in client_of(annotator).get(address).content.decode()
    work = outlines.save(image, annotator, [rectangle(5, 10, 35, 30)], base=0).annotation
    workflow.submit(work, annotator)
    page = client_of(expert).get(f"/studies/lab/annotations/{work.pk}/review/")
    assert said in page.content.decode()
    calibrated = make_image("S2")
    address = f"/studies/lab/images/{calibrated.pk}/edit/"
    assert "No mm" not in client_of(annotator).get(address).content.decode()


@pytest.mark.django_db
def test_the_migration_maps_what_is_known_and_reports_the_rest(
    study: Study, make_image: Callable[..., Image], capsys: pytest.CaptureFixture[str]
) -> None:
    for code in "ABC":
        make_image(code)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA ignore_check_constraints = 1")
        for code, text in (("A", "W"), ("B", "martian"), ("C", "Male")):
            cursor.execute("UPDATE annotation_subject SET sex = %s WHERE code = %s", [text, code])
        cursor.execute("PRAGMA ignore_check_constraints = 0")
    import_module(MIGRATION).map_spellings(apps, None)
    assert dict(Subject.objects.values_list("code", "sex")) == {
        "A": "female",
        "B": "",
        "C": "male",
    }
    event = AuditEvent.objects.get(verb="sex not understood")
    assert (event.scope, event.details) == ("lab", {"sex": "martian", "subjects": ["B"]})
    assert "martian" in capsys.readouterr().out
