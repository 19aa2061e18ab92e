"""Copies across subjects: who is told, what is never asked for, what goes with consent."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.test import Client

from annotation.models import Alignment, Image, Signature, Site, Study, Subject, SubjectPartition
from annotation.selectors import duplicates, images, pool
from annotation.services import alignments, lock, scans, signatures, split, subjects
from annotation.services.imports import copies
from annotation.services.imports.report import ImportReport
from annotation.services.intake.batch import Frame
from core.models import User
from domain import lookalike, phantom
from tests.annotation.references import approve
from tests.conftest import noise
from tests.domain.test_lookalike import COPIES

MakeImage = Callable[..., Image]


@pytest.fixture
def scan() -> phantom.PhantomImage:
    return phantom.scan(phantom.cohort(1, seed=5)[0], "rectus-femoris")


@pytest.fixture
def pair(make_image: MakeImage, scan: phantom.PhantomImage) -> tuple[Image, Image]:
    """A scan of S1, and a crop of it under S2."""
    original = make_image("S1", pixels=scan.pixels)
    return original, make_image("S2", pixels=COPIES["all of it"](scan.pixels))


def test_a_copy_under_another_subject_is_found_both_ways(
    study: Study, pair: tuple[Image, Image], make_image: MakeImage
) -> None:
    make_image("S3")
    original, copy = pair
    found = duplicates.lookalikes_of(Image.objects.all(), Image.objects.all())
    assert {pk: one.like_image for pk, one in found.items()} == {
        original.pk: copy.pk,
        copy.pk: original.pk,
    }
    assert found[copy.pk].like_subject == "S1"


def test_copies_of_the_same_subject_are_no_matter(
    study: Study, make_image: MakeImage, scan: phantom.PhantomImage
) -> None:
    make_image("S1", pixels=scan.pixels)
    make_image("S1", pixels=COPIES["smaller"](scan.pixels))
    assert duplicates.lookalikes_of(Image.objects.all(), Image.objects.all()) == {}


def test_copies_of_another_study_are_no_matter(
    study: Study, pair: tuple[Image, Image], stranger: User, admin: User
) -> None:
    split.honour(study, {"S1": "test"}, actor=admin)
    assert set(duplicates.held_out_lookalikes(study, [pair[1].pk])) == {pair[1].pk}
    elsewhere = Study.objects.get(name="elsewhere")
    assert duplicates.held_out_lookalikes(elsewhere, [pair[1].pk]) == {}


def test_a_query_round_asks_for_no_copy_of_a_test_scan(
    study: Study, site: Site, pair: tuple[Image, Image], make_image: MakeImage, admin: User
) -> None:
    wanted = make_image("S3")
    split.honour(study, {"S1": "test", "S2": "train", "S3": "train"}, actor=admin)
    assert pool.query_candidates(site) == [wanted]


def test_the_same_pixels_share_a_signature(make_image: MakeImage) -> None:
    one, two = make_image("S1", pixels=noise(1)), make_image("S2", pixels=noise(1))
    kept = {row.pk: bytes(row.hashes) for row in Signature.objects.all()}
    assert kept[one.pk] == kept[two.pk]


def test_older_signatures_are_computed_again(study: Study, make_image: MakeImage) -> None:
    image = make_image("S1")
    before = bytes(Signature.objects.get(pk=image.pk).hashes)
    Signature.objects.update(version=0, hashes=b"")
    assert signatures.complete(study) == 1
    assert bytes(Signature.objects.get(pk=image.pk).hashes) == before
    assert signatures.complete(study) == 0


def test_withdrawn_consent_erases_the_signature(
    study: Study, pair: tuple[Image, Image], admin: User
) -> None:
    subjects.withdraw(Subject.objects.get(code="S1"), actor=admin, reason="withdrew consent")
    assert set(Signature.objects.values_list("pk", flat=True)) == {pair[1].pk}
    assert signatures.complete(study) == 0
    assert duplicates.lookalikes_of(Image.objects.all(), Image.objects.all()) == {}


def test_the_command_names_them(study: Study, pair: tuple[Image, Image]) -> None:
    out = io.StringIO()
    call_command("lookalikes", "--study", "lab", "--json", stdout=out)
    found = json.loads(out.getvalue())["lookalikes"]
    assert [(one["subject"], one["like_subject"]) for one in found] == [("S1", "S2"), ("S2", "S1")]
    words = io.StringIO()
    call_command("lookalikes", "--study", "lab", stdout=words)
    assert "looks like image" in words.getvalue()


def test_the_command_says_so_where_there_is_none(study: Study, make_image: MakeImage) -> None:
    make_image("S1")
    words = io.StringIO()
    call_command("lookalikes", "--study", "lab", stdout=words)
    assert "No scan looks like another" in words.getvalue()


def test_sealing_names_copies_under_subjects_that_models_learn_from(
    study: Study,
    site: Site,
    pair: tuple[Image, Image],
    annotator: User,
    expert: User,
    admin: User,
    client_of: Callable[[User], Client],
) -> None:
    original, copy = pair
    approve(original, annotator, expert)
    split.honour(study, {"S1": "test", "S2": "train"}, actor=admin)
    sealed = lock.seal(site, admin)
    assert sealed.manifest["lookalikes"] == [
        {"image": original.pk, "like": copy.pk, "subject": "S2"}
    ]
    page = client_of(admin).get("/studies/lab/lock/").content.decode()
    assert "1 sealed image looks like a scan of a subject that models learn from" in page


def test_a_large_import_is_compared_later_and_says_so(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "MOST_PAIRS", 3)
    report = ImportReport()
    frames = [Frame(code, "rf", scans.store_pixels(noise(n))) for n, code in enumerate("ab")]
    copies.warn_of_copies(study, frames, report)
    (note,) = report.notes
    assert "lookalikes" in note


class TestAlignments:
    """The costly part of a comparison is made once for each pair, and read from then on."""

    def test_each_pair_is_aligned_once(
        self, pair: tuple[Image, Image], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        everything = Image.objects.all()
        before = duplicates.lookalikes_of(everything, everything)
        assert alignments.complete(everything, everything) == Alignment.objects.count() > 0
        assert alignments.complete(everything, everything) == 0
        monkeypatch.setattr(lookalike, "correlations", None)
        assert duplicates.lookalikes_of(everything, everything) == before != {}

    def test_what_is_not_kept_is_aligned_when_it_is_asked_for(
        self, pair: tuple[Image, Image], make_image: MakeImage, scan: phantom.PhantomImage
    ) -> None:
        third = make_image("S3", pixels=COPIES["smaller"](scan.pixels))
        everything = Image.objects.all()
        before = duplicates.lookalikes_of(everything, everything)
        alignments.complete(everything, everything)
        Alignment.objects.filter(crop=pair[1]).delete()
        assert Alignment.objects.exists()
        assert duplicates.lookalikes_of(everything, everything) == before
        assert set(before) == {pair[0].pk, pair[1].pk, third.pk}

    def test_those_of_an_older_version_are_not_asked(
        self, pair: tuple[Image, Image], study: Study
    ) -> None:
        everything = Image.objects.all()
        alignments.complete(everything, everything)
        Alignment.objects.update(version=0, correlation=0.0)
        assert set(duplicates.lookalikes_of(everything, everything)) == {one.pk for one in pair}
        assert alignments.complete(everything, everything) > 0

    def test_pixels_as_decoded_are_never_looked_up(
        self, pair: tuple[Image, Image], study: Study
    ) -> None:
        """The training process believes no row: a kept 0 does not let a copy through."""
        everything = Image.objects.all()
        alignments.complete(everything, everything)
        Alignment.objects.update(correlation=0.0)
        seen = {pair[1].pk: lookalike.signature(images.pixels(pair[1]))}
        codes = {pair[1].pk: pair[1].subject.code}
        SubjectPartition.objects.create(subject=pair[0].subject, partition="test")
        assert set(duplicates.held_out_lookalikes_of(study, seen, codes)) == {pair[1].pk}

    def test_withdrawn_consent_erases_them(self, pair: tuple[Image, Image], admin: User) -> None:
        everything = Image.objects.all()
        alignments.complete(everything, everything)
        subjects.withdraw(pair[0].subject, actor=admin, reason="asked to")
        assert not Alignment.objects.exists()

    def test_an_import_pays_so_that_a_seal_and_a_run_align_nothing(
        self, study: Study, pair: tuple[Image, Image], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        copies.keep_alignments(study, pair)
        SubjectPartition.objects.create(subject=pair[0].subject, partition="test")
        monkeypatch.setattr(lookalike, "correlations", None)
        held_out, others = Image.objects.filter(pk=pair[0].pk), Image.objects.filter(pk=pair[1].pk)
        assert alignments.complete(held_out, others) == 0
        assert alignments.complete_held_out(study, [pair[1].pk]) == 0
        assert set(duplicates.held_out_lookalikes(study, [pair[1].pk])) == {pair[1].pk}
