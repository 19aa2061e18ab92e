"""From a predicted map to regions a person can correct: the stated rule, in this order.

1. An island is a 4-connected set of pixels of one label. It becomes background where it has fewer
   than `min_island_px` pixels or less than `min_island_fraction` of the label's largest island.
2. A hole is an 8-connected set of background pixels that one island encloses alone. It becomes
   the island's label where it has fewer than `min_hole_px` pixels or less than
   `min_hole_fraction` of the island's pixels.
3. Each part of what is left is one region: its pixels' outline, simplified by at most
   `tolerance_px` px, a border between two labels once for both, so that neighbours share it.

A region's probability is the mean of its label's probability over its pixels; the image's is the
mean over the pixels of all regions. Where nothing was found, the image's probability is the
background's at the pixel where it is least sure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage
from shapely import MultiPolygon

from domain import raster, uncertainty
from domain.geometry import Region
from inference.card import Card, Postprocessing
from inference.runtime import PredictedMap, most_probable

FOUR_CONNECTED = ndimage.generate_binary_structure(2, 1)
EIGHT_CONNECTED = ndimage.generate_binary_structure(2, 2)

Mask = NDArray[np.bool_]
LabelMap = NDArray[np.uint8]


@dataclass(frozen=True)
class Outlined:
    """A prediction as people get it.

    regions: one for each part, in the order of the card's labels.
    probabilities: one for each region, 0 to 1.
    probability: of the whole image, 0 to 1.
    label_map: uint8 (h, w) after the rule, before simplification: what is evaluated.
    predicted_dice: what Dice each label of the card will have (`domain.uncertainty`), None for a
        label that is not outlined.
    entropy: float32 (h, w), 0 sure to 1.
    members: the regions of each member of an ensemble, by the same rule; [] of a single network.
    disagreement: 1 - mean Dice between members, None of a single network.
    """

    regions: list[Region]
    probabilities: list[float]
    probability: float
    label_map: LabelMap
    predicted_dice: list[float | None]
    entropy: NDArray[np.float32]
    members: list[list[Region]]
    disagreement: float | None


@dataclass(frozen=True)
class Island:
    """4-connected pixels of one label: `mask` (bool) inside the `window` of the map."""

    label: int
    mask: Mask
    window: tuple[slice, slice]
    pixel_count: int


def outline(predicted: PredictedMap, card: Card) -> Outlined:
    """The regions of a predicted map, by the rule above and the numbers of the model's card."""
    label_map = clean(predicted.label_map, len(card.labels), card.postprocessing)
    regions = _regions(label_map, card)
    of_members = _member_maps(predicted, card)
    scored = [_inside(region, predicted.probability, card.labels) for region in regions]
    if scored:
        probability = float(np.concatenate(scored).mean(dtype=np.float64))
    else:
        probability = float(predicted.probability[0].min())
    return Outlined(
        regions=regions,
        probabilities=[_unit(float(values.mean(dtype=np.float64))) for values in scored],
        probability=_unit(probability),
        label_map=label_map,
        predicted_dice=uncertainty.expected_dice(predicted.probability, label_map),
        entropy=uncertainty.entropy_map(predicted.probability),
        members=[_regions(one, card) for one in of_members],
        disagreement=uncertainty.member_disagreement(of_members),
    )


def _member_maps(predicted: PredictedMap, card: Card) -> list[LabelMap]:
    """Each member's own label map, after the rule; [] of a single network."""
    if predicted.members is None:
        return []
    maps = [most_probable(one) for one in predicted.members]
    return [clean(one, len(card.labels), card.postprocessing) for one in maps]


def clean(label_map: LabelMap, label_count: int, rule: Postprocessing) -> LabelMap:
    """The label map without small islands and holes (steps 1 and 2); the argument is unchanged."""
    cleaned = label_map.copy()
    drawn = cleaned[foreground(cleaned)]
    kept = []
    for index in range(1, label_count + 1):
        found = islands(drawn, index)
        largest = max((island.pixel_count for island in found), default=0)
        least = max(rule.min_island_px, rule.min_island_fraction * largest)
        for island in found:
            if island.pixel_count < least:
                drawn[island.window][island.mask] = 0
            else:
                kept.append(island)
    for island in kept:
        _fill_small_holes(drawn[island.window], island, rule)
    return cleaned


def foreground(label_map: LabelMap) -> tuple[slice, slice]:
    """The smallest window that holds every labelled pixel; an empty one where there is none."""
    rows = np.flatnonzero(label_map.any(axis=1))
    columns = np.flatnonzero(label_map.any(axis=0))
    if rows.size == 0:
        return slice(0, 0), slice(0, 0)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def islands(label_map: LabelMap, label: int) -> list[Island]:
    """The 4-connected islands of a label, from top to bottom."""
    numbered, count = ndimage.label(label_map == label, structure=FOUR_CONNECTED)
    if count == 0:
        return []
    found = []
    for number, (rows, columns) in enumerate(ndimage.find_objects(numbered, count), start=1):
        mask = numbered[rows, columns] == number
        found.append(Island(label, mask, (rows, columns), int(np.count_nonzero(mask))))
    return found


def _fill_small_holes(window: LabelMap, island: Island, rule: Postprocessing) -> None:
    outside_or_hole = np.pad(~island.mask, 1, constant_values=True)
    numbered, count = ndimage.label(outside_or_hole, structure=EIGHT_CONNECTED)
    if count == 1:
        return
    numbered = numbered[1:-1, 1:-1]
    least = max(rule.min_hole_px, rule.min_hole_fraction * island.pixel_count)
    # The padding's own corner was met first, so that 1 is the outside.
    for number in range(2, count + 1):
        hole = numbered == number
        if np.count_nonzero(hole) < least and not window[hole].any():
            window[hole] = island.label


def _regions(label_map: LabelMap, card: Card) -> list[Region]:
    """One region for each part, traced in the window that holds them all."""
    rows, columns = foreground(label_map)
    window = np.ascontiguousarray(label_map[rows, columns])
    offset = (columns.start, rows.start)
    tolerance_px = card.postprocessing.tolerance_px
    return [
        Region(whole.label, MultiPolygon([shapely.transform(part, lambda xy: xy + offset)]))
        for whole in raster.regions_from_label_map(window, card.labels, tolerance_px)
        for part in whole.shape.geoms
    ]


def _inside(
    region: Region, probability: NDArray[np.float32], labels: Sequence[str]
) -> NDArray[np.float32]:
    """The region's label's probability at the pixels whose centre lies in the region."""
    left, top, right, bottom = shapely.bounds(region.shape)
    corner = (int(left), int(top))
    window = probability[
        1 + labels.index(region.label), corner[1] : math.ceil(bottom), corner[0] : math.ceil(right)
    ]
    moved = shapely.transform(region.shape, lambda xy: xy - corner)
    return window[raster.polygon_to_mask(moved, *window.shape)]


def _unit(probability: float) -> float:
    return min(1.0, max(0.0, probability))
