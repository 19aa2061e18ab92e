"""Training runs and their epochs."""

from __future__ import annotations

from django.db import models

from core.models import Job
from training.models.gate import GateConfigurationVersion
from training.models.snapshot import Snapshot


class Run(models.Model):
    """One training of one site. Its state is its job's state; its result is a model version.

    `reproduces`: the run whose snapshot and settings it repeats, to see that the numbers are those.
    """

    ACTIVE_JOB_STATES = Job.ACTIVE

    class Trigger(models.TextChoices):
        HAND = "hand", "by hand"
        SCHEDULE = "schedule", "by schedule"
        APPROVALS = "approvals", "after newly approved subjects"
        DRIFT = "drift", "after a drift alarm"
        DEMO = "demo", "by the demo"

    site = models.ForeignKey("annotation.Site", on_delete=models.PROTECT, related_name="runs")
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="runs")
    job = models.OneToOneField("core.Job", on_delete=models.PROTECT, related_name="run")
    backend = models.CharField(max_length=20)
    settings = models.JSONField(default=dict)
    seed = models.PositiveIntegerField()
    trigger = models.CharField(max_length=10, choices=Trigger.choices, default=Trigger.HAND)
    reproduces = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="reproductions"
    )
    model = models.OneToOneField(
        "inference.ModelVersion",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="run",
    )
    gate_configuration = models.ForeignKey(
        GateConfigurationVersion, null=True, on_delete=models.PROTECT, related_name="runs"
    )
    best_validation_dice = models.FloatField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.site}"


class Epoch(models.Model):
    """One epoch of a member of a run: losses, validation Dice (mean over subjects), seconds."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="epochs")
    member = models.PositiveSmallIntegerField(default=1)
    number = models.PositiveIntegerField()
    train_loss = models.FloatField()
    validation_loss = models.FloatField(null=True, blank=True)
    validation_dice = models.FloatField(null=True, blank=True)
    learning_rate = models.FloatField(null=True, blank=True)
    seconds = models.FloatField(default=0.0)

    class Meta:
        ordering = ["run", "member", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "member", "number"], name="epoch_number_once_per_member"
            )
        ]

    def __str__(self) -> str:
        return f"epoch {self.number} of {self.run}"
