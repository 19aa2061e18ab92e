"""Outlines of the areas of a label map, with borders between areas shared.

The boundary runs along pixel edges. It is cut at nodes (lattice points where more than two
boundary edges meet) into arcs, each arc is thinned once whichever area it bounds, and the rings
are put together from the arcs again. docs/algorithms/raster.md tells why.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage
from shapely import MultiPolygon, Polygon

Points = NDArray[np.int64]  # numbers of lattice points, row * padded width + column
Coordinates = NDArray[np.float64]

# Sides of a pixel in the order top, right, bottom, left, walked with the area at the right hand.
_AHEAD = ((0, 1), (1, 0), (0, -1), (-1, 0))
_OUTWARD = ((-1, 0), (0, 1), (1, 0), (0, -1))
_START_CORNER = ((0, 0), (0, 1), (1, 1), (1, 0))


@dataclass
class _Arc:
    """A stretch of boundary between two nodes, or a closed one that meets no node.

    `points` lie in an order that depends on the stretch alone, not on the area it is walked for,
    so that both neighbours get the same thinned line.
    """

    points: Points
    closed: bool
    tolerance_px: float
    thinned: Coordinates = field(default_factory=lambda: np.empty((0, 2)))

    refined: bool = False

    def refine(self) -> None:
        self.tolerance_px = 0.0 if self.refined else self.tolerance_px / 2
        self.refined = True


@dataclass
class _Ring:
    """One simple closed outline: label, connected component, its arcs and their direction."""

    label: int
    component: int
    arcs: list[tuple[_Arc, bool]]

    def coordinates(self) -> Coordinates:
        pieces = [arc.thinned[::-1] if backwards else arc.thinned for arc, backwards in self.arcs]
        return np.concatenate([piece[:-1] for piece in pieces])


def trace(label_map: NDArray[np.uint8], tolerance_px: float) -> dict[int, MultiPolygon]:
    """The valid shape of each non-zero number in the map.

    At tolerance 0 the shapes follow the pixel edges exactly. Above, arcs run through the middles
    of the pixel edges and are thinned by Douglas-Peucker; arcs that then collapse, cross or touch
    another get half the tolerance, and then none, with which everything is valid.
    """
    padded = np.pad(label_map, 1)
    rings, arcs = _rings_and_arcs(padded, tolerance_px)
    through_middles = tolerance_px > 0
    shapes: dict[int, MultiPolygon] = {}
    pending = arcs
    while pending:
        _thin(pending, padded.shape[1], through_middles)
        shapes, faulty = _assembled(rings)
        shared = {id(arc): arc for ring in faulty for arc, _ in ring.arcs}
        pending = [arc for arc in shared.values() if arc.tolerance_px > 0]
        for arc in pending:
            arc.refine()
    return shapes


def _rings_and_arcs(
    padded: NDArray[np.uint8], tolerance_px: float
) -> tuple[list[_Ring], list[_Arc]]:
    labels, components = padded.ravel(), _components(padded).ravel()
    pixels, starts, following = _boundary(padded)
    is_node = _is_node(padded, starts)
    arcs: dict[tuple[int, int], _Arc] = {}
    rings = []
    for loop in _simple_loops(_cycles(following), starts):
        pieces = [
            (arcs.setdefault(key, _Arc(points, closed, tolerance_px)), backwards)
            for key, points, closed, backwards in _pieces(starts[loop], is_node[loop])
        ]
        pixel = pixels[loop[0]]
        rings.append(_Ring(int(labels[pixel]), int(components[pixel]), pieces))
    return rings, list(arcs.values())


def _components(padded: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Numbers of the 4-connected areas, distinct across labels; 0 outside."""
    result = np.zeros(padded.shape, dtype=np.int64)
    found = 0
    for label in np.flatnonzero(np.bincount(padded.ravel()))[1:]:
        areas, count = ndimage.label(padded == label)
        result = np.where(areas > 0, areas + found, result)
        found += count
    return result


def _boundary(padded: NDArray[np.uint8]) -> tuple[Points, Points, NDArray[np.int64]]:
    """Every unit edge with an area at its right hand: its pixel, its first point, its successor.

    Where two pixels of an area touch at a corner only, the walk stays at the pixel it came along,
    so that areas are 4-connected.
    """
    width = padded.shape[1]
    numbers = padded.ravel()
    inside = np.flatnonzero(numbers)
    offsets = [[row * width + column for row, column in table] for table in (_OUTWARD, _AHEAD)]
    keys, starts, successors = [], [], []
    for side, (outward, ahead) in enumerate(zip(*offsets, strict=True)):
        pixel = inside[numbers[inside + outward] != numbers[inside]]
        own = numbers[pixel]
        straight = numbers[pixel + ahead] == own
        inwards = straight & (numbers[pixel + ahead + outward] == own)
        row, column = _START_CORNER[side]
        keys.append(pixel * 4 + side)
        starts.append(pixel + row * width + column)
        successors.append(
            np.where(
                inwards,
                (pixel + ahead + outward) * 4 + (side - 1) % 4,
                np.where(straight, (pixel + ahead) * 4 + side, pixel * 4 + (side + 1) % 4),
            )
        )
    key = np.concatenate(keys)
    order = np.argsort(key)
    following = np.searchsorted(key[order], np.concatenate(successors)[order])
    return key[order] // 4, np.concatenate(starts)[order], following


