"""Asking a registered model about stored scans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from annotation.selectors import images
from annotation.selectors.labels import current_labels, former_names, named_now
from core.data import models_directory
from domain import uncertainty
from domain.calibration import PixelSpacing
from domain.geometry import Region, region_to_json
from inference import runtime, uncertainty_map
from inference.card import Card, read_card
from inference.models import ModelVersion, Prediction
from inference.postprocessing import Outlined, outline

if TYPE_CHECKING:
    from annotation.models import Image

_cache = runtime.PredictorCache()


def card_of(model: ModelVersion) -> Card:
    """The model's card, checked again: the row is trusted no more than the file.

    Its labels are those of the site now: some may have been renamed since the model learned.
    """
    card = read_card(model.card)
    return replace(card, labels=current_labels(model.site, card.labels))


def predict(
    model: ModelVersion, pixels: NDArray[np.uint8], spacing: PixelSpacing | None
) -> Outlined:
    """What the model outlines on stored grey pixels (h, w) of that calibration; nothing is kept."""
    return outline(_predictor(model).predict(pixels, spacing), card_of(model))


def probability_of(
    model: ModelVersion, pixels: NDArray[np.uint8], spacing: PixelSpacing | None
) -> NDArray[np.float32]:
    """The model's probabilities on stored grey pixels (h, w): (1 + labels, h, w), not kept."""
    return _predictor(model).predict(pixels, spacing).probability


def of_image(model: ModelVersion, image: Image) -> Prediction:
    """The model's prediction on the image, made and kept at the first call."""
    kept = Prediction.objects.filter(model=model, image=image).first()
    if kept is not None:
        kept.regions = named_now(kept.regions, former_names(model.site))
        return kept
    return keep(model, image.pk, predict(model, images.pixels(image), images.spacing_of(image)))


def keep(model: ModelVersion, image_id: int, outlined: Outlined) -> Prediction:
    """Keep what the model outlined on an image, unless that is kept already."""
    prediction, _ = Prediction.objects.get_or_create(
        model=model,
        image_id=image_id,
        defaults={
            "regions": regions_json(outlined),
            "probability": outlined.probability,
            "payload": _payload(outlined),
            "uncertainty_map": uncertainty_map.encode(outlined.entropy),
        },
    )
    return prediction


def regions_json(outlined: Outlined) -> list[dict[str, Any]]:
    """The prediction's regions as docs/interface.md writes regions."""
    return _json(outlined.regions)


def _payload(outlined: Outlined) -> dict[str, Any]:
    """How sure the model is: figures, and the outlines of an ensemble's members."""
    expected = uncertainty.mean_expected_dice(outlined.predicted_dice)
    return {
        "region_probabilities": _rounded(outlined.probabilities),
        "predicted_dice": None if expected is None else round(expected, 4),
        "member_outlines": [_json(regions) for regions in outlined.members],
        "disagreement": outlined.disagreement,
    }


def _json(regions: Sequence[Region]) -> list[dict[str, Any]]:
    return [region_to_json(region) for region in regions]


def erase_subject(subject_id: int) -> None:
    """Delete what models outlined on a subject's images (consent was withdrawn)."""
    Prediction.objects.filter(image__subject_id=subject_id).delete()


def _predictor(model: ModelVersion) -> runtime.Predictor:
    path = models_directory() / f"{model.sha256}.onnx"
    return _cache.get(path, card_of(model), settings.INFERENCE_THREADS)


def _rounded(values: list[float]) -> list[float]:
    return [round(value, 4) for value in values]
