"""Asking a registered model about stored scans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings

from annotation.selectors import images
from core.data import models_directory
from domain.geometry import region_to_json
from inference import runtime
from inference.card import Card, read_card
from inference.models import ModelVersion, Prediction
from inference.postprocessing import Outlined, outline

if TYPE_CHECKING:
    from annotation.models import Image

_cache = runtime.PredictorCache()


def card_of(model: ModelVersion) -> Card:
    """The model's card, checked again: the row is trusted no more than the file."""
    return read_card(model.card)


def predict(model: ModelVersion, image: Image) -> Outlined:
    """What the model outlines on the image's own pixels; nothing is stored."""
    card = card_of(model)
    predictor = _cache.get(
        models_directory() / f"{model.sha256}.onnx", card, settings.INFERENCE_THREADS
    )
    return outline(predictor.predict(images.pixels(image)), card)


def keep(model: ModelVersion, image: Image) -> Prediction:
    """The model's prediction on the image, made and stored at the first call."""
    stored = Prediction.objects.filter(model=model, image=image).first()
    if stored is not None:
        return stored
    outlined = predict(model, image)
    prediction, _ = Prediction.objects.get_or_create(
        model=model,
        image=image,
        defaults={
            "regions": regions_json(outlined),
            "probability": outlined.probability,
            "payload": {"region_probabilities": _rounded(outlined.probabilities)},
        },
    )
    return prediction


def regions_json(outlined: Outlined) -> list[dict[str, Any]]:
    """The prediction's regions as docs/interface.md writes regions."""
    return [region_to_json(region) for region in outlined.regions]


def erase_subject(subject_id: int) -> None:
    """Delete what models outlined on a subject's images (consent was withdrawn)."""
    Prediction.objects.filter(image__subject_id=subject_id).delete()


def _rounded(values: list[float]) -> list[float]:
    return [round(value, 4) for value in values]
