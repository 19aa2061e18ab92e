"""The study's first page for admins: one line a site, and what to do next."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from annotation.middleware import StudyRequest
from annotation.models import Study
from annotation.policies import Role, require_role
from annotation.views.jobs import awaited
from core.pages import Empty, Step
from training.selectors import overview as overview_selector
from training.services import retraining


@require_GET
def overview(request: StudyRequest, study: Study) -> HttpResponse:
    """Scans, work, lock, model and next training of each site."""
    require_role(request.role, Role.EXPERT, Role.ADMIN)
    rows = overview_selector.site_rows(study)
    is_admin = request.role == Role.ADMIN
    images = sum(row.progress.images for row in rows)
    people = study.memberships.exclude(role=Role.ADMIN).count()
    begun = bool(rows) and bool(images) and bool(people)
    context = {
        "rows": [(row, len(retraining.new_subjects(row.site))) for row in rows],
        "empty": None if begun or not is_admin else first_steps(study, len(rows), images, people),
        **awaited(study, "images", *(f"site:{row.site.pk}" for row in rows)),
        "to_do": overview_selector.to_do(study, rows) if begun and is_admin else None,
    }
    return render(request, "training/overview.html", context)


def first_steps(study: Study, sites: int, images: int, people: int) -> Empty:
    """The three steps with which a study begins; the first that is not done is the next."""
    done = [bool(sites), bool(images), bool(people)]
    following = done.index(False)

    def href(name: str) -> str:
        return reverse(name, args=[study.name])

    steps = [
        Step(
            "Say what is outlined",
            "Add a muscle site with its labels and its protocol. An import with a manifest makes "
            "the sites that it names.",
            "Add a muscle site",
            href("annotation:new_site"),
            done[0],
            following == 0,
        ),
        Step(
            "Bring scans in",
            "A folder or a zip of pictures, with LabelMe outlines if you have them. Names burned "
            "into the pictures can be masked before anything is stored.",
            "Import scans",
            href("annotation:imports"),
            done[1],
            following == 1,
        ),
        Step(
            "Invite people",
            "Annotators outline, experts approve. Each new person gets a link that logs them in "
            "once.",
            "Invite somebody",
            href("annotation:members"),
            done[2],
            following == 2,
        ),
    ]
    return Empty(
        "Three steps and people can start",
        "After that, scans are outlined and approved, and models learn from what was approved.",
        steps,
    )
