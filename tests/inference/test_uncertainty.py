"""What a pre-label says of itself: predicted Dice, its interval, members, the map."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as PillowImage

from annotation.models import Suggestion
from annotation.services import subjects
from core.services import jobs
from domain import conformal
from inference import uncertainty_map
from inference.models import DiceInterval, Prediction
from inference.services import intervals, pointers, prediction, prelabelling, registry
from tests.inference.tiny_models import brightness_network, card_json
from training.backends.ensemble import merge

INTERVAL = conformal.DiceInterval(-0.1, 0.02, -0.03, 24, 0.9, (0.8, 0.97))


@pytest.fixture
def model(site, admin, make_model):
    served = make_model()
    pointers.move(site, "pre-label", served, actor=admin)
    return served


def opacity(picture: bytes) -> np.ndarray:
    with PillowImage.open(io.BytesIO(picture)) as opened:
        return np.asarray(opened.convert("RGBA"))[..., 3]


def test_the_map_is_small_clear_where_the_model_is_sure_and_dense_where_not():
    entropy = np.tile(np.linspace(0, 1, 400, dtype=np.float32), (384, 1))
    picture = uncertainty_map.encode(entropy)
    seen = opacity(picture)
    assert seen.shape == (384, 400)
    assert (seen[:, 0] == 0).all()
    assert (np.diff(seen[0].astype(int)) >= 0).all()
    assert seen[0, -1] > 200
    noise = np.random.default_rng(0).random((384, 400), dtype=np.float32)
    assert len(uncertainty_map.encode(noise)) < 100_000
    assert len(picture) < 4_000


@pytest.mark.django_db
def test_a_pre_label_says_what_dice_it_expects_and_why_there_is_no_interval(site, model, make_scan):
    image = make_scan()
    jobs.run_inline(prelabelling.submit(site, None))
    suggestion = Suggestion.objects.get(image=image)
    assert 0.8 < suggestion.payload["predicted_dice"] <= 1
    assert suggestion.payload["predicted_dice_interval"] is None
    assert suggestion.payload["predicted_dice_note"] == intervals.UNCHECKED
    assert suggestion.payload["member_outlines"] == []
    assert opacity(bytes(suggestion.uncertainty_map)).shape == (64, 64)


@pytest.mark.django_db
def test_an_interval_reaches_the_pre_labels_that_are_there_and_those_to_come(
    site, model, make_scan
):
    first = make_scan("S1")
    jobs.run_inline(prelabelling.submit(site, None))
    intervals.put(model, INTERVAL, n_subjects=24)
    second = make_scan("S2")
    jobs.run_inline(prelabelling.submit(site, None))
    for image in (first, second):
        payload = Suggestion.objects.get(image=image).payload
        said = payload["predicted_dice_interval"]
        assert said["value"] == pytest.approx(payload["predicted_dice"] - 0.03, abs=1e-3)
        assert said["low"] == pytest.approx(payload["predicted_dice"] - 0.1, abs=1e-3)
        assert said["low"] < said["value"] < said["high"] <= 1
        assert (said["level"], said["n_subjects"], said["coverage"]) == (0.9, 24, 0.9)
        assert payload["predicted_dice_note"] == ""


@pytest.mark.django_db
def test_an_interval_that_is_taken_back_leaves_the_reason(site, model, make_scan):
    image = make_scan()
    jobs.run_inline(prelabelling.submit(site, None))
    intervals.put(model, INTERVAL, n_subjects=24)
    intervals.put(model, None, n_subjects=12, reason="no interval below 19 subjects (12 so far)")
    payload = Suggestion.objects.get(image=image).payload
    assert payload["predicted_dice_interval"] is None
    assert payload["predicted_dice_note"] == "no interval below 19 subjects (12 so far)"
    assert DiceInterval.objects.get(model=model).low is None


@pytest.mark.django_db
def test_a_scan_on_which_nothing_is_found_has_no_predicted_dice(site, model, make_image):
    image = make_image("S1", pixels=np.full((64, 64), 90, np.uint8))
    intervals.put(model, INTERVAL, n_subjects=24)
    jobs.run_inline(prelabelling.submit(site, None))
    payload = Suggestion.objects.get(image=image).payload
    assert payload["predicted_dice"] is None
    assert payload["predicted_dice_interval"] is None
    assert "not every structure" in payload["predicted_dice_note"]


@pytest.mark.django_db
def test_an_ensemble_gives_each_member_s_outline_and_how_far_they_disagree(site, make_scan):
    onnx = merge([brightness_network((threshold,), gain=4.0) for threshold in (-0.2, 0.5, 1.0)])
    card = card_json(onnx, site=site.slug, members=3)
    model = registry.register(site, onnx, card, actor=None)
    kept = prediction.of_image(model, make_scan())
    assert len(kept.payload["member_outlines"]) == 3
    assert all(len(member) == 1 for member in kept.payload["member_outlines"])
    assert 0 <= kept.payload["disagreement"] < 0.2


@pytest.mark.django_db
def test_a_superseded_pre_label_keeps_no_map(site, model, make_model, make_scan, admin):
    image = make_scan()
    jobs.run_inline(prelabelling.submit(site, None))
    jobs.run_inline(prelabelling.submit(site, None, model=make_model(0.4)))
    maps = {one.state: bytes(one.uncertainty_map) for one in Suggestion.objects.filter(image=image)}
    assert maps["current"]
    assert not maps["superseded"]


@pytest.mark.django_db
def test_withdrawn_consent_takes_the_maps_along(
    site, model, make_scan, admin, django_capture_on_commit_callbacks
):
    image = make_scan()
    jobs.run_inline(prelabelling.submit(site, None))
    with django_capture_on_commit_callbacks(execute=True):
        subjects.withdraw(image.subject, actor=admin, reason="withdrawn")
    assert not Suggestion.objects.exists()
    assert not Prediction.objects.exists()
