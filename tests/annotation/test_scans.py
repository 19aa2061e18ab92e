"""Taking images in, calibrating, selecting, moving, erasing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import DatabaseError, transaction

from annotation.models import (
    Image,
    Lock,
    LockedImage,
    Partition,
    RevisionContent,
    Site,
    Study,
    Subject,
    SubjectPartition,
    Take,
)
from annotation.selectors.images import pixels, spacing_of
from annotation.services import calibrations, outlines, scans, sites, subjects
from core import files
from core.integrity import run_all
from core.models import AuditEvent, User
from domain.calibration import PixelSpacing
from domain.errors import InvalidInput, NotAllowed, Refused
from domain.names import identity
from tests.conftest import noise, rectangle


def lock_of(image: Image, actor: User, annotator: User) -> Lock:
    """A lock that holds one image, put together by hand."""
    SubjectPartition.objects.update_or_create(
        subject=image.subject, defaults={"partition": Partition.TEST}
    )
    revision = outlines.save(image, annotator, [rectangle(5, 5, 20, 20)], base=0)
    lock = Lock.objects.create(
        site=image.site, version=1, digest="0" * 64, manifest=[], basis="test", sealed_by=actor
    )
    LockedImage.objects.create(
        lock=lock,
        image=image,
        subject=image.subject,
        revision=revision,
        pixel_sha256=image.pixel_sha256,
    )
    return lock


def test_stored_pixels_come_back_unchanged(make_image: Callable[..., Image]) -> None:
    image = make_image(pixels=noise(7))
    assert (pixels(image) == noise(7)).all()
    assert scans.pixel_hash(pixels(image)) == image.pixel_sha256


def test_the_same_pixels_at_the_same_place_change_nothing(
    make_image: Callable[..., Image],
) -> None:
    first = make_image("S1", take=1, pixels=noise(1))
    second = make_image("S1", take=1, pixels=noise(1))
    assert first == second
    with pytest.raises(Refused, match="other pixels"):
        make_image("S1", take=1, pixels=noise(2))


def test_the_same_pixels_under_two_subjects_are_stored_once(
    make_image: Callable[..., Image],
) -> None:
    first, second = make_image("S1", pixels=noise(1)), make_image("S2", pixels=noise(1))
    assert first != second
    assert first.file_sha256 == second.file_sha256


def test_the_first_take_is_selected_until_somebody_chooses(
    make_image: Callable[..., Image], expert: User, annotator: User
) -> None:
    make_image("S1", take=1)
    second = make_image("S1", take=2)
    scan = second.take.scan
    scan.refresh_from_db()
    assert scan.selected_take == Take.objects.get(number=1)
    with pytest.raises(NotAllowed):
        scans.select_take(scan, second.take, actor=annotator, reason="clearer")
    scans.select_take(scan, second.take, actor=expert, reason="clearer fascia")
    scan.refresh_from_db()
    assert (scan.selected_take, scan.selected_by) == (second.take, expert)


def test_a_calibration_is_never_edited(image: Image, expert: User, annotator: User) -> None:
    with pytest.raises(NotAllowed):
        calibrations.calibrate(image, PixelSpacing(0.2, 0.2, "depth"), actor=annotator)
    calibrations.calibrate(image, PixelSpacing(0.2, 0.2, "depth"), actor=expert)
    image.refresh_from_db()
    assert spacing_of(image) == PixelSpacing(0.2, 0.2, "depth")
    assert image.calibrations.count() == 2
    with pytest.raises(DatabaseError), transaction.atomic():
        image.calibrations.update(x_mm=1.0)


def test_a_wrong_subject_is_put_right_and_audited(image: Image, admin: User, expert: User) -> None:
    with pytest.raises(NotAllowed):
        scans.move_image(image, actor=expert, reason="typo", subject_code="S999")
    with pytest.raises(InvalidInput, match="why"):
        scans.move_image(image, actor=admin, reason=" ", subject_code="S999")
    gone = Subject.objects.create(study=image.study, code="S998", identity=identity("S998"))
    subjects.withdraw(gone, actor=admin, reason="letter of today")
    with pytest.raises(Refused, match="withdrew consent"):
        scans.move_image(image, actor=admin, reason="typo", subject_code="s998")
    moved = scans.move_image(image, actor=admin, reason="typo", subject_code="S999", side="left")
    assert (moved.subject.code, moved.take.scan.side) == ("S999", "left")
    assert moved.take.scan.visit.subject == moved.subject
    assert AuditEvent.objects.filter(verb="image moved").exists()


def test_an_image_with_outlines_keeps_its_site(
    image: Image, study: Study, annotator: User, admin: User
) -> None:
    other = sites.create(study, "biceps", ["BB"], actor=None)
    outlines.save(image, annotator, [rectangle(5, 5, 20, 20)], base=0)
    with pytest.raises(Refused, match="site"):
        scans.move_image(image, actor=admin, reason="typo", site=other)


def test_a_locked_image_stays_where_it_is(
    make_image: Callable[..., Image], admin: User, annotator: User
) -> None:
    image = make_image("S1")
    lock_of(image, admin, annotator)
    with pytest.raises(Refused, match="locked"):
        scans.move_image(image, actor=admin, reason="typo", subject_code="S2")
    other = make_image("S2").subject
    with pytest.raises(DatabaseError, match="stays"), transaction.atomic():
        Image.objects.filter(pk=image.pk).update(subject=other)


def test_no_image_crosses_the_border_of_the_test_partition(
    make_image: Callable[..., Image], admin: User
) -> None:
    inside, outside = make_image("S1"), make_image("S2")
    for image, partition in ((inside, Partition.TEST), (outside, Partition.TRAIN)):
        SubjectPartition.objects.create(subject=image.subject, partition=partition)
    for image, code in ((inside, "S2"), (outside, "S1")):
        with pytest.raises(Refused, match="border"):
            scans.move_image(image, actor=admin, reason="typo", subject_code=code)


def test_an_unassigned_image_does_not_slip_into_the_test_partition(
    make_image: Callable[..., Image], admin: User
) -> None:
    inside, loose = make_image("S1"), make_image("S2")
    SubjectPartition.objects.create(subject=inside.subject, partition=Partition.TEST)
    with pytest.raises(Refused, match="border"):
        scans.move_image(loose, actor=admin, reason="typo", subject_code="S1")
    with pytest.raises(Refused, match="border"):
        scans.move_image(inside, actor=admin, reason="typo", subject_code="S2")


@pytest.mark.django_db(transaction=True)
def test_withdrawn_consent_erases_pixels_and_contours_and_leaves_a_tombstone(
    make_image: Callable[..., Image], admin: User, annotator: User, expert: User
) -> None:
    image, other = make_image("S1"), make_image("S2")
    shared = make_image("S1", pixels=pixels(other))
    revision = outlines.save(image, annotator, [rectangle(5, 5, 20, 20)], base=0)
    with pytest.raises(NotAllowed):
        subjects.withdraw(image.subject, actor=expert, reason="letter of 2026-03-02")
    subjects.withdraw(image.subject, actor=admin, reason="letter of 2026-03-02")
    assert not files.exists(image.file_sha256)
    assert files.exists(shared.file_sha256)
    assert not RevisionContent.objects.filter(revision=revision).exists()
    revision.refresh_from_db()
    assert revision.digest
    with pytest.raises(Refused, match="withdrew"):
        make_image("S1")
    found = run_all()
    assert not [found[name] for name in ("images", "imported files", "revisions") if found[name]]


def test_verify_finds_a_damaged_file(image: Image, settings) -> None:
    path = settings.MYOTRACE_DATA / "blobs" / image.file_sha256[:2] / image.file_sha256[2:4]
    (path / image.file_sha256).write_bytes(b"not a scan")
    assert any(str(image.pk) in line for line in run_all()["images"])


def test_bad_pixels_are_refused(make_image: Callable[..., Image]) -> None:
    with pytest.raises(InvalidInput):
        make_image(pixels=noise(1).astype("float32"))
    with pytest.raises(InvalidInput):
        make_image(pixels=noise(1)[:0])


@pytest.mark.parametrize("code", ["   ", "x" * 65, "a\nb"])
def test_a_subject_needs_a_code(make_image: Callable[..., Image], site: Site, code: str) -> None:
    with pytest.raises(InvalidInput, match="code"):
        make_image(code)
