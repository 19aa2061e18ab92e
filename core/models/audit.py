"""The audit trail: who did what, chained by hashes."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class AuditHead(models.Model):
    """The one row that serialises writers of the chain (locked while an event is appended)."""

    sequence = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="")

    def __str__(self) -> str:
        return f"audit chain at {self.sequence}"


class AuditEvent(models.Model):
    """One act. `hash` = SHA-256 of the previous hash and this event's canonical JSON."""

    sequence = models.PositiveBigIntegerField(unique=True)
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    actor_name = models.CharField(max_length=150)
    verb = models.CharField(max_length=60)
    target = models.CharField(max_length=200, blank=True)
    scope = models.CharField(max_length=100, blank=True)
    details = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["-sequence"]
        indexes = [
            models.Index(fields=["scope", "-sequence"]),
            models.Index(fields=["verb", "-sequence"]),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.actor_name} {self.verb} {self.target}"
