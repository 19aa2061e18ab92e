"""What the page about a site's drift shows, from a stored report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.urls import reverse
from django.utils.text import capfirst

from annotation.models import Site
from annotation.selectors.thumbnails import PIXELS
from core import plots
from core.numbers import AREA_UNITS
from training.models import DriftReport
from training.watching import ALL


@dataclass(frozen=True)
class Part:
    """One comparison of distributions, with a sentence in place of what cannot be told."""

    title: str
    text: str
    n_reference: int
    n_window: int
    shifts: list[dict[str, Any]]
    why: str


def charts(site: Site, report: DriftReport) -> list[plots.Figure]:
    """A chart of the site's corrections, of each device and of each operator."""
    corrections = report.figures["corrections"]
    return [
        _chart(site, number, one, corrections["why"])
        for number, one in enumerate(corrections["charts"])
    ]


def parts(site: Site, report: DriftReport) -> list[Part]:
    """The scans that came in, and what the model said of them."""
    texts = {
        "input": ("Scans", "The scans that came in last against those the model learnt from."),
        "output": ("Pre-labels", "The model's newest pre-labels against its first ones."),
    }
    return [
        Part(
            title,
            text,
            report.figures[name].get("n_reference", 0),
            report.figures[name].get("n_window", 0),
            [_in_unit(one, site.area_unit) for one in report.figures[name].get("shifts", [])],
            report.figures[name]["why"],
        )
        for name, (title, text) in texts.items()
    ]


def _in_unit(shift: dict[str, Any], area_unit: str) -> dict[str, Any]:
    """A shift with its medians in the site's unit of areas, where they are areas."""
    if not shift["feature"].endswith("(mm²)"):
        return shift
    factor = AREA_UNITS[area_unit].per_mm2
    medians = {name: shift[name] * factor for name in ("reference_median", "window_median")}
    return {**shift, **medians}


def _chart(site: Site, number: int, one: dict[str, Any], why: str) -> plots.Figure:
    points = list(enumerate(one["points"], start=1))
    average = plots.Series(
        "moving average",
        [(float(n), point["average"]) for n, point in points],
        titles=[f"Dice {p['dice']:.2f}, average {p['average']:.2f}, {p['at']}" for _, p in points],
        hrefs=[_address(site, point["image"]) for _, point in points],
        pictures=[PIXELS.format(id=point["image"]) for _, point in points],
    )
    limit = plots.Series("lower limit", [(float(n), point["limit"]) for n, point in points])
    empty = why or "No correction since the reference was complete."
    figure = plots.trend(
        f"drift-{number}",
        "All corrections" if one["name"] == ALL else capfirst(one["name"]),
        [average, limit],
        x_label="Correction",
        y_label="Dice",
        empty=empty,
    )
    scans = [mark for mark in figure.marks if mark.href]
    return replace(figure, marks=scans)


def _address(site: Site, image_id: int) -> str:
    return reverse("annotation:image", args=[site.study.name, image_id])
