"""Regions of an image as a LabelMe file that LabelMe 5.5.0 opens.

LabelMe knows neither holes nor parts nor cut sides. A hole is joined to its outline by a bridge,
a line walked there and back, which encloses nothing by the even-odd rule; parts become shapes of
their own; what belongs together, and where the muscle is cut, stands under `OWN_KEY`, a key that
LabelMe keeps and `labelme_regions.outlines` reads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from domain.geometry import Region, region_to_json
from domain.labelme import OWN_KEY, LabelMeDocument, Shape, clean_label
from domain.labelme_regions import Outlines
from domain.lossless_json import Number

LABELME_VERSION = "5.5.0"

Ring = NDArray[np.float64]


def new_document(
    regions: Sequence[Region], *, image_path: str, width: int, height: int
) -> dict[str, Any]:
    """The LabelMe file of work that was drawn here, without the embedded image."""
    return {
        "version": LABELME_VERSION,
        "flags": {},
        "shapes": [
            shape for number, region in enumerate(regions, 1) for shape in _shapes(region, number)
        ],
        "imagePath": image_path,
        "imageData": None,
        "imageHeight": height,
        "imageWidth": width,
    }


def updated_document(
    received: LabelMeDocument,
    found: Outlines,
    regions: Sequence[Region],
    *,
    image_path: str,
    width: int,
    height: int,
) -> dict[str, Any]:
    """A received file with the shapes changed to what `regions` says now.

    Shapes whose region is unchanged, and those without a region, stay as they are spelled, but
    that a region's shapes say the name that its label has now. A
    changed region takes the place and the other keys of the first shape left of its label; a new
    one comes last. Of the keys at the top only those change that LabelMe needs to open the file
    beside the image at `image_path`.
    """
    document = dict(received.document)
    document["shapes"] = _updated_shapes(received, found, regions)
    if received.image_path != image_path:
        document["imagePath"] = image_path
    document.setdefault("imageData", None)
    for key, size in (("imageHeight", height), ("imageWidth", width)):
        if document.get(key) is None or float(document[key]) != size:
            document[key] = size
    return document


def moved(received: LabelMeDocument, dx: float, dy: float) -> LabelMeDocument:
    """The file with all points moved by (dx, dy) px, for an image that was cropped.

    The declared size and the embedded image are dropped: they are the uncropped image's.
    """
    shapes = tuple(_moved_shape(shape, dx, dy) for shape in received.shapes)
    document = dict(received.document)
    document["shapes"] = [shape.source for shape in shapes]
    document.update(imageData=None, imageHeight=None, imageWidth=None)
    return replace(
        received, document=document, shapes=shapes, width=None, height=None, image_data=None
    )


def bridged_ring(part: Polygon) -> Ring:
    """One ring (n, 2) that encloses a polygon with holes by the even-odd rule.

    Each hole hangs on the nearest vertex of what is joined already. The ring is not closed and,
    where it can, begins at a vertex that it passes once: LabelMe drops later passes of the first.
    """
    ring = _points(part.exterior)
    holes = [_points(hole) for hole in part.interiors]
    while holes:
        index, on_hole, on_ring = _nearest_hole(ring, holes)
        hole = np.roll(holes.pop(index), -on_hole, axis=0)
        ring = np.vstack((ring[: on_ring + 1], hole, hole[:1], ring[on_ring:]))
    return _begun_at_single_vertex(ring)


def _updated_shapes(
    received: LabelMeDocument, found: Outlines, regions: Sequence[Region]
) -> list[Any]:
    left = list(enumerate(regions, 1 + _highest_own_number(received)))
    kept = set(found.without_region)
    labels: dict[int, str] = {}
    changed: list[tuple[Region, tuple[int, ...]]] = []
    for region, numbers in zip(found.regions, found.numbers, strict=True):
        same = next((item for item in left if _equal(item[1], region)), None)
        if same is None:
            changed.append((region, numbers))
        else:
            left.remove(same)
            kept.update(numbers)
            labels.update(dict.fromkeys(numbers, region.label))
    replaced: dict[int, list[dict[str, Any]]] = {}
    for region, numbers in changed:
        match = next((item for item in left if item[1].label == region.label), None)
        if match is not None:
            left.remove(match)
            template = received.shapes[numbers[0] - 1].source
            replaced[numbers[0]] = _shapes(match[1], match[0], template)
    shapes: list[Any] = []
    for shape in received.shapes:
        if shape.number in kept:
            shapes.append(_named(shape, labels.get(shape.number)))
        else:
            shapes.extend(replaced.get(shape.number, []))
    shapes.extend(new for number, region in left for new in _shapes(region, number))
    return shapes


def _named(shape: Shape, label: str | None) -> dict[str, Any]:
    """The shape as it is spelled, under the label's name where the file has another for it."""
    if label is None or clean_label(shape.label) == label:
        return shape.source
    return {**shape.source, "label": label}


