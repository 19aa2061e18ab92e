"""The model that served before, compared on the same new scans."""

from __future__ import annotations

from django.db import models


class ShadowComparison(models.Model):
    """After a promotion the previous model silently reads the next `wanted` corrected scans."""

    site = models.ForeignKey(
        "annotation.Site", on_delete=models.PROTECT, related_name="shadow_comparisons"
    )
    model = models.ForeignKey(
        "inference.ModelVersion", on_delete=models.PROTECT, related_name="shadow_comparisons"
    )
    previous = models.ForeignKey(
        "inference.ModelVersion", on_delete=models.PROTECT, related_name="+"
    )
    wanted = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.model} beside {self.previous}"


class ShadowReading(models.Model):
    """One scan of a shadow comparison: Dice of each model's outline with the approved one."""

    comparison = models.ForeignKey(
        ShadowComparison, on_delete=models.PROTECT, related_name="readings"
    )
    image = models.ForeignKey("annotation.Image", on_delete=models.PROTECT, related_name="+")
    subject_code = models.CharField(max_length=64)
    dice = models.FloatField()
    previous_dice = models.FloatField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["comparison", "image"], name="shadow_reading_once")
        ]

    def __str__(self) -> str:
        return f"{self.image}: {self.dice:.3f}, before {self.previous_dice:.3f}"
