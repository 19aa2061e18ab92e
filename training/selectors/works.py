"""What the jobs of this app do to what, in words."""

from __future__ import annotations

from typing import Any

from annotation.selectors.studies import site_with_id
from core.jobs import Work
from inference.selectors.versions import model_with_id
from training.models import PictureOpening, ShadowComparison
from training.selectors import evaluations

PARTITIONS = {
    evaluations.VALIDATION: "the validation subjects",
    evaluations.TEST: "the locked test set",
}


def training(params: dict[str, Any]) -> Work:
    """A run, also one that a schedule starts."""
    return _of_site("Training", params)


def replay(params: dict[str, Any]) -> Work:
    """A replay of query strategies."""
    return _of_site("Replay of strategies", params)


def drift(params: dict[str, Any]) -> Work:
    """A look at a site's drift."""
    return _of_site("Look at the drift", params)


def evaluation(params: dict[str, Any]) -> Work:
    """An evaluation of a model."""
    partition = str(params["partition"])
    return _of_model("Evaluation", params, f" on {PARTITIONS.get(partition, partition)}")


def cross_validation(params: dict[str, Any]) -> Work:
    """The cross-validation of a model's recipe."""
    return _of_model("Cross-validation", params)


def promotion(params: dict[str, Any]) -> Work:
    """The promotion of the demo's first model."""
    return _of_model("Promotion", params)


def shadow(params: dict[str, Any]) -> Work:
    """The reading of a corrected scan by the model that served before."""
    comparison = ShadowComparison.objects.select_related("model", "previous").get(
        pk=params["comparison"]
    )
    models = f"{comparison.previous.name} beside {comparison.model.name}"
    return Work(f"Comparison of {models}", (f"model:{comparison.model_id}",))


def test_pictures(params: dict[str, Any]) -> Work:
    """The outlines of two models on opened test pictures."""
    opening = PictureOpening.objects.select_related("model").get(pk=params["opening"])
    return Work(
        f"Outlines on the test pictures of {opening.model.name}", (f"model:{opening.model_id}",)
    )


def _of_site(what: str, params: dict[str, Any]) -> Work:
    site = site_with_id(params["site"])
    return Work(f"{what} of {site.name}", (f"site:{site.pk}",))


def _of_model(what: str, params: dict[str, Any], more: str = "") -> Work:
    model = model_with_id(params["model"])
    return Work(f"{what} of {model.name}{more}", (f"model:{model.pk}", f"site:{model.site_id}"))
