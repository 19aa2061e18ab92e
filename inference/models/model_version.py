"""Registered models."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class ModelVersion(models.Model):
    """An ONNX file, named by its SHA-256, and its card; written once, never edited."""

    site = models.ForeignKey(
        "annotation.Site", on_delete=models.PROTECT, related_name="model_versions"
    )
    number = models.PositiveIntegerField()
    family = models.CharField(max_length=20)
    sha256 = models.CharField(max_length=64)
    card = models.JSONField()
    run_label = models.CharField(max_length=120, blank=True)
    registered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["site", "number"], name="model_number_once_per_site")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """What people call it, for example `rectus-femoris-v3`."""
        return f"{self.site.slug}-v{self.number}"
