"""2,000 random gestures in the editor, judged by shapely, and a user who knows the right border."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from playwright.sync_api import BrowserContext

from annotation.models import Image, Site, Study
from annotation.services import members, outlines, scans, sites, studies
from benchmarks._server import browsing, prepare, serving, session_of
from core.models import User
from core.services import users
from tests.e2e.editor_window import EditorWindow, edit_address
from tests.e2e.ideal_user import Points, muscle, spoiled, strokes_needed
from tests.e2e.random_operations import FOUR, Verdict, judge

GESTURES = 2_000
CONTOURS = 60
SEED = 2
WINDOW = (1280, 720)


def run() -> list[dict[str, Any]]:
    """What went wrong in the random gestures, and how many strokes a wrong contour takes."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # playwright's loop runs in this thread
    prepare()
    study = studies.create("editing", actor=None)
    person = users.create("annotator", actor=None)
    members.add(study, person, "annotator", actor=None)
    with serving(1) as port, browsing(port, session_of(person), WINDOW) as context:
        return [*_random_gestures(context, study, person), _corrections(context, study, person)]


def _random_gestures(context: BrowserContext, study: Study, person: User) -> list[dict[str, Any]]:
    site = sites.create(study, "leg", ["A", "B", "C", "D"], actor=None)
    image = _scan(study, site, person, "S000", FOUR)
    errors: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    verdict = judge(EditorWindow(page).open(edit_address(image)), SEED, GESTURES)
    page.close()
    return _judged(verdict, errors)


def _judged(verdict: Verdict, errors: list[str]) -> list[dict[str, Any]]:
    note = f"{verdict.gestures} gestures, {verdict.changes} changes, seed {SEED}"
    return [
        _row("random gestures: exceptions in the page", len(errors), "", "0", note),
        _row("random gestures: invalid for the server", verdict.invalid, "regions", "0", note),
        _row("random gestures: undo does not end at the start", verdict.bad_undo, "", "0", note),
        _row("random gestures: largest overlap", verdict.overlap_px2, "px2", "<= 0.05", note),
        _row("random gestures: area differs", 100 * verdict.area_error, "%", "<= 0.1", note),
    ]


def _corrections(context: BrowserContext, study: Study, person: User) -> dict[str, Any]:
    site = sites.create(study, "rectus-femoris", ["RF"], actor=None)
    chance = np.random.default_rng(SEED)
    window = EditorWindow(context.new_page())
    strokes = []
    for number in range(1, CONTOURS + 1):
        border = muscle(chance)
        start = [_region(spoiled(border, chance))]
        image = _scan(study, site, person, f"S{number:03d}", start)
        strokes.append(strokes_needed(window.open(edit_address(image)), border, chance))
    return {
        "name": "a fifth of the border wrong: strokes to within 2 px, median",
        "value": float(np.median(strokes)),
        "unit": "strokes",
        "against": "the true border",
        "target": "1, p90 1",
        "note": f"p90 {np.quantile(strokes, 0.9):.0f}, most {max(strokes)}, {CONTOURS} contours",
    }


def _region(ring: Points) -> dict[str, Any]:
    return {"label": "RF", "cut": [], "parts": [[ring.round(3).tolist()]]}


def _scan(
    study: Study, site: Site, person: User, subject: str, regions: list[dict[str, Any]]
) -> Image:
    pixels = np.full((400, 384), 90, np.uint8)
    pixels[0, :3] = [int(digit) for digit in subject[1:]]
    image, _ = scans.add_image(study, site=site, subject_code=subject, pixels=pixels, actor=None)
    outlines.save(image, person, regions, base=0)
    return image


def _row(name: str, value: float, unit: str, target: str, note: str) -> dict[str, Any]:
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "against": "shapely",
        "target": target,
        "note": note,
    }
