"""A scan of the real muscle set goes from pre-label to approved by keys and pen alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage
from playwright.sync_api import expect
from shapely import Polygon

from annotation.models import Annotation, Image, Study
from annotation.services import sites, suggestions
from core.models import User
from tests.e2e.editor_window import EditorWindow, edit_address, review_address
from tests.e2e.hand import Hand
from tests.e2e.ideal_user import Points, resampled, spoiled, strokes_needed
from tests.shared import SHARED, needs_shared

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), needs_shared]

MUSCLES = SHARED / "data" / "muscle_longitudinal"
LABEL = "muscle"


def reference(name: str) -> Points:
    """The expert's outline that came with the scan, 150 points in px."""
    shapes = json.loads((MUSCLES / "labelme" / f"{name}.json").read_text())["shapes"]
    return resampled(max((np.array(one["points"]) for one in shapes), key=area))


def area(ring: Points) -> float:
    return Polygon(ring).area


def dice(ring: Points, other: Points) -> float:
    common = Polygon(ring).intersection(Polygon(other)).area
    return 2 * common / (area(ring) + area(other))


def pixels(path: Path) -> np.ndarray:
    with PillowImage.open(path) as picture:
        return np.asarray(picture.convert("L"))


def test_a_pre_label_is_corrected_submitted_and_approved_by_keys_and_pen(
    window_of: Callable[..., EditorWindow],
    study: Study,
    make_image: Callable[..., Image],
    annotator: User,
    expert: User,
) -> None:
    chance = np.random.default_rng(7)
    border = reference("img_00002")
    wrong = spoiled(border, chance)
    site = sites.create(study, "muscle-longitudinal", [LABEL], plane="longitudinal", actor=None)
    scan = make_image("c001", site=site, pixels=pixels(MUSCLES / "images" / "img_00002.png"))
    region = {"label": LABEL, "cut": [], "parts": [[wrong.round(3).tolist()]]}
    suggestions.offer(scan, [region], source="model", version="muscle-v1")

    window = window_of(annotator).open(edit_address(scan))
    window.press("a")
    assert strokes_needed(window, border, chance, Hand(window).pen) <= 2
    window.saved()
    window.press("Enter")
    window.page.wait_for_url(lambda address: edit_address(scan) not in address)

    work = Annotation.objects.get(image=scan)
    assert work.state == Annotation.State.SUBMITTED
    corrected = np.array(work.revisions.latest("number").regions[0]["parts"][0][0])
    assert dice(wrong, border) < 0.99 < dice(corrected, border)

    window = window_of(expert)
    window.page.goto("/")
    window.press("Enter")
    window.page.wait_for_url(f"**{review_address(work)}?list=review")
    expect(window.page.locator(".editor-stage canvas")).to_be_visible()
    window.press("a")
    window.page.wait_for_url(lambda address: review_address(work) not in address)
    work.refresh_from_db()
    assert work.state == Annotation.State.APPROVED
