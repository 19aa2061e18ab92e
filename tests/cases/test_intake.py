"""Shared cases of the intake: an import that fails whole, and files that come again changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from annotation.models import Annotation, Label, Revision, Site, SourceFile, Study
from annotation.services import outlines, review
from core.models import User
from tests.conftest import rectangle
from tests.shared import SHARED, needs_shared

CASES = SHARED / "cases"
pytestmark = [needs_shared, pytest.mark.django_db]


def take_in(source: Path, *more: str) -> dict[str, Any]:
    output = StringIO()
    call_command(
        "import_dataset",
        str(source),
        "--site",
        "rf",
        "--create-site",
        *more,
        "--json",
        stdout=output,
    )
    return dict(json.loads(output.getvalue()))


def of(answer: dict[str, Any], path: str) -> tuple[str, str]:
    (file,) = [file for file in answer["files"] if file["path"] == path]
    return file["status"], " ".join(file["reasons"])


def test_failed_import_leaves_study(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    before = User.objects.count()

    with pytest.raises(CommandError, match="No file was taken"):
        take_in(tmp_path, "--study", "typo")

    assert not Study.objects.exists()
    assert not Site.objects.exists()
    assert not Label.objects.exists()
    assert User.objects.count() == before


def test_reimport_emptied() -> None:
    take_in(CASES / "reimport-emptied" / "first")

    answer = take_in(CASES / "reimport-emptied" / "second")

    status, reasons = of(answer, "S1/a.json")
    assert status == "newer"
    assert "empty reading" in reasons
    assert Revision.objects.get(number=2).regions == []
    assert take_in(CASES / "reimport-emptied" / "second")["counts"]["unchanged"] == 2


@pytest.mark.parametrize("how", ["its author", "an expert"])
def test_reimport_over_correction(how: str, make_user: Callable[..., User]) -> None:
    take_in(CASES / "reimport-over-correction" / "first")
    annotation = Annotation.objects.get()
    image, study = annotation.image, annotation.image.study
    drawn = [rectangle(5, 5, 20, 20, label=image.site.labels.get().name)]
    if how == "its author":
        outlines.append_revision(
            annotation, drawn, base=1, author=annotation.author, origin=Revision.Origin.DRAWN
        )
    else:
        expert = make_user("expert", "expert", study)
        review.correct_and_approve(annotation, 1, expert, drawn)
    before = list(Revision.objects.values())
    states = list(Annotation.objects.values_list("state"))

    preview = take_in(CASES / "reimport-over-correction" / "second", "--dry-run")
    answer = take_in(CASES / "reimport-over-correction" / "second")

    status, reasons = of(answer, "S1/a.json")
    assert status == "worked_here"
    assert "nothing of it is replaced" in reasons
    assert preview["files"] == answer["files"]
    assert list(Revision.objects.values()) == before
    assert list(Annotation.objects.values_list("state")) == states
    assert SourceFile.objects.count() == 2
