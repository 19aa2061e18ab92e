"""Which scans are outlined next: query rounds, and the evidence that choosing them helps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from annotation.policies import Role, require_role
from annotation.selectors import thumbnails
from annotation.selectors.studies import site_named
from annotation.views.jobs import awaited
from core import plots
from domain.errors import MyotraceError
from training import replay_pages
from training.forms import NextScans, StartReplay
from training.models import QueryRound
from training.selectors import replays
from training.services import queries, replaying

if TYPE_CHECKING:
    from django.forms import Form

    from annotation.middleware import StudyRequest
    from annotation.models import Site, Study

ROUND, REPLAY = "round", "replay"


@require_http_methods(["GET", "POST"])
def choosing(request: StudyRequest, study: Study, slug: str) -> HttpResponse:
    """The newest round with its reasons, the newest replay, and for admins both to start."""
    require_role(request.role, Role.EXPERT, Role.ADMIN)
    site = site_named(study, slug)
    if request.method == "POST":
        require_role(request.role, Role.ADMIN)
    act = request.POST.get("act", "") if request.method == "POST" else ""
    forms = _forms(request, site, act)
    if act in forms and forms[act].is_valid():
        try:
            messages.success(request, _do(act, site, forms[act], request))
        except MyotraceError as error:
            forms[act].add_error(None, str(error))
        else:
            return redirect("training:choosing", study.name, site.slug)
    replayed = replays.newest_done(site)
    figures = [replay_pages.learning_curves(replayed)] if replayed else []
    if asked := plots.asked_for(request, figures):
        return plots.svg_response(asked)
    newest = QueryRound.objects.filter(site=site).select_related("model__site").first()
    context = {
        **awaited(study, f"site:{site.pk}"),
        "site": site,
        "forms": forms,
        "round": newest,
        "picks": _picks(request, newest),
        "default": queries.default_strategy(site),
        "replay": replayed,
        "figures": figures,
        "running": replays.active(site),
    }
    status = 422 if any(form.errors for form in forms.values()) else 200
    return render(request, "training/choosing.html", context, status=status)


def _forms(request: StudyRequest, site: Site, act: str) -> dict[str, Form]:
    return {
        ROUND: NextScans(request.POST if act == ROUND else None),
        REPLAY: StartReplay(request.POST if act == REPLAY else None, prefix=REPLAY),
    }


def _do(act: str, site: Site, form: Form, request: StudyRequest) -> str:
    given = form.cleaned_data
    if act == ROUND:
        made = queries.next_round(
            site,
            strategy=given["strategy"] or None,
            size=given["size"],
            seed=given["seed"],
            noise=given["noise"],
            actor=request.user,
        )
        return f"{made.picks.count()} scans were chosen: they come first in everybody's queue."
    replaying.submit(
        site,
        request.user,
        seeds=given["seeds"],
        start=given["start"],
        batch=given["batch"],
        backend=site.model_family,
        settings={"max_epochs": given["max_epochs"]},
    )
    return "Queued. It trains many small models, which takes its time; leaving does not stop it."


def _picks(
    request: StudyRequest, newest: QueryRound | None
) -> list[tuple[Any, thumbnails.Thumbnail]]:
    if newest is None:
        return []
    picks = list(newest.picks.select_related("image__subject", "image__site").order_by("rank"))
    shown = thumbnails.of_images([pick.image for pick in picks], request.user, request.role)
    return [(pick, shown[pick.image_id]) for pick in picks]
