"""How two outlines of one image differ: overlap, distances between their edges, and what they
measure. docs/algorithms/overlap-and-distance.md defines Dice and the distances, measurement.md the
areas and thicknesses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import shapely
from shapely import MultiPolygon, Point

from domain.calibration import PixelSpacing
from domain.geometry import Region, normalise
from domain.measurement import csa_mm2, has_csa, thickness
from domain.overlap import confusion_counts, dice
from domain.raster import polygon_to_mask
from domain.surface import PIXELS, assd, hd100


@dataclass(frozen=True)
class OutlineChange:
    """How the second outline of a label differs from the first.

    Args:
        missing_in: "first" or "second" where only the other outlines the label, else "".
        dice: in [0, 1].
        greatest, mean: distance between the two edges in mm, or in px without calibration (the
            greatest is the Hausdorff distance, the mean is over both edges' pixels); None where
            one outline is missing.
        csa_mm2, mt_mm: second minus first; None where it cannot be given.
        csa_percent, mt_percent: the same in per cent of the first.
    """

    label: str
    missing_in: str
    dice: float
    greatest: float | None
    mean: float | None
    csa_mm2: float | None
    csa_percent: float | None
    mt_mm: float | None
    mt_percent: float | None


def changed_share(before: Iterable[Region], after: Iterable[Region]) -> float:
    """Area on which two sets of regions differ, over the area that either covers, in [0, 1].

    Labels are compared one by one. 0 where both are empty; 1 where only one is.
    """
    first, second = by_label(before), by_label(after)
    different = covered = 0.0
    for label in first.keys() | second.keys():
        one = first.get(label, MultiPolygon())
        other = second.get(label, MultiPolygon())
        different += shapely.symmetric_difference(one, other).area
        covered += shapely.union(one, other).area
    return different / covered if covered else 0.0


def changed_near(
    before: Iterable[Region], after: Iterable[Region], place: tuple[float, float], radius: float
) -> bool:
    """Whether any label's outline differs within `radius` px of a place (x, y in px)."""
    first, second = by_label(before), by_label(after)
    for label in first.keys() | second.keys():
        one = first.get(label, MultiPolygon())
        other = second.get(label, MultiPolygon())
        different = shapely.symmetric_difference(one, other)
        if not different.is_empty and different.distance(Point(place)) <= radius:
            return True
    return False


def compare(
    first: Sequence[Region],
    second: Sequence[Region],
    *,
    height: int,
    width: int,
    spacing: PixelSpacing | None,
    plane: str,
    thickness_definition: str,
) -> list[OutlineChange]:
    """Label by label how the second reading of an image differs from the first.

    Distances are between masks of (height, width) px.
    """
    one, other = by_label(first), by_label(second)
    return [
        _change(
            label,
            one.get(label, MultiPolygon()),
            other.get(label, MultiPolygon()),
            (height, width),
            spacing,
            plane,
            thickness_definition,
        )
        for label in sorted(one.keys() | other.keys())
    ]


def by_label(regions: Iterable[Region]) -> dict[str, MultiPolygon]:
    """The area of each label, its regions united."""
    shapes: dict[str, list[shapely.Geometry]] = {}
    for region in regions:
        shapes.setdefault(region.label, []).append(region.shape)
    return {label: normalise(shapely.union_all(parts)) for label, parts in shapes.items()}


def _change(
    label: str,
    first: MultiPolygon,
    second: MultiPolygon,
    size: tuple[int, int],
    spacing: PixelSpacing | None,
    plane: str,
    definition: str,
) -> OutlineChange:
    masks = polygon_to_mask(first, *size), polygon_to_mask(second, *size)
    overlap = dice(confusion_counts(*masks))
    if first.is_empty or second.is_empty:
        missing = "first" if first.is_empty else "second"
        return OutlineChange(label, missing, overlap, None, None, None, None, None, None)
    steps = (spacing.y_mm, spacing.x_mm) if spacing else PIXELS
    areas = (csa_mm2(first, spacing), csa_mm2(second, spacing)) if spacing else None
    before, after = (_mt(shape, definition, spacing) for shape in (first, second))
    return OutlineChange(
        label=label,
        missing_in="",
        dice=overlap,
        greatest=hd100(*masks, steps),
        mean=assd(*masks, steps),
        csa_mm2=areas[1] - areas[0] if areas and has_csa(plane) else None,
        csa_percent=_percent(first.area, second.area) if has_csa(plane) else None,
        mt_mm=after - before if spacing else None,
        mt_percent=_percent(before, after),
    )


def _mt(shape: MultiPolygon, definition: str, spacing: PixelSpacing | None) -> float:
    """In mm, in px without calibration."""
    measured = thickness(shape, definition, spacing)
    return measured.value_px if measured.value_mm is None else measured.value_mm


def _percent(first: float, second: float) -> float | None:
    return 100 * (second - first) / first if first else None
