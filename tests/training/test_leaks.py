"""No test subject's scan can reach a training, whatever the rows say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pytest
from django.db import DatabaseError, connection, transaction
from numpy.typing import NDArray

from annotation.models import Image, Partition, Signature, Site, Study, SubjectPartition
from annotation.selectors import duplicates, exports, pool
from annotation.selectors.images import pixels as stored
from annotation.services import lock, sites, suggestions
from core import files, triggers
from core.models import Job, User
from core.services import jobs
from domain import phantom
from domain.errors import Refused
from inference.models import ModelVersion
from tests.annotation.references import approve
from tests.domain.test_lookalike import COPIES
from tests.training.studies import approved_scan
from training import preparation
from training.models import Snapshot
from training.services import runs, snapshots

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_this_process")]
TEST_SEED = 8  # approved_study makes the test subjects' scans from the seeds 8 and 9


TrainOn = Callable[..., Image]


@pytest.fixture
def train_on(make_image: Callable[..., Image], annotator: User, expert: User) -> TrainOn:
    """`train_on(pixels)`: an approved scan with these pixels of the training subject TR9."""

    def make(pixels: NDArray[np.uint8], **where: Any) -> Image:
        image = make_image("TR9", pixels=pixels, **where)
        SubjectPartition.objects.get_or_create(
            subject=image.subject, defaults={"partition": Partition.TRAIN}
        )
        approve(image, annotator, expert)
        return image

    return make


@pytest.fixture
def twin(
    site: Site,
    admin: User,
    annotator: User,
    expert: User,
    approved: dict[str, Image],
    make_image: Callable[..., Image],
) -> Image:
    """A sealed scan's very pixels, approved under the training subject TR7."""
    lock.seal(site, admin)
    return approved_scan(make_image, annotator, expert, "TR7", Partition.TRAIN, seed=TEST_SEED)


@pytest.fixture
def locked_scan(
    site: Site,
    admin: User,
    annotator: User,
    expert: User,
    approved: dict[str, Image],
    make_image: Callable[..., Image],
) -> Image:
    """A sealed scan of a test subject, of the size and look of a real one."""
    pixels = phantom.scan(phantom.cohort(1, seed=5)[0], site.slug).pixels
    image = make_image("TE9", pixels=pixels)
    SubjectPartition.objects.create(subject=image.subject, partition=Partition.TEST)
    approve(image, annotator, expert)
    lock.seal(site, admin)
    return image


def lie_about_signature(image: Image, other: Image) -> None:
    lie = Signature.objects.filter(image=other).values("hashes", "thumbnail").get()
    Signature.objects.filter(image=image).update(**lie)


def test_training_never_reads_a_test_scan(
    site: Site, admin: User, approved: dict[str, Image]
) -> None:
    lock.seal(site, admin)
    for code in ("TE0", "TE1"):
        digest = approved[code].file_sha256
        files.erase(digest)
        assert not files.exists(digest)
    run = runs.start(site, "prior", {"max_epochs": 2}, admin)
    job = jobs.run_inline(run.job)
    assert (job.state, job.error) == (Job.State.DONE, "")


@pytest.mark.usefixtures("twin")
def test_a_locked_scan_under_a_new_subject_is_left_out_and_listed_in_the_card(
    site: Site, admin: User
) -> None:
    run = runs.start(site, "prior", {"max_epochs": 2}, admin)
    jobs.run_inline(run.job)
    assert [entry["subject"] for entry in run.snapshot.left_out] == ["TR7"]
    card = ModelVersion.objects.get().card
    assert [entry["subject"] for entry in card["training"]["left_out"]] == ["TR7"]
    assert card["training"]["images"] == 8


def test_the_process_looks_at_the_pixels_themselves(
    site: Site, admin: User, approved: dict[str, Image], twin: Image
) -> None:
    """A row whose hash and signature are wrong passes the snapshot; the decoded pixels give it
    away."""
    Image.objects.filter(pk=twin.pk).update(pixel_sha256="0" * 64)
    lie_about_signature(twin, approved["TR0"])
    run = runs.start(site, "prior", {"max_epochs": 2}, admin)
    assert "TR7" in {entry["subject"] for entry in run.snapshot.manifest["items"]}
    job = jobs.run_inline(run.job)
    assert job.state == Job.State.DONE
    assert "of TR7 was left out" in job.log
    card = ModelVersion.objects.get().card
    assert [entry["subject"] for entry in card["training"]["left_out"]] == ["TR7"]


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_of_a_locked_scan_is_left_out_with_the_reason(
    site: Site, admin: User, locked_scan: Image, train_on: TrainOn, how: str
) -> None:
    copy = train_on(COPIES[how](stored(locked_scan)))
    snapshot = snapshots.freeze(site, admin)
    (left_out,) = snapshot.left_out
    assert (left_out["image"], left_out["subject"]) == (copy.pk, "TR9")
    named = f"looks like image {locked_scan.pk} of test subject TE9"
    assert named in left_out["reason"] or "pixels are those" in left_out["reason"]
    assert copy.pk not in {one["image"] for one in snapshot.manifest["items"]}


