"""A list page at 100 and at 50,000 images: seconds and query counts, in one run."""

from __future__ import annotations

import time
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from annotation.models import Image, Scan, Study, Subject, Take, Visit
from annotation.services import members, sites, studies
from core.services import credentials, users

SMALL, LARGE = 100, 50_000
ROUNDS = 15
IMAGES_PER_SUBJECT = 10
TARGET = "<= 1.5, equal queries"
ADDRESSES = {
    "page: images": "/studies/large/images/",
    "page: queue": "/studies/large/queue/",
    "API: images": "/api/v1/images/?study=large",
}


def run() -> list[dict[str, Any]]:
    """The ratio of the seconds at 50,000 and at 100 images, page by page."""
    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    person = users.create("annotator", actor=None)
    study = studies.create("large", actor=None)
    members.add(study, person, "annotator", actor=None)
    site = sites.create(study, "rectus-femoris", ["RF"], actor=None)
    token = credentials.make_token(person)
    client = Client(SERVER_NAME="127.0.0.1", headers={"authorization": f"Token {token}"})
    client.force_login(person)
    _fill(study, site, SMALL)
    small = {name: _measure(client, address) for name, address in ADDRESSES.items()}
    _fill(study, site, LARGE)
    large = {name: _measure(client, address) for name, address in ADDRESSES.items()}
    return [_row(name, small[name], large[name]) for name in ADDRESSES]


def _fill(study: Study, site: Any, total: int) -> None:
    """Rows up to `total` images, written past the services: only reading them is measured."""
    first = Image.objects.count()
    for start in range(first, total, 1000):
        _subjects(study, site, start, min(start + 1000, total))


def _subjects(study: Study, site: Any, start: int, end: int) -> None:
    numbers = range(start, end, IMAGES_PER_SUBJECT)
    subjects = Subject.objects.bulk_create(
        Subject(study=study, code=f"S{number:06d}") for number in numbers
    )
    visits = Visit.objects.bulk_create(Visit(subject=subject) for subject in subjects)
    scans = Scan.objects.bulk_create(Scan(visit=visit, site=site) for visit in visits)
    takes = Take.objects.bulk_create(Take(scan=scan) for scan in scans)
    Image.objects.bulk_create(
        Image(
            take=take,
            frame=frame,
            study=study,
            site=site,
            subject=subject,
            width=400,
            height=384,
            pixel_sha256=f"{subject.pk:060d}{frame:04d}",
            file_sha256=f"{subject.pk:060d}{frame:04d}",
        )
        for subject, take in zip(subjects, takes, strict=True)
        for frame in range(IMAGES_PER_SUBJECT)
    )


def _measure(client: Client, address: str) -> tuple[float, int]:
    """Seconds of the fastest answer, which other work on the machine disturbs least; queries."""
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address)
    count = len(queries)  # the next request empties the log
    if answer.status_code != 200:
        raise RuntimeError(f"{address} answered {answer.status_code}")
    seconds = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        client.get(address)
        seconds.append(time.perf_counter() - begun)
    return min(seconds), count


def _row(name: str, small: tuple[float, int], large: tuple[float, int]) -> dict[str, Any]:
    return {
        "name": name,
        "value": large[0] / small[0],
        "unit": f"ratio, {small[1]} and {large[1]} queries",
        "against": f"the same page at {SMALL} images",
        "target": TARGET,
        "note": f"{1e3 * large[0]:.0f} ms at {LARGE}, {1e3 * small[0]:.0f} ms at {SMALL}",
    }
