"""What was exported comes back: the same subjects, scans and outlines, whatever they are called."""

from __future__ import annotations

import csv
import tempfile
import unicodedata
import uuid
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotation.models import Image, Reference, Study
from annotation.services import exports, members, outlines, references, scans, sites, studies
from annotation.services.exports import ExportRequest
from annotation.services.imports import running
from annotation.services.imports.request import ImportRequest
from core.models import User
from core.services import users
from core.spreadsheets import as_typed, harmless
from domain.errors import InvalidInput, Refused
from domain.file_names import LONGEST, Taken, portable, portable_path
from domain.names import identity, subject_code
from tests.conftest import noise, rectangle

DEVICES = ["CON", "nul", "Com1", "LPT9", "aux.left", "prn "]
LETTERS = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=40)


def _is_code(text: str) -> bool:
    try:
        return bool(subject_code(text))
    except InvalidInput:
        return False


CODES = st.one_of(
    st.sampled_from(["-5", "=1+1", "'-5", "''=1", "@x", "+7", "007", "a,b", 'q"q', "ä;ö", "<b>"]),
    LETTERS.filter(_is_code),
)
FILES = st.one_of(
    st.sampled_from([*DEVICES, "x" * 250, "ü" * 120, ".", "a.", "..b", "a b ", "A", "a"]),
    LETTERS,
)


@given(st.text())
def test_a_text_kept_from_being_a_formula_comes_back(text: str) -> None:
    kept = harmless(text)

    assert as_typed(str(kept)) == text
    assert not str(kept).startswith(("=", "+", "-", "@", "\t", "\r"))


@given(st.one_of(FILES, st.text()))
def test_a_portable_name_fits_every_disk(name: str) -> None:
    found = portable(name)

    assert portable(found) == found == portable(name)
    assert 0 < len(unicodedata.normalize("NFD", found).encode()) <= LONGEST
    assert found == found.strip(" .")
    assert not set(found) & set('<>:"/\\|?*\0')
    assert found.split(".")[0].rstrip().upper() not in {"CON", "NUL", "COM1", "LPT9", "AUX", "PRN"}


def test_a_picture_and_its_outlines_are_shortened_alike() -> None:
    long = "x" * 250
    picture, outlined = portable_path(f"S1/{long}.png"), portable_path(f"S1/{long}.json")

    assert picture.removesuffix(".png") == outlined.removesuffix(".json")
    assert portable_path("CON/nul.png") == "_CON/_nul.png"
    assert portable_path("S1/a.png") == "S1/a.png"


def test_names_that_one_disk_takes_for_one_are_told_apart() -> None:
    taken = Taken()

    found = [taken.free(name, 7) for name in ("a", "A", "a", "a_7")]

    assert len({identity(name) for name in found}) == 4


@pytest.mark.django_db
@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(CODES, FILES), min_size=1, max_size=4, unique_by=lambda pair: identity(pair[0])
    )
)
def test_an_export_comes_back_into_an_empty_study(named: list[tuple[str, str]]) -> None:
    name = f"s{uuid.uuid4().hex[:12]}"
    admin = users.create(f"admin-{name}", actor=None)
    first, second = (studies.create(f"{name}-{n}", actor=None) for n in (1, 2))
    for study in (first, second):
        members.add(study, admin, "admin", actor=None)
    for number, (code, file) in enumerate(named):
        take_reference(first, admin, code, file, number)

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        exports.to_folder(first, ExportRequest("labelme"), out, actor=admin)
        request = ImportRequest(
            source=str(out), manifest=str(out / "manifest.csv"), state="reference"
        )
        report = running.import_files(request, second.name, actor=admin)

    assert [path for path, file in report.files.items() if file.refused] == []
    assert facts(second) == facts(first)


def take_reference(study: Study, admin: User, code: str, file: str, number: int) -> None:
    site = study.sites.first() or sites.create(study, "rf", ["RF"], actor=None)
    image, _ = scans.add_image(
        study,
        site=site,
        subject_code=code,
        pixels=noise(number),
        original_name=f"{file}.png",
        actor=None,
    )
    drawn = [rectangle(5 + number, 5, 30, 30)]
    annotation = outlines.open_annotation(image, member(study), None)
    revision = outlines.append_revision(
        annotation,
        outlines.canonical_regions(image, drawn),
        base=0,
        author=annotation.author,
        origin="drawn",
    )
    references.accept_outside(revision, actor=admin)


def member(study: Study) -> User:
    """An annotator whose name a spreadsheet would take for a formula."""
    name = f"-reader-{study.name}"
    known = User.objects.filter(username=name).first()
    if known is None:
        known = users.create(name, actor=None)
        members.add(study, known, "annotator", actor=None)
    return known


def facts(study: Study) -> set[tuple[object, ...]]:
    """Each scan of a study: whose, where, its pixels and its outline."""
    rows = Reference.objects.filter(image__study=study, superseded_at=None).select_related(
        "image__subject", "image__take__scan", "image__site", "revision__annotation__author"
    )
    return {
        (
            row.image.subject.code,
            row.image.site.slug,
            row.image.take.number,
            row.image.pixel_sha256,
            row.revision.annotation.author.username,
            str(row.revision.regions),
        )
        for row in rows
    }


def test_an_export_that_fails_leaves_nothing(
    tmp_path: Path,
    study: Study,
    image: Image,
    admin: User,
    annotator: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    revision = outlines.save(image, annotator, [rectangle(5, 5, 30, 30)], base=0)
    references.accept_outside(revision, actor=admin)

    def full(path: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    out = tmp_path / "out"
    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(Refused, match="No space left"):
            exports.to_folder(study, ExportRequest("labelme"), out, actor=admin)

    assert list(out.iterdir()) == []
    answer = exports.to_folder(study, ExportRequest("labelme"), out, actor=admin)
    assert answer["images"] == 1
    with (out / "manifest.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["subject"] for row in csv.DictReader(file)] == ["S001"]
    assert (out / "manifest.csv").read_bytes().startswith(b"\xef\xbb\xbf")
