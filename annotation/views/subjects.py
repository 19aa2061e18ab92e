"""Subjects: the list, and one subject's thickness and CSA over the visits."""

from __future__ import annotations

from collections.abc import Sequence
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
from core.numbers import AREA_UNITS
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
    figures = [figure for one in sites for figure in _figures(study, found, one)]
    wanted = plots.asked_for(request, figures)
    if wanted is not None:
        return plots.svg_response(wanted)
    pictures = thumbnails.of_images(
        [scan.image for one in sites for scan in one.scans], request.user, request.role
    )
    context = {
        "subject": found,
        "visits": found.visits.count(),
        "sites": [_section(study, found, one, pictures) for one in sites],
        "sealed": request.role != Role.ANNOTATOR and selector.is_in_test_set(found),
        "own_only": own_only is not None,
    }
    return render(request, "annotation/subject.html", context)


def _section(
    study: Study,
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
        "figures": _figures(study, found, one),
    }


def _figures(study: Study, found: Subject, one: SiteOfSubject) -> list[plots.Figure]:
    """Trends of thickness and CSA, where two dated visits give one; a line a label and side."""
    thickness = _series(one, "mt_mm")
    unit = AREA_UNITS[one.site.area_unit]
    area = _series(one, "csa_mm2", unit.per_mm2)
    drawn = [
        ("mt", f"{one.site.name}: thickness", "MT (mm)", thickness),
        ("csa", f"{one.site.name}: CSA", f"CSA ({unit.sign})", area),
    ]
    return [
        plots.trend(
            f"{name}-{one.site.slug}",
            f"{found.code}, {title}",
            series,
            y_label=axis,
            y_range=_from_zero(series),
        )
        for name, title, axis, series in drawn
        if any(len(line.points) > 1 for line in series)
    ]


def _from_zero(series: Sequence[plots.Series]) -> tuple[float, float]:
    """An axis that begins at 0, so that a small difference does not look like a large one."""
    return 0.0, 1.1 * max(value for line in series for _, value in line.points)


def _series(one: SiteOfSubject, quantity: str, scale: float = 1.0) -> list[plots.Series]:
    points: dict[str, list[tuple[date, float]]] = {}
    for scan in one.scans:
        for measured in scan.measurements:
            value = getattr(measured, quantity)
            if value is not None and scan.visit is not None:
                name = _line_name(measured, quantity)
                points.setdefault(name, []).append((scan.visit, value * scale))
    return [plots.Series(name, sorted(of_line)) for name, of_line in points.items()]


def _line_name(measured: Measurement, quantity: str) -> str:
    """Label and side; what the view cuts is a line of its own."""
    name = measured.csa_quantity if quantity == "csa_mm2" else measured.mt_quantity
    cut = f"({name})" if name in (VISIBLE_CSA, VISIBLE_THICKNESS) else ""
    return " ".join(word for word in (measured.label, measured.side, cut) if word)
