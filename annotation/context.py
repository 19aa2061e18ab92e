"""What every page's frame shows: the study, the role, and where to go from here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from annotation.models import Study
from annotation.selectors.studies import SESSION_KEY, StudyRole, entered_by


@dataclass(frozen=True)
class Link:
    """One entry of the navigation; `current` marks the page that is open."""

    title: str
    href: str
    current: bool


@dataclass(frozen=True)
class StudyChoice:
    """One entry of the study switcher."""

    title: str
    role: str
    href: str
    current: bool


@dataclass(frozen=True)
class Navigation:
    """The bar at the top of every page."""

    study_title: str
    studies: Sequence[StudyChoice]
    links: Sequence[Link]
    more: Sequence[Link]
    new_study_href: str


QUEUE = ("My queue", "annotation:queue")
BOARD = ("Board", "annotation:board")
OVERVIEW = ("Study", "training:overview")
IMAGES = ("Images", "annotation:images")
SUBJECTS = ("Subjects", "annotation:subjects")
SITES = ("Sites", "annotation:sites")
MODELS = ("Models", "training:models")
RUNS = ("Runs", "training:runs")
AGREEMENT = ("Agreement", "annotation:agreement")
REPORT = ("Report", "training:study_report")
MEASUREMENTS = ("Measurements", "annotation:measurements")
IMPORTS = ("Imports", "annotation:imports")
MEMBERS = ("Members", "annotation:members")
SETTINGS = ("Settings", "annotation:settings")
SCALE = ("Scale", "annotation:scale")
LOCKS = ("Locks", "annotation:lock")
JOBS = ("Jobs", "annotation:jobs")
AUDIT = ("Audit", "annotation:audit")
HELP = ("Help", "annotation:help")

FIRST = {
    "annotator": (QUEUE, IMAGES, SUBJECTS, SITES, HELP),
    "expert": (BOARD, IMAGES, SUBJECTS, SITES, AGREEMENT, MODELS),
    "admin": (OVERVIEW, IMAGES, SUBJECTS, SITES, MODELS, RUNS, AGREEMENT),
}
MORE: dict[str, tuple[tuple[str, str], ...]] = {
    "annotator": (),
    "expert": (QUEUE, OVERVIEW, RUNS, REPORT, MEASUREMENTS, SCALE, LOCKS, JOBS, HELP),
    "admin": (
        *(BOARD, REPORT, IMPORTS, MEASUREMENTS, SCALE),
        *(MEMBERS, SETTINGS, LOCKS, JOBS, AUDIT, HELP),
    ),
}


def current_study(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `study`, `role` and `navigation`; nothing for those not logged in."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    entered = getattr(request, "entered", None)
    if entered is None:
        entered = entered_by(user)
    mine = _open(request, entered)
    return {
        "study": mine.study if mine else None,
        "role": mine.role if mine else "",
        "navigation": _navigation(request, entered, mine),
    }


def _open(request: HttpRequest, entered: Sequence[StudyRole]) -> StudyRole | None:
    study = getattr(request, "study", None)
    name = study.name if study else request.session.get(SESSION_KEY)
    mine = next((one for one in entered if one.study.name == name), None)
    return mine or next(iter(entered), None)


def _navigation(
    request: HttpRequest, entered: Sequence[StudyRole], mine: StudyRole | None
) -> Navigation:
    here = request.resolver_match.view_name if request.resolver_match else ""
    return Navigation(
        study_title=_title(mine.study) if mine else "",
        studies=[_choice(one, mine) for one in entered],
        links=_links(FIRST[mine.role], mine.study, here) if mine else [],
        more=_links(MORE[mine.role], mine.study, here) if mine else [],
        new_study_href=reverse("annotation:new_study"),
    )


def _choice(one: StudyRole, mine: StudyRole | None) -> StudyChoice:
    return StudyChoice(
        _title(one.study),
        one.role,
        reverse("annotation:enter", args=[one.study.name]),
        mine is not None and one.study.pk == mine.study.pk,
    )


def _title(study: Study) -> str:
    return study.title or study.name


def _links(entries: Iterable[tuple[str, str]], study: Study, here: str) -> list[Link]:
    return [Link(title, reverse(name, args=[study.name]), name == here) for title, name in entries]
