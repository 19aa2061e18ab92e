"""How sure the source of a pre-label is, as it is shown beside the scan and over it.

Whoever may not see the pre-label (`policies.can_see_suggestion`) sees nothing of this either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import shapely
from django.urls import reverse

from annotation.models import Image, Site, Suggestion
from annotation.selectors.images import spacing_of
from domain.calibration import PixelSpacing
from domain.geometry import Region, normalise, regions_from_json
from domain.measurement import cross_section, thickness
from domain.uncertainty import Spread, spread


@dataclass(frozen=True)
class LabelSpread:
    """A structure's CSA and MT over the networks of an ensemble; None where there is no figure."""

    label: str
    csa_mm2: Spread | None
    mt_mm: Spread | None


@dataclass(frozen=True)
class Certainty:
    """What the page says of a pre-label's certainty.

    `dice`: the expected Dice; `interval`: its lower and upper end, from `n_subjects`, of whom a
    share `coverage` (None: too few to tell) lay inside when left out; or None and `note` says why.
    `map`: the address of the picture that lies over the scan, empty without one. `members`: the
    regions of each network of an ensemble.
    """

    dice: float | None
    interval: tuple[float, float] | None
    percent: int | None
    n_subjects: int | None
    coverage: float | None
    note: str
    map: str
    members: list[list[dict[str, Any]]]
    spreads: list[LabelSpread]

    @property
    def covered_percent(self) -> int | None:
        return None if self.coverage is None else round(100 * self.coverage)


def certainty_of(suggestion: Suggestion, image: Image) -> Certainty | None:
    """The certainty of a pre-label that the person may see; None where its source tells nothing."""
    said = suggestion.payload
    if "predicted_dice" not in said:
        return None
    interval = said.get("predicted_dice_interval")
    members = said.get("member_outlines", [])
    address = reverse("api-uncertainty", args=[image.pk]) if suggestion.uncertainty_map else ""
    return Certainty(
        dice=interval["value"] if interval else said["predicted_dice"],
        interval=(interval["low"], interval["high"]) if interval else None,
        percent=round(100 * interval["level"]) if interval else None,
        n_subjects=interval["n_subjects"] if interval else None,
        coverage=interval["coverage"] if interval else None,
        note=said.get("predicted_dice_note", ""),
        map=address,
        members=members,
        spreads=_spreads(image, [regions_from_json(one) for one in members]),
    )


def _spreads(image: Image, members: list[list[Region]]) -> list[LabelSpread]:
    """By the image's present calibration; a structure that a network does not find counts as 0."""
    spacing = spacing_of(image)
    if len(members) < 2 or spacing is None:
        return []
    labels = image.site.labels.filter(retired=False).values_list("name", flat=True)
    return [_spread(image.site, label, members, spacing) for label in labels]


def _spread(
    site: Site, label: str, members: list[list[Region]], spacing: PixelSpacing
) -> LabelSpread:
    shapes = [
        normalise(shapely.union_all([one.shape for one in regions if one.label == label]))
        for regions in members
    ]
    csa = [cross_section(shape, site.plane, (), spacing).value_mm2 for shape in shapes]
    mt = [_thickness(shape, site.thickness_definition, spacing) for shape in shapes]
    return LabelSpread(
        label,
        spread([value for value in csa if value is not None]),
        spread(mt),
    )


def _thickness(shape: shapely.MultiPolygon, definition: str, spacing: PixelSpacing) -> float:
    if shape.is_empty:
        return 0.0
    return thickness(shape, definition, spacing).value_mm or 0.0
