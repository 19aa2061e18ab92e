"""The card that lies beside a model's ONNX file: what it is, and how it must be run.

JSON, `format` 1. `read_card` takes it from outside and believes nothing; what the ONNX file
itself can contradict (input size, number of labels, hash) is checked in `inference.runtime`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.errors import InvalidInput
from inference import recipes

FORMAT = 1
MOST_LABELS = 32
SHA256 = re.compile(r"[0-9a-f]{64}")
LARGEST_TOLERANCE_PX = 10.0
MOST_MEMBERS = 10


@dataclass(frozen=True)
class Postprocessing:
    """How a label map becomes regions; the rule is stated in `inference.postprocessing`.

    An island of a label is dropped below `min_island_px` px or below `min_island_fraction` of the
    label's largest island; a hole is filled below `min_hole_px` px or below `min_hole_fraction`
    of the island around it. Outlines are simplified by at most `tolerance_px` px.
    """

    min_island_px: int = 30
    min_island_fraction: float = 0.05
    min_hole_px: int = 30
    min_hole_fraction: float = 0.05
    tolerance_px: float = 1.0


@dataclass(frozen=True)
class Card:
    """A model's card with every field that running it depends on checked.

    `members`: how many networks the file holds, whose probabilities are averaged.
    """

    family: str
    site: str
    labels: tuple[str, ...]
    input: Mapping[str, Any]
    normalisation: Mapping[str, Any]
    postprocessing: Postprocessing
    spacing: tuple[float, float] | None
    metrics_version: str
    snapshot_digest: str
    sha256: str
    seed: int | None
    code_version: str
    members: int = 1
    libraries: Mapping[str, str] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)


def read_card(data: Any) -> Card:
    """The card in parsed JSON; InvalidInput names the field that is missing or impossible."""
    if not isinstance(data, dict):
        raise InvalidInput("A model card is a JSON object.")
    if data.get("format") != FORMAT:
        raise InvalidInput(f'The model card must say "format": {FORMAT}.')
    recipe = recipes.get(_text(data, "family"))
    network_input = _mapping(data, "input")
    recipe.check_input(network_input)
    normalisation = _mapping(data, "normalisation")
    recipe.check_normalisation(normalisation)
    return Card(
        family=data["family"],
        site=_text(data, "site"),
        labels=_labels(data.get("labels")),
        input=network_input,
        normalisation=normalisation,
        postprocessing=_postprocessing(data.get("postprocessing", {})),
        spacing=_spacing(data.get("spacing")),
        metrics_version=_text(data, "metrics_version"),
        snapshot_digest=_text(data, "snapshot_digest", default=""),
        sha256=_sha256(data.get("sha256")),
        seed=_seed(data.get("seed")),
        code_version=_text(data, "code_version", default=""),
        members=_members(data.get("members", 1)),
        libraries=_mapping(data, "libraries", default={}),
        training=_mapping(data, "training", default={}),
    )


def postprocessing_json(rule: Postprocessing) -> dict[str, float]:
    """The card's `postprocessing` object."""
    return dict(vars(rule))


def _text(data: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = data.get(name, default)
    if not isinstance(value, str) or (default is None and not value) or len(value) > 200:
        raise InvalidInput(f"The model card's {name!r} must be a text of at most 200 characters.")
    return value


def _mapping(
    data: Mapping[str, Any], name: str, default: dict[str, Any] | None = None
) -> dict[str, Any]:
    value = data.get(name, default)
    if not isinstance(value, dict):
        raise InvalidInput(f"The model card's {name!r} must be a JSON object.")
    return value


def _labels(value: Any) -> tuple[str, ...]:
    named = isinstance(value, list) and all(isinstance(name, str) and name for name in value)
    if not named or not 1 <= len(value) <= MOST_LABELS or len(set(value)) != len(value):
        raise InvalidInput(
            f"The model card's 'labels' must be 1 to {MOST_LABELS} different names, in the order of"
            " the network's classes 1, 2, ..."
        )
    return tuple(value)


def _sha256(value: Any) -> str:
    if not isinstance(value, str) or not SHA256.fullmatch(value):
        raise InvalidInput("The model card's 'sha256' must be the ONNX file's hash, 64 hex digits.")
    return value


def _seed(value: Any) -> int | None:
    if value is None or type(value) is int:
        return value
    raise InvalidInput("The model card's 'seed' must be a whole number or null.")


def _members(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= MOST_MEMBERS:
        raise InvalidInput(f"The model card's 'members' must be a number from 1 to {MOST_MEMBERS}.")
    return value


def _spacing(value: Any) -> tuple[float, float] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2:
        raise InvalidInput("The model card's 'spacing' must be null or [x, y] in mm per px.")
    return (
        _number("spacing", value[0], 1e-4, 5.0),
        _number("spacing", value[1], 1e-4, 5.0),
    )


def _postprocessing(value: Any) -> Postprocessing:
    if not isinstance(value, dict):
        raise InvalidInput("The model card's 'postprocessing' must be a JSON object.")
    default = Postprocessing()
    unknown = sorted(set(value) - set(vars(default)))
    if unknown:
        raise InvalidInput(f"The model card's 'postprocessing' has unknown keys: {unknown}.")
    merged = {**vars(default), **value}
    return Postprocessing(
        min_island_px=int(_number("min_island_px", merged["min_island_px"], 0, 1e6)),
        min_island_fraction=_number("min_island_fraction", merged["min_island_fraction"], 0, 1),
        min_hole_px=int(_number("min_hole_px", merged["min_hole_px"], 0, 1e6)),
        min_hole_fraction=_number("min_hole_fraction", merged["min_hole_fraction"], 0, 1),
        tolerance_px=_number("tolerance_px", merged["tolerance_px"], 0, LARGEST_TOLERANCE_PX),
    )


def _number(name: str, value: Any, least: float, most: float) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not least <= value <= most:
        raise InvalidInput(
            f"The model card's {name!r} must be a number from {least:g} to {most:g}."
        )
    return float(value)
