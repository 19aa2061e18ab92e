"""Subjects: the list, and one subject's thickness and CSA over the visits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from annotation.middleware import StudyRequest
from annotation.models import Study, Subject
from annotation.policies import Role
from annotation.selectors import subjects as selector
from annotation.selectors import thumbnails
from annotation.selectors.measurements import Measurement
from annotation.selectors.subjects import SiteOfSubject
from core import plots
from core.numbers import AREA_UNITS, number
from core.pages import Empty, Pages
from domain.measurement import VISIBLE_CSA, VISIBLE_THICKNESS, has_csa


@require_GET
def subjects(request: StudyRequest, study: Study) -> HttpResponse:
    """The subjects of the study as picture cards; the beginning of a code finds one."""
    wanted, after = request.GET.get("code", "").strip(), request.GET.get("after", "")
    page = selector.subjects_of(study, starting_with=wanted, after=after)
    shown = [row.image for row in page.rows if row.image is not None]
    pictures = thumbnails.of_images(shown, request.user, request.role)
    context = {
        "rows": [(row, pictures.get(row.image.pk) if row.image else None) for row in page.rows],
        "code": wanted,
        "pages": Pages(
            "",
            _address(request, wanted, "") if after else "",
            _address(request, wanted, page.after) if page.after else "",
        ),
        "empty": Empty("No subject is here yet", "Subjects come with the scans that are imported."),
    }
    return render(request, "annotation/subjects.html", context)


def _address(request: StudyRequest, code: str, after: str) -> str:
    query = {name: value for name, value in (("code", code), ("after", after)) if value}
    return f"{request.path}?{urlencode(query)}" if query else request.path


@require_GET
def subject(request: StudyRequest, study: Study, code: str) -> HttpResponse:
    """One subject: scans, thickness and CSA over the visits, by site and side."""
    found = selector.subject_named(study, code)
    own_only = request.user if request.role == Role.ANNOTATOR else None
    sites = selector.scans_of(found, drawn_by=own_only)
    figures = [figure for one in sites for figure in _figures(found, one)]
    wanted = plots.asked_for(request, figures)
    if wanted is not None:
        return plots.svg_response(wanted)
    pictures = thumbnails.of_images(
        [scan.image for one in sites for scan in one.scans], request.user, request.role
    )
    context = {
        "subject": found,
        "visits": found.visits.count(),
        "sites": [_section(found, one, pictures) for one in sites],
        "sealed": request.role != Role.ANNOTATOR and selector.is_in_test_set(found),
        "own_only": own_only is not None,
    }
    return render(request, "annotation/subject.html", context)


def _section(
    found: Subject,
    one: SiteOfSubject,
    pictures: dict[int, thumbnails.Thumbnail],
) -> dict[str, Any]:
    """What the page shows of one site."""
    return {
        "site": one.site,
        "has_csa": has_csa(one.site.plane),
        "scans": [(scan, pictures[scan.image.pk]) for scan in one.scans],
        "has_sweeps": any(scan.n_frames > 1 for scan in one.scans),
        "is_measured": any(scan.measurements for scan in one.scans),
        "figures": _figures(found, one),
    }


@dataclass(frozen=True)
class Value:
    """What one scan measures of a quantity, under its proper name, in the unit where it is shown.

    `amount` is None where the scan has no mm.
    """

    measured: Measurement
    quantity: str
    amount: float | None

    @property
    def is_cut(self) -> bool:
        """Whether the view cuts it, so that it is another quantity."""
        return self.quantity in (VISIBLE_CSA, VISIBLE_THICKNESS)

    @property
    def is_drawn(self) -> bool:
        """Whether it has a place in a trend."""
        return self.amount is not None and self.measured.visit is not None

    @property
    def line(self) -> str:
        """Label and side; what the view cuts is a line of its own."""
        cut = f"({self.quantity})" if self.is_cut else ""
        return " ".join(word for word in (self.measured.label, self.measured.side, cut) if word)


def _figures(found: Subject, one: SiteOfSubject) -> list[plots.Figure]:
    """Trends of thickness and CSA, where two dated visits give one; a line a label and side."""
    scans = [value for scan in one.scans for value in scan.measurements if value.is_outlined]
    title, slug = f"{found.code}, {one.site.name}", one.site.slug
    area = AREA_UNITS[one.site.area_unit]
    thickness = [Value(scan, scan.mt_quantity, scan.mt_mm) for scan in scans]
    figures = [_trend(f"mt-{slug}", f"{title}: thickness", thickness, "MT", "mm", 1)]
    if has_csa(one.site.plane):
        csa = [Value(scan, scan.csa_quantity, _times(scan.csa_mm2, area.per_mm2)) for scan in scans]
        figures.append(_trend(f"csa-{slug}", f"{title}: CSA", csa, "CSA", area.sign, area.places))
    return [figure for figure in figures if figure is not None]


def _times(amount: float | None, factor: float) -> float | None:
    return None if amount is None else amount * factor


def _trend(
    name: str, title: str, values: Sequence[Value], short: str, sign: str, places: int
) -> plots.Figure | None:
    """One quantity over the visits; None where no line has two points."""
    drawn = [value for value in values if value.is_drawn]
    series = _series(drawn, sign, places)
    if not any(len(line.points) > 1 for line in series):
        return None
    n_cut = sum(value.is_cut for value in drawn)
    without_mm = sum(value.amount is None for value in values)
    axis = f"{short}, visible {short}" if n_cut else short
    figure = plots.trend(
        name, title, series, y_label=f"{axis} ({sign})", y_range=_from_zero(series)
    )
    sample = plots.sample_in_words(
        "One value a visit and side, of the selected take, none averaged.",
        apart={"that the view cuts": n_cut},
        left_out={
            "without mm": without_mm,
            "without a date": len(values) - len(drawn) - without_mm,
        },
    )
    return replace(figure, sample=sample)


def _from_zero(series: Sequence[plots.Series]) -> tuple[float, float]:
    """An axis that begins at 0, so that a small difference does not look like a large one."""
    return 0.0, 1.1 * max(value for line in series for _, value in line.points)


def _series(drawn: Sequence[Value], sign: str, places: int) -> list[plots.Series]:
    """A line a label and side, its points by visit."""
    points: dict[str, list[tuple[date, float, str]]] = {}
    for value in drawn:
        amount, visit = value.amount, value.measured.visit
        assert amount is not None, "it is drawn"
        assert visit is not None, "it is drawn"
        said = f"{value.line}, {visit}: {number(amount, places)} {sign}"
        cut = f", cut {', '.join(value.measured.cut)}" if value.is_cut else ""
        points.setdefault(value.line, []).append((visit, amount, f"{said}{cut}"))
    return [
        plots.Series(
            line,
            [(visit, amount) for visit, amount, _ in sorted(of_line)],
            titles=[said for _, _, said in sorted(of_line)],
        )
        for line, of_line in points.items()
    ]
