"""How well the readers of a study agree, the current model being one of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from annotation.middleware import StudyRequest
from annotation.models import Membership, Site, Study
from annotation.selectors import agreement as selector
from annotation.selectors.agreement import Compared, PairAgreement
from core import plots
from core.numbers import DifferenceUnit, difference_unit, number
from core.pages import Empty, Step
from domain.agreement import MeasurementAgreement
from domain.errors import NotFound

QUANTITY_IN_WORDS = {"csa": "CSA", "mt": "Thickness"}


@dataclass(frozen=True)
class Shown:
    """A compared measurement in the site's unit; `statistics` are in `unit`."""

    words: str
    unit: DifferenceUnit
    compared: Compared
    statistics: MeasurementAgreement


@require_GET
def agreement(request: StudyRequest, study: Study) -> HttpResponse:
    """One site's pairs of readers in a table, and the Bland-Altman plots of the chosen pair.

    The experts' and admins': an annotator does not learn from it how somebody else reads.
    """
    if request.role == Membership.Role.ANNOTATOR:
        raise NotFound("Agreement is the experts' and admins'.")
    sites = list(study.sites.all())
    site = next((one for one in sites if one.slug == request.GET.get("site")), None)
    site = site or next(iter(sites), None)
    pairs = selector.of_site(site) if site else []
    chosen = next((one for one in pairs if one.name == request.GET.get("pair")), None)
    chosen = chosen or next(iter(pairs), None)
    compared = _compared(site, chosen) if site and chosen else []
    figures = [_bland_altman(study, chosen, one) for one in compared] if chosen else []
    if figure := plots.asked_for(request, figures):
        return plots.svg_response(figure)
    context = {
        "sites": sites,
        "site": site,
        "pairs": pairs,
        "chosen": chosen,
        "compared": compared,
        "figures": figures,
        "empty": _empty(request, study),
    }
    return render(request, "annotation/agreement.html", context)


def _compared(site: Site, pair: PairAgreement) -> list[Shown]:
    found = []
    for one in (pair.csa, pair.mt):
        if one is not None:
            unit = difference_unit(one.unit, site.area_unit)
            statistics = one.statistics.times(unit.factor)
            found.append(Shown(QUANTITY_IN_WORDS[one.quantity], unit, one, statistics))
    return found


def _bland_altman(study: Study, pair: PairAgreement, shown: Shown) -> plots.Figure:
    unit, compared = shown.unit, shown.compared
    figure = plots.bland_altman(
        compared.quantity,
        f"{shown.words} of {pair.label}: {pair.first} and {pair.second}",
        [_point(study, point, unit) for point in compared.points],
        limits=shown.statistics.limits,
        x_label=f"Mean of both readings ({unit.sign})",
        y_label=f"{pair.first} − {pair.second} ({unit.sign})",
        empty=f"No scan has a {shown.words.lower()} by both readers yet.",
    )
    left_out = {
        "that the view cuts": compared.n_cut,
        "not calibrated": compared.n_uncalibrated,
        "not outlined by both": compared.statistics.n_missing,
    }
    sample = plots.sample_in_words(selector.COMPARED_VALUES, left_out=left_out)
    return replace(figure, sample=sample)


def _point(study: Study, point: selector.Point, unit: DifferenceUnit) -> plots.Pair:
    first, second = point.first * unit.factor, point.second * unit.factor
    said = " and ".join(number(value, unit.places) for value in (first, second))
    frames = f", frames {point.frames[0]} and {point.frames[1]}" if point.frames else ""
    return plots.Pair(
        x=(first + second) / 2,
        y=first - second,
        title=f"{point.subject_code}: {said} {unit.sign}{frames}",
        href=reverse("annotation:image", args=[study.name, point.image_ids[0]]),
        picture=f"/api/v1/images/{point.image_ids[0]}/pixels",
    )


def _empty(request: StudyRequest, study: Study) -> Empty:
    is_admin = request.role == Membership.Role.ADMIN
    share = Step(
        "Set the share of scans that are read twice",
        "Two annotators then read each of them, and neither sees the other's work or the "
        "pre-label.",
        button="Settings" if is_admin else "",
        href=reverse("annotation:settings", args=[study.name]) if is_admin else "",
        done=study.double_reading_share > 0,
        next=study.double_reading_share == 0,
    )
    return Empty(
        "No scan has two independent readings yet",
        "Agreement compares people who read the same scan without seeing each other's work.",
        steps=[share],
    )