def _is_node(padded: NDArray[np.uint8], points: Points) -> NDArray[np.bool_]:
    """Whether more than two boundary edges meet at each lattice point."""
    numbers, width = padded.ravel(), padded.shape[1]
    around = [numbers[points - back] for back in (0, 1, width + 1, width)]
    meeting = sum((one != other).astype(np.int8) for one, other in pairwise([*around, around[0]]))
    return np.asarray(meeting) > 2


def _cycles(following: NDArray[np.int64]) -> Iterator[list[int]]:
    successor = following.tolist()
    seen = bytearray(len(successor))
    for first in range(len(successor)):
        if seen[first]:
            continue
        cycle = []
        edge = first
        while not seen[edge]:
            seen[edge] = 1
            cycle.append(edge)
            edge = successor[edge]
        yield cycle


def _simple_loops(cycles: Iterable[list[int]], starts: Points) -> Iterator[NDArray[np.int64]]:
    """The cycles, cut where they come back to a point, as a valid ring may not."""
    for cycle in cycles:
        points = starts[cycle].tolist()
        if len(set(points)) == len(points):
            yield np.array(cycle)
        else:
            yield from _cut_at_returns(cycle, points)


def _cut_at_returns(cycle: list[int], points: list[int]) -> Iterator[NDArray[np.int64]]:
    path: list[int] = []
    position: dict[int, int] = {}
    walked: list[int] = []
    for edge, point in zip(cycle, points, strict=True):
        if point in position:
            cut = position[point]
            yield np.array(path[cut:])
            for left in walked[cut:]:
                del position[left]
            del path[cut:], walked[cut:]
        position[point] = len(path)
        path.append(edge)
        walked.append(point)
    yield np.array(path)


def _pieces(
    points: Points, is_node: NDArray[np.bool_]
) -> Iterator[tuple[tuple[int, int], Points, bool, bool]]:
    """The arcs of a ring: key, points in the direction of the key, closed, walked backwards."""
    nodes = np.flatnonzero(is_node)
    closed = len(nodes) == 0
    first = int(np.argmin(points)) if closed else int(nodes[0])
    turned = np.roll(points, -first)
    ends = [0] if closed else (nodes - first).tolist()
    round_trip = np.append(turned, turned[0])
    for start, stop in pairwise([*ends, len(points)]):
        stretch = round_trip[start : stop + 1]
        forth = (int(stretch[0]), int(stretch[1]))
        back = (int(stretch[-1]), int(stretch[-2]))
        if back < forth:
            yield back, stretch[::-1], closed, True
        else:
            yield forth, stretch, closed, False


def _thin(arcs: list[_Arc], width: int, through_middles: bool) -> None:
    lines = [_line(arc, width, through_middles) for arc in arcs]
    owner = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    geometries = shapely.linestrings(np.concatenate(lines), indices=owner)
    tolerances = [arc.tolerance_px for arc in arcs]
    thinned = shapely.simplify(geometries, tolerances, preserve_topology=False)
    coordinates, owner = shapely.get_coordinates(thinned, return_index=True)
    cuts = np.searchsorted(owner, np.arange(1, len(arcs)))
    for arc, points in zip(arcs, np.split(coordinates, cuts), strict=True):
        arc.thinned = points


def _line(arc: _Arc, width: int, through_middles: bool) -> Coordinates:
    """The arc in image coordinates; the map is padded by one pixel."""
    corners = np.stack([arc.points % width - 1, arc.points // width - 1], axis=1).astype(float)
    if not through_middles:
        return corners
    middles = (corners[:-1] + corners[1:]) / 2
    if arc.closed:
        return np.concatenate([middles, middles[:1]])
    return np.concatenate([corners[:1], middles, corners[-1:]])


def _assembled(rings: list[_Ring]) -> tuple[dict[int, MultiPolygon], list[_Ring]]:
    """The shape of each label, and the rings that keep shapes from being valid."""
    collapsed = [ring for ring in rings if len(ring.coordinates()) < 3]
    if collapsed:
        return {}, collapsed
    rings_of: dict[int, dict[int, list[_Ring]]] = defaultdict(lambda: defaultdict(list))
    for ring in rings:
        rings_of[ring.label][ring.component].append(ring)
    shapes = {
        label: MultiPolygon([_polygon(group) for group in components.values()])
        for label, components in rings_of.items()
    }
    faulty = _faulty_labels(shapes)
    return shapes, [ring for ring in rings if ring.label in faulty]


def _polygon(rings: list[_Ring]) -> Polygon:
    """One connected component: the ring around it has the positive area, its holes negative."""
    coordinates = [ring.coordinates() for ring in rings]
    areas = [_signed_area(points) for points in coordinates]
    outer = int(np.argmax(areas))
    return Polygon(coordinates[outer], [c for i, c in enumerate(coordinates) if i != outer])


def _signed_area(points: Coordinates) -> float:
    x, y = points.T
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def _faulty_labels(shapes: dict[int, MultiPolygon]) -> set[int]:
    labels = list(shapes)
    geometries = np.array([shapes[label] for label in labels])
    faulty = ~shapely.is_valid(geometries)
    if len(labels) > 1 and not faulty.any():
        faulty = ~shapely.is_empty(shapely.coverage_invalid_edges(geometries))
    return {label for label, bad in zip(labels, faulty, strict=True) if bad}
