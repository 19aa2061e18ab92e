"""The database itself keeps test subjects out of snapshots and query rounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from annotation.models import Image, Site, Study
from annotation.services import split
from core.models import User
from tests.conftest import noise
from training.models import Pick, QueryRound, Snapshot


@pytest.fixture
def test_image(study: Study, make_image: Callable[..., Image], admin: User) -> Image:
    image = make_image("T1")
    split.honour(study, {"T1": "test"}, actor=admin)
    return image


def snapshot_of(site: Site, *images: Image) -> Snapshot:
    items = [{"image": one.pk, "pixel_sha256": one.pixel_sha256} for one in images]
    return Snapshot.objects.create(site=site, digest="d" * 64, manifest={"items": items})


def query_of(site: Site, image: Image) -> Pick:
    chosen = QueryRound.objects.create(site=site, strategy="random", seed=1, pool_size=1)
    return Pick.objects.create(round=chosen, image=image, rank=1, reason="random share")


def test_a_snapshot_with_a_test_subjects_picture_is_refused(
    site: Site, make_image: Callable[..., Image], test_image: Image
) -> None:
    with pytest.raises(DatabaseError, match="enters a snapshot"), transaction.atomic():
        snapshot_of(site, make_image("A1"), test_image)
    assert snapshot_of(site, make_image("A2")).pk


def test_so_is_one_with_the_same_pixels_under_another_subject(
    study: Study, site: Site, make_image: Callable[..., Image], admin: User
) -> None:
    pixels = noise(9)
    make_image("T1", pixels=pixels)
    copy = make_image("A1", pixels=pixels)
    split.honour(study, {"T1": "test"}, actor=admin)
    with pytest.raises(DatabaseError, match="enters a snapshot"), transaction.atomic():
        snapshot_of(site, copy)


def test_raw_sql_gets_no_further(
    site: Site, make_image: Callable[..., Image], test_image: Image
) -> None:
    manifest = f'{{"items": [{{"pixel_sha256": "{test_image.pixel_sha256}"}}]}}'
    statement = (
        "INSERT INTO training_snapshot (site_id, digest, manifest, left_out, created_at) "
        "VALUES (%s, 'd', %s, '[]', CURRENT_TIMESTAMP)"
    )
    values: list[Any] = [site.pk, manifest]
    with pytest.raises(DatabaseError, match="enters a snapshot"), transaction.atomic():
        connection.cursor().execute(statement, values)
    assert not Snapshot.objects.exists()


def test_the_picture_of_another_studys_test_subject_is_another_matter(
    site: Site, make_image: Callable[..., Image], admin: User
) -> None:
    """Studies never mix: the demo's test subjects hold nothing back from a lab's training."""
    from annotation.services import scans, sites, studies

    elsewhere = studies.create("elsewhere", actor=None)
    other = sites.create(elsewhere, "biceps", ["biceps"], actor=None)
    scans.add_image(elsewhere, site=other, subject_code="T1", pixels=noise(3), actor=None)
    split.honour(elsewhere, {"T1": "test"}, actor=None)
    assert snapshot_of(site, make_image("A1", pixels=noise(3))).pk


def test_a_pick_of_a_test_subjects_scan_is_refused(
    site: Site, make_image: Callable[..., Image], test_image: Image
) -> None:
    with pytest.raises(DatabaseError, match="asked for in a query round"), transaction.atomic():
        query_of(site, test_image)
    assert query_of(site, make_image("A1")).pk
