"""GET /api/v1/jobs/{id}/ and cancel."""

from __future__ import annotations

from uuid import UUID

from rest_framework import serializers
from rest_framework.response import Response

from core.api.authentication import UserRequest
from core.api.views import ApiView, check_study, takes
from core.models import Job
from core.selectors.jobs import visible_job
from core.services import jobs


class JobSerializer(serializers.ModelSerializer[Job]):
    """A background run as its owner sees it."""

    class Meta:
        model = Job
        fields = [
            "id",
            "kind",
            "state",
            "progress",
            "message",
            "log",
            "result",
            "error",
            "created_at",
            "started_at",
            "finished_at",
        ]


class JobView(ApiView):
    """State, progress and result of one job."""

    @takes(responses=JobSerializer)
    def get(self, request: UserRequest, job_id: UUID) -> Response:
        return Response(JobSerializer(_job_of(request, job_id)).data)


class JobCancelView(ApiView):
    """Ask a job to stop."""

    @takes(responses=JobSerializer)
    def post(self, request: UserRequest, job_id: UUID) -> Response:
        job = _job_of(request, job_id)
        jobs.cancel(job, request.user)
        job.refresh_from_db()
        return Response(JobSerializer(job).data)


def _job_of(request: UserRequest, job_id: UUID) -> Job:
    job = visible_job(request.user, job_id)
    check_study(request, job.scope)
    return job
