"""A site with registered models of a few numbers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from annotation.models import Image, Site
from inference.models import ModelVersion
from inference.services import registry
from tests.inference.tiny_models import brightness_network, card_json, scan_with_bright_disc


@pytest.fixture
def make_model(site: Site) -> Callable[..., ModelVersion]:
    """`make_model(threshold)`: a registered model that outlines what is brighter than that."""

    def make(threshold: float = 0.5) -> ModelVersion:
        onnx = brightness_network((threshold,))
        return registry.register(site, onnx, card_json(onnx, site=site.slug), actor=None)

    return make


@pytest.fixture
def make_scan(make_image: Callable[..., Image]) -> Callable[..., Image]:
    """`make_scan(subject, radius)`: a scan of 64x64 px with a bright disc."""

    def make(subject_code: str = "", radius: float = 12.0, **fields: object) -> Image:
        pixels, _ = scan_with_bright_disc(radius=radius)
        return make_image(subject_code, pixels=pixels, **fields)

    return make
