"""What a model said about an image."""

from __future__ import annotations

from django.db import models

from inference.models.model_version import ModelVersion


class Prediction(models.Model):
    """One model version on one image: regions, probability, what else the recipe found.

    `uncertainty_map` is a small PNG (`inference.uncertainty_map`) that lies over the scan.
    """

    model = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="predictions")
    image = models.ForeignKey(
        "annotation.Image", on_delete=models.PROTECT, related_name="predictions"
    )
    regions = models.JSONField(default=list)
    probability = models.FloatField(null=True, blank=True)
    payload = models.JSONField(default=dict, blank=True)
    uncertainty_map = models.BinaryField(default=bytes)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["model", "image"], name="prediction_one_per_model_and_image"
            )
        ]

    def __str__(self) -> str:
        return f"{self.model} on {self.image}"
