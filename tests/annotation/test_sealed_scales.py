"""Scale, selected take and measured frame belong to what a lock seals."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from annotation.models import Calibration, Image, Lock, SealedChange, Site, Study
from annotation.selectors.images import spacing_of
from annotation.services import calibrations, lock, proposals, scans, sealed_changes, split
from core.models import User
from core.triggers import install, remove
from domain.calibration import PixelSpacing
from domain.errors import Conflict, InvalidInput, NotAllowed, Refused
from domain.pixels import Rectangle
from tests.annotation.references import approved_subjects

MakeImage = Callable[..., Image]
ClientOf = Callable[[User], Client]
PARTITIONS = {"T1": "test", "T2": "test", "A1": "train", "V1": "validation"}
OTHER = PixelSpacing(0.2, 0.2, "typed")


@pytest.fixture
def approved(
    study: Study, make_image: MakeImage, annotator: User, expert: User, admin: User
) -> dict[str, Image]:
    made = approved_subjects(make_image, annotator, expert, [*PARTITIONS])
    split.honour(study, PARTITIONS, actor=admin)
    return made


@pytest.fixture
def sealed(site: Site, approved: dict[str, Image], admin: User) -> Lock:
    return lock.seal(site, admin)


def behind_the_back(image: Image) -> None:
    """Another scale, by somebody who switched the triggers off."""
    remove("default")
    row = Calibration.objects.create(image=image, x_mm=0.3, y_mm=0.3, method="typed")
    Image.objects.filter(pk=image.pk).update(calibration=row)
    install("default")


class TestWhatIsSealed:
    def test_the_digest_covers_scale_take_and_frame(self, sealed: Lock) -> None:
        assert sealed.manifest["format"] == 2
        items = sealed.manifest["items"]
        assert items[0]["spacing_mm"] is not None
        for name, value in (
            ("spacing_mm", [0.3, 0.3]),
            ("selected_take", 99),
            ("measured_frame", 7),
        ):
            changed = [{**items[0], name: value}, *items[1:]]
            assert lock.manifest_digest(changed) != sealed.digest

    def test_a_sealed_scan_is_not_recalibrated(
        self, sealed: Lock, approved: dict[str, Image], expert: User
    ) -> None:
        with pytest.raises(Refused, match="next version of the lock"):
            calibrations.calibrate(approved["T1"], OTHER, actor=expert)
        calibrations.calibrate(approved["A1"], OTHER, actor=expert)
        assert lock.verify_lock(sealed) == []

    def test_nor_is_its_take_changed(
        self, make_image: MakeImage, sealed: Lock, approved: dict[str, Image], expert: User
    ) -> None:
        other = make_image("T1", take=2)
        scan = approved["T1"].take.scan
        with pytest.raises(Refused, match="next version of the lock"):
            scans.select_take(scan, other.take, actor=expert, reason="clearer")

    def test_the_database_refuses_both(
        self, make_image: MakeImage, sealed: Lock, approved: dict[str, Image]
    ) -> None:
        image, other = approved["T1"], make_image("T1", take=2)
        row = Calibration.objects.create(image=image, x_mm=0.3, y_mm=0.3, method="typed")
        with pytest.raises(DatabaseError, match="sealed image"), transaction.atomic():
            Image.objects.filter(pk=image.pk).update(calibration=row)
        with pytest.raises(DatabaseError, match="sealed image"), transaction.atomic():
            Image.objects.filter(pk=image.pk).update(calibration=None)
        scan = image.take.scan
        with pytest.raises(DatabaseError, match="sealed scan"), transaction.atomic():
            type(scan).objects.filter(pk=scan.pk).update(selected_take=other.take)

    def test_a_change_behind_the_back_is_found_and_nothing_is_evaluated(
        self, site: Site, sealed: Lock, approved: dict[str, Image], admin: User
    ) -> None:
        behind_the_back(approved["T1"])
        (problem,) = lock.verify_lock(sealed)
        assert "the scale of image" in problem
        with pytest.raises(Refused, match="the scale of image"):
            lock.open_references(site, admin, "evaluate")

    def test_confirming_an_area_leaves_a_sealed_scan_as_it_is(
        self, study: Study, sealed: Lock, approved: dict[str, Image], expert: User
    ) -> None:
        image = approved["T1"]
        take = image.take
        type(take).objects.filter(pk=take.pk).update(device="TE7", depth_mm=40)
        before = spacing_of(image)
        remove("default")
        row = Calibration.objects.create(image=image, x_mm=0.1, y_mm=0.1, method="depth")
        Image.objects.filter(pk=image.pk).update(calibration=row)
        install("default")
        done = calibrations.confirm_area(
            study,
            "TE7",
            image.width,
            image.height,
            Rectangle(0, 0, image.width, image.height // 2),
            actor=expert,
        )
        assert done == calibrations.Confirmed(sealed=1)
        image.refresh_from_db()
        assert image.calibration == row
        assert before is not None


class TestOlderLocks:
    @pytest.fixture
    def older(self, sealed: Lock) -> Lock:
        """The same lock as it was written before scales were sealed."""
        names = ("image", "subject", "pixel_sha256", "revision", "revision_digest", "how")
        items = [{name: one[name] for name in names} for one in sealed.manifest["items"]]
        triples = sorted(
            (one["image"], one["pixel_sha256"], one["revision_digest"]) for one in items
        )
        digest = hashlib.sha256(json.dumps(triples, separators=(",", ":")).encode()).hexdigest()
        remove("default")
        manifest = {**sealed.manifest, "format": 1, "items": items}
        Lock.objects.filter(pk=sealed.pk).update(manifest=manifest, digest=digest)
        install("default")
        sealed.refresh_from_db()
        return sealed

    def test_they_verify(self, older: Lock) -> None:
        assert lock.verify_lock(older) == []

    def test_a_scale_set_since_the_seal_is_found(
        self, older: Lock, approved: dict[str, Image]
    ) -> None:
        behind_the_back(approved["T1"])
        assert "the scale of image" in lock.verify_lock(older)[0]

    def test_the_next_version_seals_the_scales_though_the_outlines_are_the_same(
        self, site: Site, older: Lock, admin: User, client_of: ClientOf
    ) -> None:
        page = client_of(admin).get("/studies/lab/lock/").content.decode()
        assert "from before scales" in page
        newer = lock.seal(site, admin)
        assert (newer.version, newer.manifest["format"]) == (2, 2)
        assert lock.verify_lock(newer) == lock.verify_lock(older) == []
        with pytest.raises(Conflict):
            lock.seal(site, admin)


class TestProposals:
    def test_the_next_version_takes_a_scale(
        self, site: Site, sealed: Lock, approved: dict[str, Image], expert: User, admin: User
    ) -> None:
        image = approved["T1"]
        change = sealed_changes.propose_scale(
            image, OTHER, actor=expert, reason="the ruler says 0.2"
        )
        image.refresh_from_db()
        assert spacing_of(image) != OTHER
        assert lock.verify_lock(sealed) == []
        newer = lock.seal(site, admin)
        image.refresh_from_db()
        change.refresh_from_db()
        assert spacing_of(image) == OTHER
        assert change.state == SealedChange.State.TAKEN
        assert newer.version == 2
        assert lock.verify_lock(newer) == lock.verify_lock(sealed) == []

    def test_the_next_version_takes_a_take(
        self,
        site: Site,
        make_image: MakeImage,
        sealed: Lock,
        approved: dict[str, Image],
        expert: User,
        admin: User,
    ) -> None:
        other, scan = make_image("T1", take=2), approved["T1"].take.scan
        sealed_changes.propose_take(scan, other.take, actor=expert, reason="clearer fascia")
        lock.seal(site, admin)
        scan.refresh_from_db()
        assert scan.selected_take == other.take
        assert scan.selected_at is not None

    def test_an_admin_declines(
        self, site: Site, sealed: Lock, approved: dict[str, Image], expert: User, admin: User
    ) -> None:
        change = sealed_changes.propose_scale(
            approved["T1"], OTHER, actor=expert, reason="the ruler"
        )
        with pytest.raises(NotAllowed):
            proposals.decline(change, expert, "no")
        proposals.decline(change, admin, "the ruler is of another depth")
        with pytest.raises(Conflict):
            proposals.decline(change, admin, "again")
        with pytest.raises(Conflict):
            lock.seal(site, admin)
        with pytest.raises(DatabaseError), transaction.atomic():
            SealedChange.objects.filter(pk=change.pk).update(note="other")

    def test_what_is_refused(
        self, sealed: Lock, approved: dict[str, Image], expert: User, annotator: User
    ) -> None:
        image = approved["T1"]
        with pytest.raises(NotAllowed):
            sealed_changes.propose_scale(image, OTHER, actor=annotator, reason="x")
        with pytest.raises(InvalidInput):
            sealed_changes.propose_scale(image, OTHER, actor=expert, reason=" ")
        with pytest.raises(Refused, match="not sealed"):
            sealed_changes.propose_scale(approved["A1"], OTHER, actor=expert, reason="x")
        sealed_changes.propose_scale(image, OTHER, actor=expert, reason="x")
        with pytest.raises(Conflict):
            sealed_changes.propose_scale(image, OTHER, actor=expert, reason="x")

    def test_in_the_browser(
        self,
        sealed: Lock,
        approved: dict[str, Image],
        expert: User,
        admin: User,
        client_of: ClientOf,
    ) -> None:
        path = f"/studies/lab/images/{approved['T1'].pk}/"
        said = {
            "act": "calibrate",
            "calibrate-x_mm": "0.2",
            "calibrate-y_mm": "0.2",
            "calibrate-reason": "the ruler says so",
        }
        assert client_of(expert).post(path, said).status_code == 302
        assert "proposes the scale 0.2000" in client_of(expert).get(path).content.decode()
        locks = "/studies/lab/lock/"
        assert "the ruler says so" in client_of(admin).get(locks).content.decode()
        change = SealedChange.objects.get()
        declined = {"act": "decline-change", "proposal": change.pk, "note": "no"}
        assert client_of(admin).post(locks, declined).status_code == 302
        change.refresh_from_db()
        assert change.state == SealedChange.State.DECLINED
