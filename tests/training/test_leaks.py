"""No test subject's scan can reach a training, whatever the rows say."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from annotation.models import Image, Partition, Site
from annotation.services import lock
from core import files
from core.models import Job, User
from core.services import jobs
from inference.models import ModelVersion
from tests.training.studies import approved_scan
from training import preparation
from training.services import runs, snapshots

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_this_process")]
TEST_SEED = 8  # approved_study makes the test subjects' scans from the seeds 8 and 9


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


def test_a_locked_scan_under_a_new_subject_is_left_out_and_listed_in_the_card(
    site: Site,
    admin: User,
    annotator: User,
    expert: User,
    approved: dict[str, Image],
    make_image: Callable[..., Image],
) -> None:
    lock.seal(site, admin)
    approved_scan(make_image, annotator, expert, "TR7", Partition.TRAIN, seed=TEST_SEED)
    run = runs.start(site, "prior", {"max_epochs": 2}, admin)
    jobs.run_inline(run.job)
    assert [entry["subject"] for entry in run.snapshot.left_out] == ["TR7"]
    card = ModelVersion.objects.get().card
    assert [entry["subject"] for entry in card["training"]["left_out"]] == ["TR7"]
    assert card["training"]["images"] == 8


def test_the_process_looks_at_the_pixels_themselves(
    site: Site,
    admin: User,
    annotator: User,
    expert: User,
    approved: dict[str, Image],
    make_image: Callable[..., Image],
) -> None:
    """A row whose hash is wrong passes the snapshot; the decoded pixels give it away."""
    lock.seal(site, admin)
    twin = approved_scan(make_image, annotator, expert, "TR7", Partition.TRAIN, seed=TEST_SEED)
    Image.objects.filter(pk=twin.pk).update(pixel_sha256="0" * 64)
    run = runs.start(site, "prior", {"max_epochs": 2}, admin)
    assert "TR7" in {entry["subject"] for entry in run.snapshot.manifest["items"]}
    job = jobs.run_inline(run.job)
    assert job.state == Job.State.DONE
    assert "of TR7 was left out" in job.log
    card = ModelVersion.objects.get().card
    assert [entry["subject"] for entry in card["training"]["left_out"]] == ["TR7"]


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
