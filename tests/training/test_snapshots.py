"""Snapshots: what is in them, what is left out, and that they do not change."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from annotation.models import Image, Partition, Site
from core.models import AuditEvent, User
from domain.errors import NotAllowed, NotFound, Refused
from tests.training.studies import approved_scan
from training.models import Snapshot
from training.services import snapshots

pytestmark = pytest.mark.django_db


def subjects(snapshot: Snapshot) -> set[str]:
    return {item["subject"] for item in snapshot.manifest["items"]}


def test_approved_training_and_validation_scans_are_in_and_nothing_else(
    site: Site, admin: User, approved: dict[str, Image], make_image: Callable[..., Image]
) -> None:
    make_image("TR0", take=99)  # a scan that nobody outlined
    make_image("unsplit")
    snapshot = snapshots.freeze(site, admin)
    assert subjects(snapshot) == {*(f"TR{n}" for n in range(6)), "VA0", "VA1"}
    assert len(snapshot.manifest["items"]) == 8
    assert snapshot.manifest["labels"] == ["RF"]
    assert snapshot.left_out == []
    assert snapshot.digest == snapshots.manifest_digest(snapshot.manifest)
    entry = next(item for item in snapshot.manifest["items"] if item["subject"] == "TR0")
    image = approved["TR0"]
    assert entry["pixel_sha256"] == image.pixel_sha256
    assert entry["file_sha256"] == image.file_sha256
    assert entry["revision_digest"]
    assert AuditEvent.objects.filter(verb="snapshot frozen").count() == 1


def test_nothing_new_is_the_same_snapshot_and_a_new_approval_is_another(
    site: Site,
    admin: User,
    annotator: User,
    expert: User,
    approved: dict[str, Image],
    make_image: Callable[..., Image],
) -> None:
    first = snapshots.freeze(site, admin)
    assert snapshots.freeze(site, admin) == first
    approved_scan(make_image, annotator, expert, "TR9", Partition.TRAIN, seed=99)
    second = snapshots.freeze(site, admin)
    assert second.digest != first.digest
    assert subjects(second) - subjects(first) == {"TR9"}


def test_the_picture_of_a_test_subject_under_another_name_is_left_out_and_listed(
    site: Site,
    admin: User,
    annotator: User,
    expert: User,
    approved: dict[str, Image],
    make_image: Callable[..., Image],
) -> None:
    test_seed = 8  # approved_study makes the test subjects' scans from the seeds 8 and 9
    twin = approved_scan(make_image, annotator, expert, "TR7", Partition.TRAIN, seed=test_seed)
    assert twin.pixel_sha256 == approved["TE0"].pixel_sha256
    snapshot = snapshots.freeze(site, admin)
    assert "TR7" not in subjects(snapshot)
    assert [entry["subject"] for entry in snapshot.left_out] == ["TR7"]
    assert "test" in snapshot.left_out[0]["reason"]


def test_without_a_validation_subject_nothing_is_frozen(
    site: Site, admin: User, annotator: User, expert: User, make_image: Callable[..., Image]
) -> None:
    approved_scan(make_image, annotator, expert, "TR0", Partition.TRAIN, seed=1)
    with pytest.raises(Refused, match="validation subject"):
        snapshots.freeze(site, admin)
    assert not Snapshot.objects.exists()


def test_only_admins_freeze(
    site: Site, annotator: User, stranger: User, approved: dict[str, Image]
) -> None:
    with pytest.raises(NotAllowed):
        snapshots.freeze(site, annotator)
    with pytest.raises(NotFound):
        snapshots.freeze(site, stranger)
