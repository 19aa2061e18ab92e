"""Labels are corrected: one label afterwards, everywhere, and what was drawn stays as it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from annotation.integrity import damaged_revisions
from annotation.models import Image, Revision, RevisionContent, Site, Study, Subject
from annotation.models import SubjectPartition as Partitioned
from annotation.selectors import agreement, exports, measurements, pool
from annotation.selectors.imports import KIND
from annotation.services import (
    double_reading,
    labels,
    lock,
    outlines,
    references,
    sites,
    suggestions,
    workflow,
)
from annotation.services import exports as export_services
from annotation.services.imports import running
from annotation.services.imports.request import ImportRequest
from core.models import AuditEvent, Job, User
from core.services import jobs
from domain.errors import Conflict, InvalidInput, NotAllowed, Refused
from tests.annotation.folders import folder, labelme, picture, shape
from tests.conftest import rectangle

TYPO = "rectus_femroris"


@pytest.fixture
def typo(site: Site) -> Site:
    """The site with a second label, a spelling mistake."""
    sites.add_label(site, TYPO, actor=None)
    return site


def draw(image: Image, author: User, label: str, x: int = 5) -> Revision:
    return outlines.save(image, author, [rectangle(x, 5, x + 20, 30, label)], base=0)


def drawn(revision: Revision) -> list[str]:
    fresh = Revision.objects.select_related("content").get(pk=revision.pk)
    return [region["label"] for region in fresh.regions]


def test_a_renamed_label_is_read_by_its_name_and_drawn_as_it_was(
    typo: Site, image: Image, annotator: User, admin: User
) -> None:
    revision = draw(image, annotator, TYPO)

    labels.rename(labels.label_named(typo, TYPO), "VL", actor=admin)

    assert drawn(revision) == ["VL"]
    assert RevisionContent.objects.get().regions[0]["label"] == TYPO
    assert list(damaged_revisions()) == []
    assert typo.aliases.get().alias == TYPO
    event = AuditEvent.objects.filter(verb="label renamed").get()
    assert event.details["before"] == TYPO
    assert event.details["revisions"] == 1


def test_renamed_twice_and_back_it_is_still_one(
    typo: Site, image: Image, annotator: User, admin: User
) -> None:
    first = draw(image, annotator, TYPO)
    labels.rename(labels.label_named(typo, TYPO), "VL", actor=admin)
    second = outlines.save(image, annotator, [rectangle(6, 5, 26, 30, "VL")], base=1)
    labels.rename(labels.label_named(typo, "VL"), "vl", actor=admin)
    assert drawn(first) == drawn(second) == ["vl"]

    labels.rename(labels.label_named(typo, "vl"), TYPO, actor=admin)

    assert drawn(first) == drawn(second) == [TYPO]


def test_a_page_that_was_open_while_a_label_was_renamed_still_saves(
    typo: Site, image: Image, annotator: User, admin: User
) -> None:
    labels.rename(labels.label_named(typo, TYPO), "VL", actor=admin)

    assert drawn(draw(image, annotator, TYPO)) == ["VL"]


def test_after_a_merge_agreement_measurement_export_and_pool_see_one_label(
    study: Study,
    typo: Site,
    image: Image,
    annotator: User,
    other_annotator: User,
    expert: User,
    admin: User,
) -> None:
    double_reading.set_share(study, 1.0, actor=admin)
    mine, other = draw(image, annotator, TYPO), draw(image, other_annotator, "RF")
    workflow.submit(mine.annotation, annotator)
    workflow.submit(other.annotation, other_annotator)
    assert {pair.label for pair in agreement.of_site(typo)} == {"RF", TYPO}
    references.accept_outside(mine, actor=admin)

    labels.merge(labels.label_named(typo, TYPO), labels.label_named(typo, "RF"), actor=admin)

    assert drawn(mine) == drawn(other) == ["RF"]
    (pair,) = agreement.of_site(typo)
    assert (pair.label, pair.overlap.n_one_sided) == ("RF", 0)
    (row,) = measurements.of_study(study)
    assert (row.label, row.csa_px) == ("RF", pytest.approx(500))
    (item,) = exports.items(study)
    assert [one["label"] for one in item.revision.regions] == ["RF"]
    assert pool.regions_of([mine.pk])[mine.pk][1][0]["label"] == "RF"
    assert [label.name for label in typo.labels.all()] == ["RF"]
    event = AuditEvent.objects.filter(verb="label merged").get()
    assert (event.details["before"], event.details["after"]) == (TYPO, "RF")


def test_a_sealed_set_keeps_its_digest(
    study: Study, typo: Site, image: Image, annotator: User, admin: User
) -> None:
    references.accept_outside(draw(image, annotator, TYPO), actor=admin)
    Partitioned.objects.create(subject=Subject.objects.get(), partition="test")
    sealed = lock.seal(typo, admin)

    labels.rename(labels.label_named(typo, TYPO), "VL", actor=admin)

    assert list(lock.damaged_locks()) == []
    assert lock.open_references(typo, admin, "a look").lock.digest == sealed.digest
    assert AuditEvent.objects.get(verb="label renamed").details["sealed_images"] == 1


def test_pre_labels_are_read_under_the_new_name(typo: Site, image: Image, admin: User) -> None:
    offered = suggestions.offer(
        image,
        [rectangle(5, 5, 25, 30, TYPO)],
        source="model",
        version="1",
        payload={"member_outlines": [[rectangle(5, 5, 25, 30, TYPO)]]},
    )

    labels.rename(labels.label_named(typo, TYPO), "VL", actor=admin)

    offered.refresh_from_db()
    assert offered.regions[0]["label"] == "VL"
    assert offered.payload["member_outlines"][0][0]["label"] == "VL"


def test_what_would_confuse_labels_is_refused(typo: Site, annotator: User, admin: User) -> None:
    label, other = labels.label_named(typo, TYPO), labels.label_named(typo, "RF")
    sites.add_alias(typo, "rectus", "RF", actor=admin)
    with pytest.raises(Conflict, match="Merge the two"):
        labels.rename(label, "rf ", actor=admin)
    with pytest.raises(Conflict, match="stands for RF"):
        labels.rename(label, "Rectus", actor=admin)
    with pytest.raises(Conflict, match="stands for RF"):
        sites.add_label(typo, "RECTUS", actor=admin)
    with pytest.raises(Conflict, match="a label itself"):
        sites.add_alias(typo, "rf", TYPO, actor=admin)
    with pytest.raises(InvalidInput, match="another label"):
        labels.merge(label, label, actor=admin)
    with pytest.raises(NotAllowed):
        labels.rename(label, "VL", actor=annotator)
    labels.rename(label, "VL", actor=admin)
    with pytest.raises(Refused, match="cannot be forgotten"):
        sites.remove_alias(typo, TYPO, actor=admin)
    with pytest.raises(Refused, match="drawn as"):
        sites.add_alias(typo, TYPO, "RF", actor=admin)
    labels.retire(label, actor=admin)
    with pytest.raises(Refused, match="at least one"):
        labels.retire(other, actor=admin)
    labels.restore(label, actor=admin)
    assert not labels.label_named(typo, "VL").retired


def test_no_label_is_renamed_or_merged_while_an_import_writes(
    typo: Site, study: Study, admin: User
) -> None:
    """However many imports the study has had, previews left out."""
    label, other = labels.label_named(typo, TYPO), labels.label_named(typo, "RF")
    writing = jobs.submit(KIND, {"source": "scans"}, actor=admin, scope=study.name)
    for _ in range(25):
        jobs.submit(KIND, {"source": "scans", "dry_run": True}, actor=admin, scope=study.name)
    with pytest.raises(Conflict, match="under way"):
        labels.rename(label, "VL", actor=admin)
    with pytest.raises(Conflict, match="under way"):
        labels.merge(label, other, actor=admin)

    Job.objects.filter(pk=writing.pk).update(state=Job.State.DONE)

    assert labels.rename(label, "VL", actor=admin).name == "VL"


def test_an_admin_corrects_labels_on_the_page_and_by_command(
    typo: Site, client_of: Callable[[User], Client], admin: User, expert: User
) -> None:
    page = f"/studies/lab/sites/{typo.slug}/"
    browser = client_of(admin)
    assert b"Rename, merge or retire" in browser.get(page).content
    assert b"Rename, merge or retire" not in client_of(expert).get(page).content

    browser.post(page, {"act": "correct", "correct-label": TYPO, "correct-to": "VL"})
    assert {label.name for label in typo.labels.all()} == {"RF", "VL"}
    unclear = browser.post(page, {"act": "correct", "correct-label": "VL"})
    assert "Say one thing" in unclear.content.decode()
    browser.post(page, {"act": "correct", "correct-label": "VL", "correct-into": "RF"})
    assert [label.name for label in typo.labels.all()] == ["RF"]
    forgotten = browser.post(page, {"act": "forget", "alias": TYPO}, follow=True)
    assert "cannot be forgotten" in forgotten.content.decode()

    options = {"study": "lab", "actor": "admin"}
    call_command("label", typo.slug, "rf", rename="Rectus", **options)
    assert [label.name for label in typo.labels.all()] == ["Rectus"]
    with pytest.raises(CommandError, match="no label"):
        call_command("label", typo.slug, "nothing", rename="x", **options)


def test_a_file_is_unchanged_whatever_its_labels_are_called_by_now(
    typo: Site, study: Study, admin: User, tmp_path: Path
) -> None:
    source = folder(tmp_path, {"S1/a.png": picture(1), "S1/a.json": labelme("a.png", shape(TYPO))})
    request = ImportRequest(source=str(source), site=typo.slug)
    running.import_files(request, study.name, actor=admin)
    labels.rename(labels.label_named(typo, TYPO), "VL", actor=admin)
    sites.add_label(typo, "VM", actor=admin)

    report = running.import_files(request, study.name, actor=admin)

    assert {file.status for file in report.files.values()} == {"unchanged"}
    assert drawn(Revision.objects.get()) == ["VL"]


def test_an_export_spells_a_merged_label_as_the_site_does(
    typo: Site, study: Study, admin: User, tmp_path: Path
) -> None:
    source = folder(
        tmp_path / "in", {"S1/a.png": picture(1), "S1/a.json": labelme("a.png", shape(TYPO))}
    )
    request = ImportRequest(source=str(source), site=typo.slug, state="reference")
    running.import_files(request, study.name, actor=admin)
    labels.merge(labels.label_named(typo, TYPO), labels.label_named(typo, "RF"), actor=admin)

    export_services.to_folder(
        study, export_services.ExportRequest("labelme"), tmp_path / "out", actor=admin
    )

    (written,) = (tmp_path / "out" / "labelme").iterdir()
    assert [one["label"] for one in json.loads(written.read_text())["shapes"]] == ["RF"]
