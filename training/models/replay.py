"""Replays: evidence on whether a query strategy helps at a site."""

from __future__ import annotations

from django.db import models

from training.models.snapshot import Snapshot


class Replay(models.Model):
    """Learning curves of strategies and of chance on a snapshot, over several seeds.

    `result` holds the traces, a comparison with chance for each strategy, and what was left out;
    it is empty until the job is done. `helps`: some strategy beat chance.
    """

    site = models.ForeignKey("annotation.Site", on_delete=models.PROTECT, related_name="replays")
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="replays")
    job = models.OneToOneField("core.Job", on_delete=models.PROTECT, related_name="replay")
    backend = models.CharField(max_length=20)
    settings = models.JSONField(default=dict)
    strategies = models.JSONField()
    seeds = models.PositiveSmallIntegerField()
    start = models.PositiveSmallIntegerField()
    batch = models.PositiveSmallIntegerField()
    result = models.JSONField(default=dict, blank=True)
    helps = models.BooleanField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"replay {self.pk} of {self.site}"
