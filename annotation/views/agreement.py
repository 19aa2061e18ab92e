"""How well the readers of a study agree, the current model being one of them."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from annotation.middleware import StudyRequest
from annotation.models import Membership, Study
from annotation.selectors import agreement as selector
from annotation.selectors.agreement import Compared, PairAgreement
from core import plots
from core.pages import Empty, Step
from domain.errors import NotFound

UNIT_IN_WORDS = {"mm2": "mm²", "px2": "px²", "mm": "mm", "px": "px"}
QUANTITY_IN_WORDS = {"csa": "CSA", "mt": "Thickness"}


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
    figures = _figures(study, chosen) if chosen else []
    if figure := plots.asked_for(request, figures):
        return plots.svg_response(figure)
    context = {
        "sites": sites,
        "site": site,
        "pairs": pairs,
        "chosen": chosen,
        "compared": _compared(chosen) if chosen else [],
        "figures": figures,
        "empty": _empty(request, study),
    }
    return render(request, "annotation/agreement.html", context)


def _compared(pair: PairAgreement) -> list[tuple[str, str, Compared]]:
    found = [one for one in (pair.csa, pair.mt) if one is not None]
    return [(QUANTITY_IN_WORDS[one.quantity], UNIT_IN_WORDS[one.unit], one) for one in found]


def _figures(study: Study, pair: PairAgreement) -> Sequence[plots.Figure]:
    return [
        _bland_altman(study, pair, words, unit, compared)
        for words, unit, compared in _compared(pair)
    ]


def _bland_altman(
    study: Study, pair: PairAgreement, words: str, unit: str, compared: Compared
) -> plots.Figure:
    statistics = compared.statistics
    return plots.bland_altman(
        compared.quantity,
        f"{words} of {pair.label}: {pair.first} and {pair.second}",
        [_point(study, point, unit) for point in compared.points],
        limits=statistics.limits,
        x_label=f"Mean of both readings ({unit})",
        y_label=f"{pair.first} − {pair.second} ({unit})",
        empty=f"No scan has a {words.lower()} by both readers yet.",
    )


def _point(study: Study, point: selector.Point, unit: str) -> plots.Pair:
    difference = point.first - point.second
    return plots.Pair(
        x=(point.first + point.second) / 2,
        y=difference,
        title=f"{point.subject_code}: {point.first:.1f} and {point.second:.1f} {unit}",
        href=reverse("annotation:image", args=[study.name, point.image_id]),
        picture=f"/api/v1/images/{point.image_id}/pixels",
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
