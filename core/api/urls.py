"""Addresses of jobs in the API."""

from __future__ import annotations

from django.urls import path

from core.api import jobs, schema  # noqa: F401 - importing registers the log-in schemes

urlpatterns = [
    path("jobs/<uuid:job_id>/", jobs.JobView.as_view(), name="api-job"),
    path("jobs/<uuid:job_id>/cancel", jobs.JobCancelView.as_view(), name="api-job-cancel"),
]
