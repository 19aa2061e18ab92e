"""How a folder's names are read, remembered for the next import."""

from __future__ import annotations

from django.db import models

from annotation.models.study import Study


class ImportProfile(models.Model):
    """A filename pattern with named groups and the settings that went with it."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="import_profiles")
    name = models.CharField(max_length=100)
    pattern = models.CharField(max_length=500, blank=True)
    settings = models.JSONField(default=dict)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["study", "name"], name="import_profile_once_per_study")
        ]

    def __str__(self) -> str:
        return self.name
