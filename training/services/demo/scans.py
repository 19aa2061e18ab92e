"""Taking phantom scans of one subject in: sites, visits, takes, the sweep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import transaction

from annotation.models import Calibration
from annotation.services import scans
from domain import phantom
from domain.calibration import PixelSpacing
from domain.geometry import Region
from domain.phantom.view import stream
from domain.pixels import Rectangle
from training.services.demo.people import People

if TYPE_CHECKING:
    from annotation.models import Image, Site, Study

SIDE = "right"
SWEEP_FRAMES = 6
OUTLINED_FRAMES = (2, 4)
FIRST_DAY = date(2026, 1, 12)
BETWEEN_VISITS = timedelta(days=91)
SECOND_VISIT_EVERY = 4
SITE_SHARE = 0.7
DEVICE = "phantom generator"


@dataclass(frozen=True)
class TakenImage:
    """An image that was taken in, with what only the generator knows.

    `key` names the picture in random streams; `selected`: of the selected take; `outlined`: one
    that people of the demo work on.
    """

    image: Image
    subject: phantom.PhantomSubject
    key: tuple[int | str, ...]
    truth: tuple[Region, ...]
    selected: bool
    outlined: bool


def take_in(
    study: Study, sites: dict[str, Site], subject: phantom.PhantomSubject, team: People
) -> list[TakenImage]:
    """All scans of one phantom subject, in one transaction. What is there already stays."""
    with transaction.atomic():
        return [
            taken
            for slug, visit in _scans_of(subject)
            for taken in _scan(study, sites[slug], subject, visit, team)
        ]


def _scans_of(subject: phantom.PhantomSubject) -> Iterator[tuple[str, int]]:
    """(site, visit) of each scan: rectus femoris always, others by chance; some come again."""
    rng = stream(subject.seed, subject.number, "demo sites")
    slugs = [
        slug
        for position, slug in enumerate(phantom.SITES)
        if rng.random() < SITE_SHARE or position == 0
    ]
    yield from ((slug, 0) for slug in slugs)
    if subject.number % SECOND_VISIT_EVERY == 0:
        yield from ((slug, 1) for slug in slugs[:2])


def _scan(
    study: Study, site: Site, subject: phantom.PhantomSubject, visit: int, team: People
) -> list[TakenImage]:
    slug = site.slug
    if phantom.SITES[slug].dynamic:
        sweep = phantom.sweep(subject, slug, frames=SWEEP_FRAMES, side=SIDE, visit=visit)
        return [
            _take_in(study, site, subject, visit, 1, frame, picture, "dynamic", True)
            for frame, picture in enumerate(sweep)
        ]
    clearer = phantom.clearer_take(subject, slug, side=SIDE, visit=visit)
    taken = []
    for take in (1, 2):
        picture = phantom.scan(subject, slug, side=SIDE, visit=visit, take=take)
        taken.append(
            _take_in(study, site, subject, visit, take, 0, picture, "static", take == clearer)
        )
    _select(taken[clearer - 1], team)
    return taken


def _take_in(
    study: Study,
    site: Site,
    subject: phantom.PhantomSubject,
    visit: int,
    take: int,
    frame: int,
    picture: phantom.PhantomImage,
    kind: str,
    selected: bool,
) -> TakenImage:
    image, _ = scans.add_image(
        study,
        site=site,
        subject_code=subject.code,
        pixels=np.ascontiguousarray(picture.pixels),
        side=SIDE,
        visit=FIRST_DAY + timedelta(days=subject.number) + visit * BETWEEN_VISITS,
        take=take,
        frame=frame,
        original_name=f"{subject.code}-{site.slug}-v{visit + 1}-t{take}-f{frame}.png",
        spacing=PixelSpacing(phantom.SPACING_MM, phantom.SPACING_MM, Calibration.Method.PHANTOM),
        area=Rectangle(0, 0, phantom.WIDTH, phantom.HEIGHT),
        subject_fields=_subject_fields(subject),
        take_fields={
            "kind": kind,
            "operator": f"operator {1 + subject.number % 2}",
            "device": DEVICE,
            "preset": "muscle",
            "depth_mm": phantom.DEPTH_MM,
        },
        actor=None,
    )
    key = (subject.seed, subject.number, site.slug, visit, take, frame)
    outlined = frame in OUTLINED_FRAMES if kind == "dynamic" else True
    return TakenImage(image, subject, key, picture.regions, selected, outlined)


def _select(taken: TakenImage, team: People) -> None:
    scan = taken.image.take.scan
    if scan.selected_by_id is None:
        scans.select_take(scan, taken.image.take, actor=team.expert, reason="clearer fascia")


def _subject_fields(subject: phantom.PhantomSubject) -> dict[str, Any]:
    return {
        "centre": "Phantom laboratory",
        "cohort": subject.cohort,
        "sex": subject.sex,
        "age": subject.age,
    }
