"""The figures of a look at a site for drift, as plain data, and what follows from them.

Each part gives {"shifts" or "charts": [...], "why": a sentence in place of what cannot be told}.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

import shapely

from annotation.selectors import images
from annotation.selectors.monitoring import Corrected, PreLabelled, Scanned
from core import files
from domain import drift, measurement
from domain.geometry import Region
from training.scoring import shape_of

WINDOW = 20
"""Subjects that came in last; at one subject a day about a month."""

PRE_LABEL_REFERENCE = 30
"""Subjects whose pre-labels, made first by a model, are its reference."""

NEW_DEVICE = 5
"""Subjects of the window on a device that nothing was learnt from, before that is an alarm."""

ALL = "all"
"""The name of the chart of the whole site."""

Figures = dict[str, Any]
Values = dict[str, list[float]]
One = TypeVar("One")


def of_corrections(watched: Sequence[Corrected], *, is_random_share: bool) -> Figures:
    """A chart of the site, and one of each device and each operator, against one reference.

    The first corrections of the model are the reference of all charts, so that a device of which
    few scans come is watched as soon as there is one.
    """
    size = drift.REFERENCE_SIZE
    reference, later = [one.dice for one in watched[:size]], watched[size:]
    groups = {ALL: list(later), **_by(later, "device"), **_by(later, "operator")}
    return {
        "share": "random" if is_random_share else "all",
        "n_reference": len(reference),
        "why": _why_no_chart(len(reference)),
        "charts": [
            _chart(name, reference, own, charts=len(groups)) for name, own in groups.items()
        ],
    }


def of_input(known: Sequence[Scanned], new: Sequence[Scanned]) -> Figures:
    """The scans that came in last against those learnt from, one a subject."""
    window = new[-WINDOW:]
    strangers = _new_devices(known, window)
    return {
        "n_reference": len(known),
        "n_window": len(window),
        "shifts": _shifts(known, window, _scan_statistics),
        "new_devices": strangers,
        "why": _why_no_shift(len(known), len(window)),
    }


def of_output(made: Sequence[PreLabelled], has_csa: bool, thickness_definition: str) -> Figures:
    """The pre-labels made last against those that the model made first, one a subject."""
    known = made[:PRE_LABEL_REFERENCE]
    window = made[PRE_LABEL_REFERENCE:][-WINDOW:]

    def statistics(one: PreLabelled) -> Mapping[str, float]:
        return _pre_label_statistics(one, has_csa, thickness_definition)

    return {
        "n_reference": len(known),
        "n_window": len(window),
        "shifts": _shifts(known, window, statistics),
        "why": _why_no_shift(len(known), len(window)),
    }


def reasons_of(figures: Mapping[str, Figures]) -> list[str]:
    """Why there is an alarm, in words; empty where there is none.

    A device or an operator is named only where the site as a whole is calm.
    """
    low = [one["name"] for one in figures["corrections"]["charts"] if one["low"]]
    named = [ALL] if ALL in low else low
    reasons = [f"pre-labels need more correction than before ({name})" for name in named]
    for part, words in (("input", "scans"), ("output", "pre-labels")):
        names = [one["feature"] for one in figures[part]["shifts"] if one["shifted"]]
        if names:
            reasons.append(f"{words} differ from before in {', '.join(names)}")
    for device, count in figures["input"]["new_devices"].items():
        if count >= NEW_DEVICE:
            reasons.append(f"{count} subjects on a device that nothing was learnt from ({device})")
    return reasons


def tells_anything(figures: Mapping[str, Figures]) -> bool:
    """Whether any part had enough to be judged."""
    return any(not part["why"] for part in figures.values())


def _by(watched: Iterable[Corrected], what: str) -> dict[str, list[Corrected]]:
    groups: defaultdict[str, list[Corrected]] = defaultdict(list)
    for one in watched:
        name = getattr(one.scanned, what)
        if name:
            groups[f"{what} {name}"].append(one)
    return dict(sorted(groups.items())) if len(groups) > 1 else {}


def _chart(
    name: str, reference: Sequence[float], own: Sequence[Corrected], *, charts: int
) -> Figures:
    found = drift.chart(reference, [one.dice for one in own], charts=charts)
    points = [
        {
            "image": one.scanned.image_id,
            "at": one.approved_at.date().isoformat(),
            "dice": round(one.dice, 4),
            "average": round(average, 4),
            "limit": round(limit, 4),
        }
        for one, average, limit in zip(own, found.average, found.limit, strict=False)
    ]
    return {"name": name, "centre": found.centre, "points": points, "low": found.is_low}


def _shifts(
    known: Sequence[One], window: Sequence[One], statistics: Callable[[One], Mapping[str, float]]
) -> list[Figures]:
    enough = len(known) >= drift.SMALLEST_REFERENCE and len(window) >= drift.SMALLEST_WINDOW
    if not enough:
        return []
    found = drift.compare(
        _columns(statistics(one) for one in known), _columns(statistics(one) for one in window)
    )
    return [{**asdict(one), "shifted": one.is_shifted} for one in found]


def _columns(rows: Iterable[Mapping[str, float]]) -> Values:
    columns: defaultdict[str, list[float]] = defaultdict(list)
    for row in rows:
        for name, value in row.items():
            columns[name].append(value)
    return dict(columns)


def _scan_statistics(scanned: Scanned) -> dict[str, float]:
    pixels = images.decode_stored_png(files.read(scanned.file_sha256))
    statistics = drift.picture_statistics(pixels)
    if scanned.spacing is not None:
        statistics["mm per px"] = scanned.spacing.y_mm
    if scanned.depth_mm is not None:
        statistics["depth (mm)"] = scanned.depth_mm
    return statistics


def _pre_label_statistics(
    one: PreLabelled, has_csa: bool, thickness_definition: str
) -> dict[str, float]:
    statistics = {
        "parts": float(sum(len(region.shape.geoms) for region in one.regions)),
        "touches the edge": float(
            any(_touches_edge(region, one.scanned) for region in one.regions)
        ),
    }
    if one.disagreement is not None:
        statistics["disagreement of networks"] = one.disagreement
    spacing = one.scanned.spacing
    if spacing is None:
        return statistics
    for label, shape in _shapes(one.regions).items():
        if has_csa:
            statistics[f"CSA of {label} (mm²)"] = measurement.csa_mm2(shape, spacing)
        thickness = measurement.thickness(shape, thickness_definition, spacing)
        statistics[f"MT of {label} (mm)"] = thickness.value_mm or 0.0
    return statistics


def _shapes(regions: Sequence[Region]) -> dict[str, shapely.MultiPolygon]:
    labels = sorted({region.label for region in regions})
    return {label: shape_of(regions, label) for label in labels}


def _touches_edge(region: Region, scanned: Scanned) -> bool:
    left, top, right, bottom = region.shape.bounds
    return left <= 1 or top <= 1 or right >= scanned.width - 1 or bottom >= scanned.height - 1


def _new_devices(known: Sequence[Scanned], window: Sequence[Scanned]) -> dict[str, int]:
    learnt = {one.device for one in known}
    strangers = [one.device for one in window if one.device and one.device not in learnt]
    return {device: strangers.count(device) for device in sorted(set(strangers))}


def _why_no_chart(n_reference: int) -> str:
    if n_reference >= drift.REFERENCE_SIZE:
        return ""
    return (
        f"{n_reference} corrections of this model's pre-labels so far: the first"
        f" {drift.REFERENCE_SIZE} are what later ones are held against."
    )


def _why_no_shift(n_reference: int, n_window: int) -> str:
    if n_reference < drift.SMALLEST_REFERENCE:
        return f"{n_reference} subjects to compare with; {drift.SMALLEST_REFERENCE} at least."
    if n_window < drift.SMALLEST_WINDOW:
        return f"{n_window} subjects have come in since; {drift.SMALLEST_WINDOW} at least."
    return ""
