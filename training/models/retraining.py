"""When a site is trained again by itself."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class RetrainPolicy(models.Model):
    """Train a site again after `after_subjects` newly approved subjects.

    `promotes`: a model that passes the development gate makes pre-labels without a person; never
    measurements. `shadow_scans`: on how many corrected scans the model before is compared.
    """

    site = models.OneToOneField(
        "annotation.Site", on_delete=models.PROTECT, related_name="retrain_policy"
    )
    enabled = models.BooleanField(default=False)
    after_subjects = models.PositiveIntegerField(default=5)
    promotes = models.BooleanField(default=False)
    shadow_scans = models.PositiveIntegerField(default=20)
    backend = models.CharField(max_length=20, default="unet")
    settings = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(after_subjects__gte=1), name="retrain_policy_counts_from_1"
            )
        ]

    def __str__(self) -> str:
        return f"train {self.site} after {self.after_subjects} subjects"