def test_the_process_knows_a_copy_by_its_pixels(
    site: Site, admin: User, approved: dict[str, Image], locked_scan: Image, train_on: TrainOn
) -> None:
    copy = train_on(COPIES["cropped by a tenth"](stored(locked_scan)))
    lie_about_signature(copy, approved["TR0"])
    snapshot = snapshots.freeze(site, admin)
    assert copy.pk in {one["image"] for one in snapshot.manifest["items"]}
    prepared = preparation.prepare(snapshot, lambda done, whole: None)
    assert prepared.left_out == [{"image": copy.pk, "subject": "TR9"}]
    assert len(prepared.data.train) == 6


def test_a_copy_at_another_site_and_visit_is_left_out(
    study: Study, locked_scan: Image, train_on: TrainOn
) -> None:
    other = sites.create(study, "biceps", ["RF"], actor=None)
    crop = COPIES["all of it"](stored(locked_scan))
    copy = train_on(crop, site=other, visit=date(2026, 5, 4))
    found = duplicates.held_out_lookalikes(study, [copy.pk])
    assert found[copy.pk].like_image == locked_scan.pk


@pytest.mark.parametrize("partition", ["test", "reserve"])
def test_every_later_visit_and_other_site_of_a_held_out_subject_is_held_out(
    study: Study,
    site: Site,
    admin: User,
    annotator: User,
    expert: User,
    approved: dict[str, Image],
    make_image: Callable[..., Image],
    partition: str,
) -> None:
    if partition == "reserve":
        SubjectPartition.objects.filter(subject__code="TE0").update(partition=partition)
    lock.seal(site, admin)
    other = sites.create(study, "biceps", ["RF"], actor=None)
    later = make_image("TE0", visit=date(2030, 1, 1))
    elsewhere = make_image("TE0", site=other)
    for image in (later, elsewhere):
        approve(image, annotator, expert)
        assert image.pixel_sha256 in pool.locked_pixel_hashes(study)
        with pytest.raises(Refused, match="without a pre-label"):
            suggestions.offer(image, [], source="model", version="v1")
        items = [{"image": image.pk, "pixel_sha256": image.pixel_sha256}]
        with pytest.raises(DatabaseError, match="enters a snapshot"), transaction.atomic():
            Snapshot.objects.create(site=image.site, digest="d", manifest={"items": items})
    assert pool.training_items(other) == []
    assert later.pk not in {item.image_id for item in pool.training_items(site)}
    untouched = make_image("TE0", visit=date(2031, 1, 1))
    assert untouched not in pool.query_candidates(site)
    exported = {one.image.pk for one in exports.items(study)}
    assert {later.pk, elsewhere.pk, approved["TE0"].pk}.isdisjoint(exported)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE annotation_lockedimage SET pixel_sha256 = 'x'", "pixels that were sealed"),
        ("UPDATE annotation_image SET pixel_sha256 = 'x'", "pixels that were sealed"),
        ("UPDATE annotation_lock SET digest = 'x'", "does not match its digest"),
        ("UPDATE annotation_revision SET digest = 'x'", "outline that was sealed"),
        ("DELETE FROM annotation_lockedimage", "other images than its manifest"),
    ],
)
def test_what_is_tampered_with_behind_the_triggers_is_found_and_nothing_is_evaluated_on_it(
    site: Site, admin: User, approved: dict[str, Image], statement: str, found: str
) -> None:
    lock.seal(site, admin)
    triggers.remove()
    with connection.cursor() as cursor:
        cursor.execute(statement)
    assert any(found in problem for problem in lock.damaged_locks())
    with pytest.raises(Refused, match="Nothing is evaluated"):
        lock.open_references(site, admin, "evaluate")


def test_scans_without_a_signature_get_one_before_anything_is_frozen(
    site: Site, admin: User, locked_scan: Image, train_on: TrainOn
) -> None:
    train_on(COPIES["smaller"](stored(locked_scan)))
    Signature.objects.all().delete()
    assert len(snapshots.freeze(site, admin).left_out) == 1
    assert Signature.objects.count() == Image.objects.count()


def test_a_scan_erased_since_the_snapshot_stops_the_run_in_words(
    site: Site, admin: User, approved: dict[str, Image]
) -> None:
    run = runs.start(site, "prior", {"max_epochs": 2}, admin)
    files.erase(approved["TR0"].file_sha256)
    job = jobs.run_inline(run.job)
    assert job.state == Job.State.FAILED
    assert "of TR0 cannot be read any more" in job.error


def test_a_scan_that_changed_since_the_snapshot_stops_the_run(
    site: Site, admin: User, approved: dict[str, Image]
) -> None:
    snapshot = snapshots.freeze(site, admin)
    snapshot.manifest["items"][0]["pixel_sha256"] = "0" * 64
    with pytest.raises(preparation.TrainingFailed, match="not what the snapshot says"):
        preparation.prepare(snapshot, lambda done, whole: None)
