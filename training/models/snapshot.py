"""What a run trained on."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Snapshot(models.Model):
    """The immutable manifest (pixel hash, file hash, revision digest, subject, partition).

    `left_out` lists images whose picture is a held-out one's, with the reason.
    """

    site = models.ForeignKey("annotation.Site", on_delete=models.PROTECT, related_name="snapshots")
    digest = models.CharField(max_length=64)
    manifest = models.JSONField()
    left_out = models.JSONField(default=list, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"snapshot {self.digest[:12]} of {self.site}"
