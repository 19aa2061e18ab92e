"""Shapes of a LabelMe file to regions of an image.

Taken as regions: polygon, rectangle, circle, mask and oriented_rectangle. The other types stay in
the document without a region. docs/labelme.md 3.3 and 3.8 are the rules; the geometry stands
beside the original shape, never instead of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon, affinity

from domain.errors import InvalidGeometry, InvalidInput
from domain.geometry import CUTS, Region, clip_to_image, normalise
from domain.labelme import OWN_KEY, REGION_TYPES, LabelMeDocument, Shape, clean_label
from domain.lossless_json import Number
from domain.raster import mask_to_polygon

CIRCLE_ERROR_PX = 0.05
OVERLAP_WARNING_PX2 = 1.0
OUTSIDE_SILENT_PX = 1.0


@dataclass(frozen=True)
class Outlines:
    """What the shapes of one file say about one image.

    Args:
        regions: in the order of their first shapes.
        numbers: for each region the numbers of the shapes it came from; several where a shape
            stands twice, or where shapes are the parts of one region.
        without_region: the numbers of the shapes kept without a region.
        groups: numbers of shapes that share label and group_id, on offer as parts of one region.
        warnings: what is odd, by shape.
    """

    regions: tuple[Region, ...]
    numbers: tuple[tuple[int, ...], ...]
    without_region: tuple[int, ...]
    groups: tuple[tuple[int, ...], ...]
    warnings: tuple[str, ...]


@dataclass
class _Taken:
    region: Region
    numbers: list[int]
    own: str | None = None


def labels_used(document: LabelMeDocument) -> list[str]:
    """The labels of the shapes that become regions, without blanks around them, each once."""
    used = [clean_label(shape.label) for shape in document.shapes if shape.kind in REGION_TYPES]
    return list(dict.fromkeys(used))


def unknown_labels(document: LabelMeDocument, labels: Mapping[str, str]) -> list[str]:
    """Those of `labels_used` that `labels` does not name."""
    return [label for label in labels_used(document) if label not in labels]


def outlines(
    document: LabelMeDocument,
    *,
    width: int,
    height: int,
    labels: Mapping[str, str],
    masks: Mapping[int, NDArray[np.bool_]] | None = None,
) -> Outlines:
    """The regions of a file on an image of `width` x `height` px.

    Args:
        labels: from each label or alias as files spell it to the label's name on the site.
        masks: the decoded bitmap, bool (height, width) of its box, of each mask by its number.

    Raises:
        InvalidInput: a label that `labels` does not name, a shape without area or with the wrong
            number of points, a mask that does not fit its box, a shape wholly outside.
    """
    warnings: list[str] = []
    taken: list[_Taken] = []
    drawn = [shape for shape in document.shapes if shape.kind in REGION_TYPES]
    for shape in drawn:
        label = _site_label(shape, labels, warnings)
        whole = _geometry(shape, masks or {}, warnings)
        region = Region(label, _clipped(shape, whole, width, height, warnings), _cut(shape))
        own = _own_region(shape)
        same = _same(region, own, taken)
        if same is None:
            taken.append(_Taken(region, [shape.number], own))
        else:
            warnings.append(f"{shape.place}: the same as shape {same.numbers[0]}; taken once")
            same.numbers.append(shape.number)
    warnings.extend(_overlaps(taken))
    whole_regions = _joined(taken, _own_regions(drawn))
    return Outlines(
        regions=tuple(item.region for item in whole_regions),
        numbers=tuple(tuple(item.numbers) for item in whole_regions),
        without_region=tuple(s.number for s in document.shapes if s.kind not in REGION_TYPES),
        groups=_groups(drawn),
        warnings=tuple(warnings),
    )


def joined_by_group(found: Outlines) -> Outlines:
    """The outlines with each of their `groups` as one region of several parts."""
    taken = [_Taken(r, list(n)) for r, n in zip(found.regions, found.numbers, strict=True)]
    joined = _joined(taken, found.groups)
    return replace(
        found,
        regions=tuple(item.region for item in joined),
        numbers=tuple(tuple(item.numbers) for item in joined),
    )


def circle(centre: tuple[float, float], radius: float) -> Polygon:
    """A regular polygon for a circle: the same area, no point further than `CIRCLE_ERROR_PX`.

    Raises:
        InvalidGeometry: the radius is zero.
    """
    if radius <= 0:
        raise InvalidGeometry("a circle without area; draw it again")
    # The sagitta of an inscribed side is r (1 - cos(pi / n)); equal area halves it or better.
    least = math.pi / math.acos(max(1 - CIRCLE_ERROR_PX / radius, -1.0))
    count = max(16, math.ceil(least))
    angles = np.arange(count) * (2 * math.pi / count)
    equal_area = radius * math.sqrt((2 * math.pi / count) / math.sin(2 * math.pi / count))
    return Polygon(
        np.column_stack(
            (centre[0] + equal_area * np.cos(angles), centre[1] + equal_area * np.sin(angles))
        )
    )


def _site_label(shape: Shape, labels: Mapping[str, str], warnings: list[str]) -> str:
    if shape.label in labels:
        return labels[shape.label]
    cleaned = clean_label(shape.label)
    if cleaned not in labels:
        known = ", ".join(sorted(set(labels.values()))) or "none yet"
        raise InvalidInput(
            f"{shape.place}: the site has no label or alias {cleaned!r} (it has {known}); "
            "add an alias for it, or mend the label"
        )
    warnings.append(f"{shape.place}: blanks around the label {cleaned!r}")
    return labels[cleaned]


def _geometry(
    shape: Shape, masks: Mapping[int, NDArray[np.bool_]], warnings: list[str]
) -> MultiPolygon:
    try:
        if shape.kind == "mask":
            found = _mask(shape, masks)
        elif shape.kind == "circle":
            found = normalise(_circle(shape))
        elif shape.kind == "rectangle":
            found = normalise(_rectangle(shape))
        else:
            found = _polygon(shape, warnings)
    except InvalidInput as error:
        raise InvalidInput(f"{shape.place}: {error.message}") from error
    if found.is_empty:
        raise InvalidInput(f"{shape.place}: encloses no area; draw it again or delete it")
    return found


def _polygon(shape: Shape, warnings: list[str]) -> MultiPolygon:
    if shape.kind == "oriented_rectangle" and len(set(shape.points)) != 4:
        raise InvalidInput("an oriented rectangle has four different corners; draw it again")
    if len(set(shape.points)) < 3:
        raise InvalidInput(
            f"a polygon of {len(set(shape.points))} different points; draw it again or delete it"
        )
    ring = Polygon(shape.points)
    found = normalise(ring)
    oddity = _oddity(shape, ring)
    if oddity and not found.is_empty:
        warnings.append(f"{shape.place}: {oddity}; its valid form is taken, the original kept")
    return found


def _oddity(shape: Shape, ring: Polygon) -> str:
    if not ring.is_valid:
        reason = shapely.is_valid_reason(ring).split("[")[0].lower()
        return f"crosses or touches itself ({reason})"
    repeated = sum(a == b for a, b in zip(shape.points, shape.points[1:], strict=False))
    if repeated:
        return f"{repeated} repeated point{'s' if repeated > 1 else ''}"
    if shape.points[0] == shape.points[-1]:
        return "its first point is repeated as its last"
    return ""


def _rectangle(shape: Shape) -> Polygon:
    if len(shape.points) not in (2, 4):
        raise InvalidInput(
            f"a rectangle of {len(shape.points)} points; it has two opposite corners or four"
        )
    xs, ys = zip(*shape.points, strict=True)
    box: Polygon = shapely.box(min(xs), min(ys), max(xs), max(ys))
    corners = {(x, y) for x in (min(xs), max(xs)) for y in (min(ys), max(ys))}
    if len(shape.points) == 4 and set(shape.points) != corners:
        raise InvalidInput(
            "the four points are not the corners of an upright rectangle; draw it as a polygon"
        )
    if box.area == 0:
        raise InvalidInput("a rectangle without area; draw it again or delete it")
    return box


def _circle(shape: Shape) -> Polygon:
    if len(shape.points) != 2:
        raise InvalidInput("a circle is two points, its centre and one on its rim; draw it again")
    return circle(shape.points[0], math.dist(*shape.points))


def _mask(shape: Shape, masks: Mapping[int, NDArray[np.bool_]]) -> MultiPolygon:
    if len(shape.points) != 2 or shape.number not in masks:
        raise InvalidInput("a mask is two corners of its box and a bitmap; draw it again")
    bitmap = masks[shape.number]
    (left, top), (right, bottom) = shape.points
    width, height = right - left + 1, bottom - top + 1
    # Corners are inclusive pixel indices; with fractions the bitmap's own size counts.
    if abs(bitmap.shape[1] - width) >= 1 or abs(bitmap.shape[0] - height) >= 1:
        raise InvalidInput(
            f"its bitmap has {bitmap.shape[1]}x{bitmap.shape[0]} px, its box {width:g}x{height:g}; "
            "draw it again"
        )
    if not bitmap.any():
        return MultiPolygon()
    moved = affinity.translate(mask_to_polygon(bitmap, tolerance_px=0.0), round(left), round(top))
    return normalise(moved)


def _clipped(
    shape: Shape, whole: MultiPolygon, width: int, height: int, warnings: list[str]
) -> MultiPolygon:
    left, top, right, bottom = whole.bounds
    outside = max(-left, -top, right - width, bottom - height)
    if outside <= 0:
        return whole
    inside = clip_to_image(whole, width, height)
    if inside.is_empty:
        raise InvalidInput(
            f"{shape.place}: lies wholly outside the image of {width}x{height} px; "
            "is it the outline of another image?"
        )
    if outside > OUTSIDE_SILENT_PX:
        warnings.append(f"{shape.place}: reaches {outside:.1f} px outside the image; clipped")
    else:
        warnings.append(f"{shape.place}: up to 1 px outside the image; clipped")
    return inside


def _same(region: Region, own: str | None, taken: Sequence[_Taken]) -> _Taken | None:
    for item in taken:
        other = item.region
        if (
            other.label == region.label
            and item.own == own
            and other.shape.bounds == region.shape.bounds
            and other.shape.equals(region.shape)
        ):
            return item
    return None


def _overlaps(taken: Sequence[_Taken]) -> list[str]:
    found = []
    tree = shapely.STRtree([item.region.shape for item in taken])
    for index, item in enumerate(taken):
        for other in (taken[j] for j in sorted(tree.query(item.region.shape)) if j > index):
            if other.region.label == item.region.label:
                continue
            area = item.region.shape.intersection(other.region.shape).area
            if area > OVERLAP_WARNING_PX2:
                found.append(
                    f"shapes {item.numbers[0]} ({item.region.label!r}) and {other.numbers[0]} "
                    f"({other.region.label!r}) overlap by {area:.0f} px²"
                )
    return found


def _joined(taken: Sequence[_Taken], groups: Sequence[Sequence[int]]) -> list[_Taken]:
    """`taken` with the shapes of each group as parts of one region."""
    first_of = {number: group[0] for group in groups for number in group}
    together: dict[int, list[_Taken]] = {}
    for item in taken:
        together.setdefault(first_of.get(item.numbers[0], item.numbers[0]), []).append(item)
    return [_union(items) for items in together.values()]


def _union(items: Sequence[_Taken]) -> _Taken:
    if len(items) == 1:
        return items[0]
    shape = normalise(shapely.union_all([item.region.shape for item in items]))
    cut = tuple(side for side in CUTS if any(side in item.region.cut for item in items))
    numbers = [number for item in items for number in item.numbers]
    return _Taken(Region(items[0].region.label, shape, cut), numbers)


def _cut(shape: Shape) -> tuple[str, ...]:
    """The cut sides that an export of Myotrace wrote beside the shape."""
    own = shape.source.get(OWN_KEY)
    sides = own.get("cut") if isinstance(own, dict) else None
    return tuple(side for side in CUTS if isinstance(sides, list) and side in sides)


def _own_region(shape: Shape) -> str | None:
    """Which region the shape is a part of, where an export of Myotrace says so."""
    own = shape.source.get(OWN_KEY)
    region = own.get("region") if isinstance(own, dict) else None
    return region.text if isinstance(region, Number) else None


def _own_regions(shapes: Sequence[Shape]) -> list[list[int]]:
    """The shapes that an export of Myotrace wrote as parts of one region."""
    members: dict[tuple[str, str], list[int]] = {}
    for shape in shapes:
        region = _own_region(shape)
        if region is not None:
            members.setdefault((shape.label, region), []).append(shape.number)
    return list(members.values())


def _groups(shapes: Sequence[Shape]) -> tuple[tuple[int, ...], ...]:
    members: dict[tuple[str, str], list[int]] = {}
    for shape in shapes:
        if shape.group is not None:
            members.setdefault((shape.label, shape.group), []).append(shape.number)
    return tuple(tuple(numbers) for numbers in members.values() if len(numbers) > 1)
