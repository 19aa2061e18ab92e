"""How sure a pre-label's source is: shown to whom the pre-label is shown, and to nobody else."""

from __future__ import annotations

import pytest

from annotation.models import Assignment, Partition, SubjectPartition, Suggestion
from annotation.selectors.certainty import certainty_of
from annotation.selectors.editor import annotating_page
from annotation.services import suggestions
from tests.conftest import rectangle

pytestmark = pytest.mark.django_db

PICTURE = b"\x89PNG as it was stored"
INTERVAL = {
    "value": 0.91,
    "low": 0.86,
    "high": 0.95,
    "level": 0.9,
    "n_subjects": 24,
    "coverage": 0.92,
}


@pytest.fixture
def offered(image):
    """A pre-label of three networks with an interval and a map."""

    def offer(**changed) -> Suggestion:
        payload = {
            "predicted_dice": 0.93,
            "predicted_dice_interval": INTERVAL,
            "predicted_dice_note": "",
            "member_outlines": [[rectangle(5, 5, 20 + n, 20)] for n in range(3)],
        }
        return suggestions.offer(
            image,
            [rectangle(5, 5, 21, 20)],
            source="model",
            version="rf-v3",
            payload={**payload, **changed},
            uncertainty_map=PICTURE,
        )

    return offer


def test_the_value_is_the_corrected_one_with_its_interval(offered, image):
    certainty = certainty_of(offered(), image)
    assert (certainty.dice, certainty.interval) == (0.91, (0.86, 0.95))
    assert (certainty.percent, certainty.n_subjects, certainty.note) == (90, 24, "")
    assert certainty.covered_percent == 92


def test_without_an_interval_it_says_why(offered, image):
    note = "no interval below 19 subjects (12 so far)"
    certainty = certainty_of(offered(predicted_dice_interval=None, predicted_dice_note=note), image)
    assert (certainty.dice, certainty.interval, certainty.note) == (0.93, None, note)


def test_the_spread_over_the_networks_is_in_the_image_s_own_mm(offered, image):
    (spread,) = certainty_of(offered(), image).spreads
    x, y = image.calibration.x_mm, image.calibration.y_mm
    assert spread.csa_mm2.mean == pytest.approx(16 * 15 * x * y)
    assert spread.csa_mm2.deviation == pytest.approx(15 * x * y)
    assert spread.mt_mm.deviation == pytest.approx(0)
    assert spread.mt_mm.n == 3


def test_one_network_has_no_spread(offered, image):
    assert certainty_of(offered(member_outlines=[]), image).spreads == []


def test_a_source_that_tells_nothing_shows_nothing(image):
    plain = suggestions.offer(image, [rectangle(5, 5, 20, 20)], source="demo", version="v1")
    assert certainty_of(plain, image) is None


def test_who_reads_blind_gets_neither_figure_nor_map(offered, image, annotator, client):
    offered()
    client.force_login(annotator)
    address = f"/api/v1/images/{image.pk}/uncertainty"
    seen = client.get(address)
    assert (seen.status_code, seen.content) == (200, PICTURE)
    assert seen["Content-Type"] == "image/png"
    page = annotating_page(annotator, image)
    assert page.certainty.dice == 0.91
    assert page.data["uncertainty"]["map"] == address
    Assignment.objects.create(image=image, person=annotator, blind=True)
    page = annotating_page(annotator, image)
    assert (page.certainty, page.data["uncertainty"]) == (None, None)
    assert client.get(address).status_code == 404


def test_nobody_gets_the_map_of_a_test_subject(offered, image, annotator, expert, admin, client):
    offered()
    SubjectPartition.objects.create(subject=image.subject, partition=Partition.TEST)
    for person in (annotator, expert, admin):
        client.force_login(person)
        assert client.get(f"/api/v1/images/{image.pk}/uncertainty").status_code == 404
