"""Where the model is unsure, over the scan, in Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import expect

from annotation.models import Assignment, Image
from annotation.services import suggestions
from core.models import User
from inference.uncertainty_map import encode
from tests.conftest import rectangle
from tests.e2e.editor_window import EditorWindow, edit_address
from tests.e2e.test_accessibility import violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WindowOf = Callable[..., EditorWindow]


@pytest.fixture
def offered(scan: Image) -> Image:
    """A scan with the pre-label of three networks, unsure along its right border."""
    entropy = np.zeros((scan.height, scan.width), np.float32)
    entropy[90:310, 270:330] = np.sin(np.linspace(0, np.pi, 60, dtype=np.float32))
    interval = {
        "value": 0.91,
        "low": 0.86,
        "high": 0.95,
        "level": 0.9,
        "n_subjects": 24,
        "coverage": 0.92,
    }
    suggestions.offer(
        scan,
        [rectangle(100, 100, 300, 300)],
        source="model",
        version="rectus-femoris-v3",
        probability=0.93,
        payload={
            "predicted_dice": 0.93,
            "predicted_dice_interval": interval,
            "predicted_dice_note": "",
            "member_outlines": [[rectangle(100, 100, 285 + 15 * n, 300)] for n in range(3)],
        },
        uncertainty_map=encode(entropy),
    )
    return scan


def test_the_panel_says_what_dice_to_expect(
    window_of: WindowOf, offered: Image, annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(offered))
    panel = window.page.get_by_role("region", name="Pre-label")
    expect(panel).to_contain_text("rectus-femoris-v3")
    expect(panel).to_contain_text("0.91 (0.86 to 0.95)")
    expect(panel).to_contain_text("90 % interval, 24 subjects, 92 % inside")
    expect(panel).to_contain_text(re.compile(r"CSA 4\.00 ± 0\.30 cm²"))
    expect(panel).to_contain_text("± of 3 networks")


def test_a_key_lays_the_map_and_the_networks_outlines_over_the_scan(
    window_of: WindowOf, offered: Image, annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(offered))
    page = window.page
    picture = page.locator("image.uncertainty")
    expect(picture).to_have_count(0)
    with page.expect_response(lambda answer: answer.url.endswith("/uncertainty")) as answered:
        window.press("Shift+U")
    assert answered.value.status == 200
    expect(picture).to_have_attribute("width", str(offered.width))
    expect(page.locator("path.member")).to_have_count(3)
    expect(page.get_by_role("button", name="Unsure")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("sure", exact=True)).to_be_visible()
    assert violations(page) == []

    page.get_by_label("Map").fill("30")
    assert picture.evaluate("(node) => getComputedStyle(node).opacity") == "0.3"
    window.open(edit_address(offered))
    expect(picture).to_have_count(1)
    page.get_by_role("button", name="Unsure").click()
    expect(picture).to_have_count(0)
    expect(page.locator("path.member")).to_have_count(0)


def test_it_is_no_work_of_the_annotator(
    window_of: WindowOf, offered: Image, annotator: User
) -> None:
    window = window_of(annotator).open(edit_address(offered))
    before = window.regions
    window.press("Shift+U")
    expect(window.page.locator("image.uncertainty")).to_have_count(1)
    assert window.regions == before
    assert not window.ask("touched")


def test_a_blind_reader_has_neither_button_nor_key(
    window_of: WindowOf, offered: Image, annotator: User
) -> None:
    Assignment.objects.create(image=offered, person=annotator, blind=True)
    window = window_of(annotator).open(edit_address(offered))
    expect(window.page.get_by_role("button", name="Unsure")).to_have_count(0)
    window.press("Shift+U")
    expect(window.page.locator("image.uncertainty")).to_have_count(0)
