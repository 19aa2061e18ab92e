"""The only Celery tasks: one runs a job, one reconciles, one submits what is scheduled."""

from __future__ import annotations

from celery import shared_task
from django.db import close_old_connections


@shared_task(name="core.tasks.execute_job", ignore_result=True)
def execute_job(job_id: str) -> None:
    """Run the job of this row, or the one whose turn it is, if it is still to be had."""
    from core.services import jobs

    close_old_connections()
    jobs.answer(job_id)


@shared_task(name="core.tasks.reconcile", ignore_result=True)
def reconcile() -> None:
    """Take up lost jobs and ring again for silent ones."""
    from core.services import jobs

    jobs.reconcile()


@shared_task(name="core.tasks.submit_scheduled", ignore_result=True)
def submit_scheduled(schedule_id: int) -> None:
    """Write the job row of a schedule that is due."""
    from core.services import schedules

    schedules.submit_due(schedule_id)
