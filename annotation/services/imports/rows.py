"""What a preview shows and a report keeps of each scan: one row a take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from annotation.services.imports.planning import Unit
from annotation.services.imports.report import BY_WEIGHT, WARNING, ImportReport
from annotation.services.intake.batch import IMPORTED, REFUSED, Outcome


def scan_rows(
    outcomes: Iterable[Outcome], units: Sequence[Unit], report: ImportReport
) -> list[dict[str, Any]]:
    """Rows in the order of what came; those of files that could not be read last.

    Keys: `subject`, `site`, `side`, `visit` (ISO date or empty), `take` (None where it is not
    known), `files`, `frames` (how many), `scale` (x_mm, y_mm, method; None: not calibrated),
    `outlines` (each with `file`, `reader`, `status`, `labels`: how many regions of each),
    `status` and `warnings`.
    """
    together: dict[tuple[object, ...], list[Outcome]] = {}
    for outcome in outcomes:
        place = outcome.take if outcome.take is not None else outcome.frame.name
        together.setdefault((*outcome.frame.scan_key, place), []).append(outcome)
    rows = [_row(of_take, report) for of_take in together.values()]
    shown = {name for row in rows for name in row["files"]}
    return rows + [_unread(unit, report) for unit in units if unit.name not in shown]


def _row(outcomes: Sequence[Outcome], report: ImportReport) -> dict[str, Any]:
    first = outcomes[0].frame
    outlines = [
        {
            "file": ended.outlines.name,
            "reader": ended.outlines.reader,
            "status": ended.status,
            "labels": dict(Counter(region["label"] for region in ended.outlines.regions)),
        }
        for outcome in outcomes
        for ended in outcome.outlines
    ]
    spacing = first.scale.spacing
    pictures = list(dict.fromkeys(outcome.frame.name for outcome in outcomes))
    named = [ended.outlines.name for outcome in outcomes for ended in outcome.outlines]
    files = list(dict.fromkeys([*pictures, *named]))
    warnings = _warnings(files, report)
    return {
        "subject": first.subject,
        "site": first.site,
        "side": first.side,
        "visit": first.visit.isoformat() if first.visit else "",
        "take": outcomes[0].take,
        "files": files,
        "frames": len(outcomes),
        "scale": None
        if spacing is None
        else {"x_mm": spacing.x_mm, "y_mm": spacing.y_mm, "method": spacing.method},
        "outlines": outlines,
        "status": _status(outcomes, bool(warnings)),
        "warnings": warnings,
    }


def _status(outcomes: Sequence[Outcome], has_warnings: bool) -> str:
    """The heaviest of what became of its frames and outlines; outlines that alone were refused are
    a warning of the scan."""
    of_frames = [outcome.status for outcome in outcomes]
    of_outlines = [ended.status for outcome in outcomes for ended in outcome.outlines]
    found = of_frames + [status for status in of_outlines if status != REFUSED]
    heaviest = max(found, key=BY_WEIGHT.index)
    if REFUSED in of_outlines and heaviest != REFUSED:
        return WARNING
    return WARNING if heaviest == IMPORTED and has_warnings else heaviest


def _warnings(files: Iterable[str], report: ImportReport) -> list[str]:
    return list(dict.fromkeys(reason for name in files for reason in report.file(name).reasons))


def _unread(unit: Unit, report: ImportReport) -> dict[str, Any]:
    """The row of a file that could not be read: its place and why."""
    place = unit.placement
    return {
        "subject": place.subject,
        "site": place.site,
        "side": place.side,
        "visit": place.visit.isoformat() if place.visit else "",
        "take": place.take,
        "files": [unit.name],
        "frames": 0,
        "scale": None,
        "outlines": [],
        "status": REFUSED,
        "warnings": _warnings([unit.name], report),
    }
