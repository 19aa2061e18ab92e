"""Background work: what is being done, how far, and a cancel that works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.timesince import timesince
from django.views.decorators.http import require_GET, require_POST

from annotation.middleware import StudyRequest
from annotation.models import Study
from core.jobs import in_words
from core.models import Job
from core.refusals import refusals_on
from core.selectors import jobs as job_selector
from core.services import jobs as job_services
from domain.errors import NotFound

WORST_GUESS_SHARE = 0.05
"""Below this share done, the time still to go is not guessed."""


@dataclass(frozen=True)
class JobLine:
    """A job as people read it."""

    job: Job
    title: str
    percent: int | None
    how_far: str
    state_class: str


STATE_CLASSES = {Job.State.DONE: "good", Job.State.FAILED: "bad", Job.State.LOST: "warn"}


@require_GET
def jobs(request: StudyRequest, study: Study) -> HttpResponse:
    """The study's background work, active first. The list renews itself while anything runs."""
    lines = [line_of(job) for job in job_selector.of_scope(request.user, study.name)]
    active = [line for line in lines if line.job.is_active]
    context = {
        "active": active,
        "over": [line for line in lines if not line.job.is_active],
        "polls": bool(active),
    }
    return render(request, "annotation/jobs.html", context)


@require_GET
def job(request: StudyRequest, study: Study, job_id: UUID) -> HttpResponse:
    """One job with its log."""
    found = _job_of(request, study, job_id)
    context = {"line": line_of(found), "job": found, "polls": found.is_active}
    return render(request, "annotation/job.html", context)


@require_POST
@refusals_on(job)
def cancel(request: StudyRequest, study: Study, job_id: UUID) -> HttpResponse:
    """Ask a job to stop."""
    found = _job_of(request, study, job_id)
    job_services.cancel(found, request.user)
    messages.success(request, "It stops within seconds. What was finished before stays.")
    return redirect("annotation:jobs", study.name)


def _job_of(request: StudyRequest, study: Study, job_id: UUID) -> Job:
    found = job_selector.visible_job(request.user, job_id)
    if found.scope != study.name:
        raise NotFound("There is no such job in this study.")
    return found


def line_of(job: Job) -> JobLine:
    """A job in words: what, how far, how long yet."""
    percent = round(100 * job.progress) if job.state == Job.State.RUNNING else None
    return JobLine(
        job,
        job.title or in_words(job.kind),
        percent,
        how_far(job),
        STATE_CLASSES.get(Job.State(job.state), ""),
    )


def awaited(study: Study, *concerns: str) -> dict[str, Any]:
    """The context of `components/running-work.html`: what runs for these objects of a study."""
    lines = [line_of(job) for job in job_selector.awaited(study.name, *concerns)]
    return {"work": lines, "works": any(line.job.is_active for line in lines)}


def how_far(job: Job) -> str:
    """The last message, with the time still to go once that can be told."""
    if job.state != Job.State.RUNNING:
        return job.message
    if job.cancel_requested:
        return "stopping"
    parts = [job.message] if job.message else []
    if job.started_at and job.progress >= WORST_GUESS_SHARE:
        passed = timezone.now() - job.started_at
        rest = passed * (1 - job.progress) / job.progress
        parts.append(f"about {timesince(timezone.now() - rest, depth=1)} left")
    return ", ".join(parts)
