"""Which model version serves a site, and how that came to be."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from inference.models.model_version import ModelVersion


class Purpose(models.TextChoices):
    """What a model serves for."""

    PRE_LABEL = "pre-label"
    MEASUREMENT = "measurement"


class Pointer(models.Model):
    """The model version that serves a site for a purpose: moved, never edited by hand."""

    site = models.ForeignKey("annotation.Site", on_delete=models.PROTECT, related_name="pointers")
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    model = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="pointers")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["site", "purpose"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "purpose"], name="pointer_one_model_per_site_and_purpose"
            )
        ]

    def __str__(self) -> str:
        return f"{self.model} serves {self.site} for {self.purpose}"


class PointerMove(models.Model):
    """One move of a pointer, with its numbers, reason and actor. Appended, never changed."""

    class Kind(models.TextChoices):
        PROMOTE = "promote"
        ROLLBACK = "rollback"

    site = models.ForeignKey(
        "annotation.Site", on_delete=models.PROTECT, related_name="pointer_moves"
    )
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    previous = models.ForeignKey(
        ModelVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    model = models.ForeignKey(
        ModelVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="moves"
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=500, blank=True)
    numbers = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.previous} to {self.model}"
