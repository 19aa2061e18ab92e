"""Ten thousand scans come in while ten annotators save; and what they cost against one thousand.

The pictures are decoded already: what is measured is the intake, not the reading of files.
"""

from __future__ import annotations

import hashlib
import statistics
import threading
import time
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.db import connection, transaction

from annotation.models import (
    Annotation,
    Image,
    Revision,
    RevisionContent,
    Scan,
    Site,
    Study,
    Subject,
    Take,
    Visit,
)
from annotation.services import members, scans, sites, studies
from annotation.services.intake.batch import Frame, Outlines
from annotation.services.intake.running import Intake
from annotation.services.scans import StoredPixels
from benchmarks._server import prepare, serving
from benchmarks.saving import Drawing, regions
from core import files
from core.models import User
from core.services import credentials, users

FEW, MANY = 1_000, 10_000
FIRST_DAY = date(2026, 1, 12)
ANNOTATORS = 10
ALONE_SECONDS = 15.0


def run() -> list[dict[str, Any]]:
    """Saves beside an intake against saves without one; many scans against few; scans against
    the bare rows."""
    prepare()
    admin = users.create("admin", actor=None)
    few, many = (_intake_seconds(count, admin) for count in (FEW, MANY))
    bare = _bare_seconds(FEW, admin)
    alone, beside, taken = _beside(admin)
    return [
        {
            "name": f"a save while {MANY:,} scans come in, p99, {ANNOTATORS} annotators",
            "value": _p99(beside),
            "unit": "s",
            "against": "at most 1 s and none refused",
            "target": "<= 1",
            "note": f"{len(beside)} saves, none refused; median "
            f"{1e3 * statistics.median(beside):.0f} ms, most {1e3 * max(beside):.0f} ms; without "
            f"the intake p99 {1e3 * _p99(alone):.0f} ms of {len(alone)}; the intake took "
            f"{taken:.0f} s with its pauses",
        },
        {
            "name": f"intake of {MANY:,} scans with outlines",
            "value": many / few,
            "unit": "x",
            "against": f"intake of {FEW:,}",
            "target": "<= 11",
            "note": f"{many:.1f} s of processor against {few:.1f} s, without pauses",
        },
        {
            "name": f"intake of {FEW:,} scans with outlines",
            "value": few / bare,
            "unit": "x",
            "against": "the same rows of eight tables in one transaction, nothing checked",
            "target": "",
            "note": f"{few:.2f} s of processor against {bare:.2f} s",
        },
    ]


def _frames(count: int) -> list[Frame]:
    """Scans, ten a subject, all of other pixels by their hash; one file holds them."""
    stored = scans.store_pixels(np.zeros((384, 400), np.uint8))
    source = files.store(b"outlines")
    return [
        Frame(
            subject=f"S{number // 10:05d}",
            site="rectus-femoris",
            stored=StoredPixels(
                stored.width,
                stored.height,
                hashlib.sha256(str(number).encode()).hexdigest(),
                stored.file_sha256,
                stored.signature,
            ),
            name=f"{number}.png",
            side=("left", "right")[number % 2],
            visit=FIRST_DAY + timedelta(days=number % 10 // 2),
            outlines=(Outlines(f"{number}.json", source, regions(number % 10)),),
        )
        for number in range(count)
    ]


def _study(name: str, admin: User) -> Study:
    study = studies.create(name, actor=None)
    members.add(study, admin, "admin", actor=None)
    sites.create(study, "rectus-femoris", ["RF"], actor=None)
    return study


def _intake_seconds(count: int, admin: User) -> float:
    """Seconds of processor: neighbours on the machine do not count."""
    study, frames = _study(f"intake-{count}", admin), _frames(count)
    begun = time.process_time()
    for outcomes in Intake(study, frames, actor=admin).take(pause=lambda seconds: None):
        assert all(one.is_taken for one in outcomes)
    return time.process_time() - begun


def _bare_seconds(count: int, admin: User) -> float:
    """Seconds of processor of writing the same rows with nothing looked up or checked."""
    study, frames = _study("bare", admin), _frames(count)
    site = Site.objects.get(study=study)
    begun = time.process_time()
    with transaction.atomic():
        subjects = {frame.subject: Subject(study=study, code=frame.subject) for frame in frames}
        Subject.objects.bulk_create(subjects.values())
        visits = {
            (frame.subject, frame.visit): Visit(subject=subjects[frame.subject], date=frame.visit)
            for frame in frames
        }
        Visit.objects.bulk_create(visits.values())
        of_visits = Scan.objects.bulk_create(
            Scan(visit=visits[(frame.subject, frame.visit)], site=site, side=frame.side)
            for frame in frames
        )
        takes = Take.objects.bulk_create(Take(scan=scan) for scan in of_visits)
        images = Image.objects.bulk_create(
            Image(
                take=take,
                study=study,
                site=site,
                subject=subjects[frame.subject],
                width=frame.stored.width,
                height=frame.stored.height,
                pixel_sha256=frame.stored.pixel_sha256,
                file_sha256=frame.stored.file_sha256,
            )
            for take, frame in zip(takes, frames, strict=True)
        )
        annotations = Annotation.objects.bulk_create(
            Annotation(image=image, author=admin, revision_count=1) for image in images
        )
        revisions = Revision.objects.bulk_create(
            Revision(annotation=row, number=1, digest="0" * 64, author=admin, origin="imported")
            for row in annotations
        )
        RevisionContent.objects.bulk_create(
            RevisionContent(revision=row, regions=list(frame.outlines[0].regions))
            for row, frame in zip(revisions, frames, strict=True)
        )
    return time.process_time() - begun


def _beside(admin: User) -> tuple[list[float], list[float], float]:
    """Seconds of each save without an intake and beside one, and the seconds of the intake."""
    study = _study("beside", admin)
    site = Site.objects.get(study=study)
    tokens, images = [], []
    for number in range(ANNOTATORS):
        person = users.create(f"annotator{number}", actor=None)
        members.add(study, person, "annotator", actor=None)
        image, _ = scans.add_image(
            study,
            site=site,
            subject_code=f"A{number}",
            pixels=np.full((384, 400), number, np.uint8),
            actor=None,
        )
        tokens.append(credentials.make_token(person))
        images.append(image.pk)
    frames = _frames(MANY)
    with serving(workers=2) as port, Drawing(port, tokens, images) as drawing:
        time.sleep(ALONE_SECONDS)
        alone = drawing.drain()
        begun = time.perf_counter()
        coming = threading.Thread(target=_take, args=(study, frames, admin))
        coming.start()
        coming.join()
        seconds = time.perf_counter() - begun
        beside = drawing.drain()
    arrived = Image.objects.filter(study=study).count()
    if arrived != MANY + ANNOTATORS:
        raise RuntimeError(f"{arrived} scans came in instead of {MANY + ANNOTATORS}")
    return alone, beside, seconds


def _take(study: Study, frames: list[Frame], admin: User) -> None:
    try:
        for _ in Intake(study, frames, actor=admin).take():
            pass
    finally:
        connection.close()


def _p99(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=100)[-1]
