"""My queue: the next scan as a large picture, and what comes after."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from annotation.middleware import StudyRequest
from annotation.models import Study
from annotation.policies import Role, require_role
from annotation.selectors import queue as queue_selector
from annotation.selectors import thumbnails
from annotation.selectors.today import submitted_today
from annotation.services import assignments
from core.pages import Empty

LISTED = 25


@require_GET
def queue(request: StudyRequest, study: Study) -> HttpResponse:
    """What this person should do next; Enter opens it."""
    require_role(request.role, Role.ANNOTATOR, Role.EXPERT)
    if request.role == Role.ANNOTATOR:
        assignments.reserve_next(request.user, study)
    items = queue_selector.queue_of(request.user, study, limit=LISTED)
    pictures = thumbnails.of_images([item.image for item in items], request.user, request.role)
    cards = [(item, pictures[item.image.pk]) for item in items]
    done = submitted_today(request.user, study)
    context = {
        "first": cards[0] if cards else None,
        "later": cards[1:],
        "done": done,
        "total": done + len(items),
        "left": f"{LISTED} or more" if len(items) == LISTED else str(len(items)),
        "empty": Empty(
            "Nothing waits for you",
            "New scans appear here by themselves as they are imported, and so does work that an "
            "expert returns to you.",
        ),
    }
    return render(request, "annotation/queue.html", context)
