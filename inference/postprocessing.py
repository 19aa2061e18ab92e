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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage

from domain import raster
from domain.geometry import Region
from inference.card import Card, Postprocessing
from inference.runtime import PredictedMap

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
    """

    regions: list[Region]
    probabilities: list[float]
    probability: float
    label_map: LabelMap


@dataclass(frozen=True)
class Island:
    """4-connected pixels of one label: `mask` (bool) inside the window at `rows`, `columns`."""

    mask: Mask
    rows: slice
    columns: slice
    pixel_count: int

    @property
    def window(self) -> tuple[slice, slice]:
        return self.rows, self.columns


def outline(predicted: PredictedMap, card: Card) -> Outlined:
    """The regions of a predicted map, by the rule above and the numbers of the model's card."""
    rule = card.postprocessing
    label_map = clean(predicted.label_map, len(card.labels), rule)
    regions = [
        Region(whole.label, shapely.MultiPolygon([part]))
        for whole in raster.regions_from_label_map(label_map, card.labels, rule.tolerance_px)
        for part in whole.shape.geoms
    ]
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
    )


def _inside(
    region: Region, probability: NDArray[np.float32], labels: Sequence[str]
) -> NDArray[np.float32]:
    """The region's label's probability at the pixels whose centre lies in the region."""
    left, top, right, bottom = shapely.bounds(region.shape)
    rows = slice(int(top), math.ceil(bottom))
    columns = slice(int(left), math.ceil(right))
    window = probability[1 + labels.index(region.label), rows, columns]
    moved = shapely.transform(region.shape, lambda points: points - (columns.start, rows.start))
    return window[raster.polygon_to_mask(moved, *window.shape)]


def clean(label_map: LabelMap, label_count: int, rule: Postprocessing) -> LabelMap:
    """The label map without small islands and holes (steps 1 and 2); the argument is unchanged."""
    cleaned = label_map.copy()
    for index in range(1, label_count + 1):
        for island in _too_small(list(islands(label_map == index)), rule):
            cleaned[island.window][island.mask] = 0
    for index in range(1, label_count + 1):
        for island in list(islands(cleaned == index)):
            _fill_small_holes(cleaned[island.window], island, index, rule)
    return cleaned


def islands(mask: Mask) -> Iterator[Island]:
    """The 4-connected islands of a mask, from top to bottom."""
    numbered, _ = ndimage.label(mask, structure=FOUR_CONNECTED)
    for number, (rows, columns) in enumerate(ndimage.find_objects(numbered), start=1):
        own = numbered[rows, columns] == number
        yield Island(own, rows, columns, int(np.count_nonzero(own)))


def _too_small(found: list[Island], rule: Postprocessing) -> list[Island]:
    largest = max((island.pixel_count for island in found), default=0)
    least = max(rule.min_island_px, rule.min_island_fraction * largest)
    return [island for island in found if island.pixel_count < least]


def _fill_small_holes(window: LabelMap, island: Island, index: int, rule: Postprocessing) -> None:
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
            window[hole] = index


def _unit(probability: float) -> float:
    return min(1.0, max(0.0, probability))
