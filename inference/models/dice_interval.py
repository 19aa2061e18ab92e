"""How far the true Dice of a model may lie from the predicted one."""

from __future__ import annotations

from django.db import models

from inference.models.model_version import ModelVersion


class DiceInterval(models.Model):
    """What is added to a model's predicted Dice (`domain.conformal.DiceInterval`), or why nothing.

    Pushed in by `training`, which knows the out-of-fold outcomes; the newest replaces the last.
    Without an interval `low`, `high` and `shift` are null and `reason` says why.
    """

    model = models.OneToOneField(
        ModelVersion, on_delete=models.PROTECT, related_name="dice_interval"
    )
    low = models.FloatField(null=True, blank=True)
    high = models.FloatField(null=True, blank=True)
    shift = models.FloatField(null=True, blank=True)
    n_subjects = models.PositiveIntegerField()
    coverage = models.FloatField(null=True, blank=True)
    expected_low = models.FloatField(null=True, blank=True)
    expected_high = models.FloatField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    made_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(low__isnull=False, high__isnull=False, shift__isnull=False)
                | ~models.Q(reason=""),
                name="dice_interval_or_a_reason",
            )
        ]

    def __str__(self) -> str:
        return f"Dice interval of {self.model}"
