"""How well a model does on a partition."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Evaluation(models.Model):
    """A model version on a partition: a row per image and label, summaries by subject.

    `scales`: the spacing [x, y] in mm per px that each image (its id as text) had, None without
    one. Empty in evaluations from before that was kept.
    """

    model = models.ForeignKey(
        "inference.ModelVersion", on_delete=models.PROTECT, related_name="evaluations"
    )
    partition = models.CharField(max_length=12)
    lock = models.ForeignKey(
        "annotation.Lock", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    metrics_version = models.CharField(max_length=30)
    summary = models.JSONField(default=dict)
    scales = models.JSONField(default=dict, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.model} on {self.partition}"


class EvaluationRow(models.Model):
    """The metrics of one label on one image. `values` holds quantity -> number or null.

    `cut`: the sides on which the view cuts the reference. `left_out`: which of "csa" and "mt" is
    measured here and has no error for that reason. Both are empty in rows of `metrics_v1`.
    """

    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="rows")
    image = models.ForeignKey("annotation.Image", on_delete=models.PROTECT, related_name="+")
    subject_code = models.CharField(max_length=64)
    label = models.CharField(max_length=60)
    values = models.JSONField()
    failure = models.BooleanField(default=False)
    cut = models.JSONField(default=list, blank=True)
    left_out = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["evaluation", "image", "label"], name="evaluation_row_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.label} of {self.image}"
