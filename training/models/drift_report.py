"""What was found when a site was looked at for drift."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class DriftReport(models.Model):
    """One look at a site for drift: state, reasons in words, and all figures behind them.

    Appended, never changed. `model` is the one that made the pre-labels then; `actor` null: by
    schedule. `figures` is what `training.services.drift` writes.
    """

    class State(models.TextChoices):
        CALM = "calm", "calm"
        ALARM = "alarm", "alarm"
        TOO_LITTLE = "too little", "too little to tell"

    site = models.ForeignKey(
        "annotation.Site", on_delete=models.PROTECT, related_name="drift_reports"
    )
    model = models.ForeignKey(
        "inference.ModelVersion", null=True, on_delete=models.PROTECT, related_name="+"
    )
    state = models.CharField(max_length=10, choices=State.choices)
    reasons = models.JSONField(default=list)
    figures = models.JSONField(default=dict)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["site", "-id"])]

    def __str__(self) -> str:
        return f"drift of {self.site}: {self.state}"