def _highest_own_number(received: LabelMeDocument) -> int:
    owns = [shape.source.get(OWN_KEY) for shape in received.shapes]
    numbers = [own.get("region") for own in owns if isinstance(own, dict)]
    return max(
        (int(float(n)) for n in numbers if isinstance(n, Number) and n.is_integer), default=0
    )


def _equal(first: Region, second: Region) -> bool:
    return region_to_json(first) == region_to_json(second)


def _shapes(
    region: Region, number: int, template: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    base: dict[str, Any] = template or {
        "label": region.label,
        "points": [],
        "group_id": None,
        "description": "",
        "shape_type": "polygon",
        "flags": {},
        "mask": None,
    }
    own: dict[str, Any] = {}
    if len(region.shape.geoms) > 1 or region.cut:
        own = {OWN_KEY: {"region": number, "cut": list(region.cut)}}
    if clean_label(str(base["label"])) != region.label:
        base = {**base, "label": region.label}
    shapes = []
    for part in region.shape.geoms:
        shape = {key: value for key, value in base.items() if key != OWN_KEY}
        shape.update(points=bridged_ring(part).tolist(), shape_type="polygon")
        if shape.get("mask") is not None:
            shape["mask"] = None
        shapes.append({**own, **shape})
    return shapes


def _moved_shape(shape: Shape, dx: float, dy: float) -> Shape:
    points = tuple((x + dx, y + dy) for x, y in shape.points)
    spelled = [[Number(repr(x)), Number(repr(y))] for x, y in points]
    return replace(shape, points=points, source={**shape.source, "points": spelled})


def _points(ring: shapely.LinearRing) -> Ring:
    points: Ring = shapely.get_coordinates(ring)[:-1]
    return points


def _nearest_hole(ring: Ring, holes: Sequence[Ring]) -> tuple[int, int, int]:
    """The hole nearest to the ring: its index, its vertex there and the ring's."""
    best = (math.inf, 0, 0, 0)
    for index, hole in enumerate(holes):
        on_ring, distance = _nearest_vertices(hole, ring)
        on_hole = int(np.argmin(distance))
        best = min(best, (float(distance[on_hole]), index, on_hole, int(on_ring[on_hole])))
    return best[1:]


def _nearest_vertices(points: Ring, ring: Ring) -> tuple[NDArray[np.intp], Ring]:
    tree = shapely.STRtree([shapely.Point(*point) for point in ring])
    pairs, distance = tree.query_nearest(
        shapely.points(points), return_distance=True, all_matches=False
    )
    return pairs[1], distance


def _begun_at_single_vertex(ring: Ring) -> Ring:
    _, inverse, counts = np.unique(ring, axis=0, return_inverse=True, return_counts=True)
    single = np.flatnonzero(counts[inverse] == 1)
    return np.roll(ring, -int(single[0]), axis=0) if len(single) else ring
