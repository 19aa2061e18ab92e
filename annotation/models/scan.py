"""Scans and their takes."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from annotation.models.site import Site
from annotation.models.subject import Visit


class Scan(models.Model):
    """One site and side at a visit. Evaluation and measurement use the selected take."""

    class Side(models.TextChoices):
        UNKNOWN = "", "side unknown"
        LEFT = "left"
        RIGHT = "right"

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="scans")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="scans")
    side = models.CharField(max_length=5, choices=Side.choices, default=Side.UNKNOWN, blank=True)
    selected_take = models.ForeignKey(
        "annotation.Take", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    selected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    selected_reason = models.CharField(max_length=300, blank=True)
    selected_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["visit", "site", "side"]
        constraints = [
            models.UniqueConstraint(
                fields=["visit", "site", "side"], name="scan_once_per_visit_site_side"
            )
        ]

    def __str__(self) -> str:
        return f"{self.visit}, {self.site} {self.side}".strip()


class Take(models.Model):
    """One acquisition, static or dynamic. `depth_mm` is the imaging depth in mm."""

    class Kind(models.TextChoices):
        STATIC = "static"
        DYNAMIC = "dynamic"

    scan = models.ForeignKey(Scan, on_delete=models.PROTECT, related_name="takes")
    number = models.PositiveSmallIntegerField(default=1)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.STATIC)
    operator = models.CharField(max_length=60, blank=True)
    device = models.CharField(max_length=100, blank=True)
    preset = models.CharField(max_length=60, blank=True)
    depth_mm = models.FloatField(null=True, blank=True)
    gain = models.FloatField(null=True, blank=True)

    class Meta:
        ordering = ["scan", "number"]
        constraints = [
            models.UniqueConstraint(fields=["scan", "number"], name="take_number_once_per_scan")
        ]

    def __str__(self) -> str:
        return f"{self.scan}, take {self.number}"
