"""When a job is to be submitted by itself."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Schedule(models.Model):
    """A job submitted at set times. Beat calls `core.tasks.submit_scheduled` with this row's id."""

    name = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=40)
    scope = models.CharField(max_length=100, blank=True)
    params = models.JSONField(default=dict)
    enabled = models.BooleanField(default=True)
    minute = models.PositiveSmallIntegerField(default=0)
    hour = models.PositiveSmallIntegerField(default=3)
    days = models.CharField(
        max_length=20, default="*", help_text="cron days of the week, 0 = Sunday"
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    periodic_task = models.OneToOneField(
        "django_celery_beat.PeriodicTask", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    last_submitted_at = models.DateTimeField(null=True, blank=True)
    last_outcome = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
