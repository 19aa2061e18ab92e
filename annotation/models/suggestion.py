"""Pre-labels: regions offered to an annotator by a model or another source."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from annotation.models.image import Image


class Suggestion(models.Model):
    """Regions offered for an image; "pre-label" in the interface.

    `source` and `version` name the model as text: this package knows no models. `hidden` ones are
    a model's reading for the agreement page and are never offered. `payload` says how sure the
    source is: `predicted_dice`, `predicted_dice_interval`, `predicted_dice_note` and
    `member_outlines`; `uncertainty_map` is a PNG that lies over the scan, kept while current.
    """

    class State(models.TextChoices):
        CURRENT = "current"
        SUPERSEDED = "superseded"
        WITHDRAWN = "withdrawn"

    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="suggestions")
    source = models.CharField(max_length=60)
    version = models.CharField(max_length=120)
    regions = models.JSONField(default=list)
    probability = models.FloatField(null=True, blank=True)
    payload = models.JSONField(default=dict, blank=True)
    uncertainty_map = models.BinaryField(default=bytes)
    state = models.CharField(max_length=10, choices=State.choices, default=State.CURRENT)
    hidden = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["image", "hidden"],
                condition=Q(state="current"),
                name="suggestion_one_current_per_image",
            ),
            models.CheckConstraint(
                condition=Q(probability__isnull=True)
                | (Q(probability__gte=0) & Q(probability__lte=1)),
                name="suggestion_probability_is_a_fraction",
            ),
        ]
        indexes = [models.Index(fields=["source", "version"])]

    def __str__(self) -> str:
        return f"pre-label {self.version} on {self.image}"
