"""GET /api/v1/jobs/{id}/ and cancel."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.authentication import UserRequest
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


class JobView(APIView):
    """State, progress and result of one job."""

    @extend_schema(responses=JobSerializer)
    def get(self, request: UserRequest, job_id: UUID) -> Response:
        return Response(JobSerializer(visible_job(request.user, job_id)).data)


class JobCancelView(APIView):
    """Ask a job to stop."""

    @extend_schema(request=None, responses=JobSerializer)
    def post(self, request: UserRequest, job_id: UUID) -> Response:
        job = visible_job(request.user, job_id)
        jobs.cancel(job, request.user)
        job.refresh_from_db()
        return Response(JobSerializer(job).data)
