"""What the gate decides by, what it decided, and who looked at the pictures."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from inference.models import Purpose
from training.models.evaluation import Evaluation


class GateConfigurationVersion(models.Model):
    """A version of the numbers that a site's gate decides by. Appended, never changed.

    A run points at the version in force when it started, so that nobody chooses the rule after
    the result. `values` is the JSON of `domain.gate.GateConfiguration`.
    """

    site = models.ForeignKey(
        "annotation.Site", on_delete=models.PROTECT, related_name="gate_configurations"
    )
    number = models.PositiveIntegerField()
    values = models.JSONField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "number"], name="gate_configuration_number_once_per_site"
            )
        ]

    def __str__(self) -> str:
        return f"gate of {self.site}, version {self.number}"


class GateDecision(models.Model):
    """What the gate said about a candidate for a purpose, with all its numbers. Appended.

    `numbers` is the decision of `domain.gate` with its checks; `look` is which of the lock's
    `looks` it rests on, empty where no lock was opened. A decision that moved a pointer names the
    person's `confirmation` on pictures, or says in `unconfirmed` why there is none.
    """

    model = models.ForeignKey(
        "inference.ModelVersion", on_delete=models.PROTECT, related_name="gate_decisions"
    )
    current = models.ForeignKey(
        "inference.ModelVersion", null=True, on_delete=models.PROTECT, related_name="+"
    )
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    verdict = models.CharField(max_length=20)
    promotes = models.BooleanField()
    numbers = models.JSONField()
    configuration = models.ForeignKey(
        GateConfigurationVersion, on_delete=models.PROTECT, related_name="decisions"
    )
    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="+")
    current_evaluation = models.ForeignKey(
        Evaluation, null=True, on_delete=models.PROTECT, related_name="+"
    )
    lock = models.ForeignKey(
        "annotation.Lock", null=True, on_delete=models.PROTECT, related_name="+"
    )
    look = models.PositiveIntegerField(null=True)
    looks = models.PositiveIntegerField(null=True)
    confirmation = models.ForeignKey(
        "training.Confirmation", null=True, on_delete=models.PROTECT, related_name="decisions"
    )
    unconfirmed = models.CharField(max_length=500, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(promotes=False) | Q(confirmation__isnull=False) | ~Q(unconfirmed=""),
                name="gate_decision_says_whether_confirmed",
            )
        ]

    def __str__(self) -> str:
        return f"{self.model} for {self.purpose}: {self.verdict}"


class PictureOpening(models.Model):
    """The test pictures of a decided candidate were opened, once, for its report. Appended.

    `look` is the entry of the lock's ledger that it cost; `images` are the scans that it names.
    """

    model = models.ForeignKey(
        "inference.ModelVersion", on_delete=models.PROTECT, related_name="picture_openings"
    )
    decision = models.ForeignKey(
        GateDecision, on_delete=models.PROTECT, related_name="picture_openings"
    )
    lock = models.ForeignKey("annotation.Lock", on_delete=models.PROTECT, related_name="+")
    look = models.PositiveIntegerField()
    images = models.JSONField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["model", "lock"], name="picture_opening_once_per_model_and_lock"
            )
        ]

    def __str__(self) -> str:
        return f"{self.actor} opened the test pictures of {self.model}"


class Confirmation(models.Model):
    """A person looked at a candidate beside the current model and the reference, and agreed.

    On scans of validation subjects: `images` are those that were shown. Appended, never changed.
    """

    model = models.ForeignKey(
        "inference.ModelVersion", on_delete=models.PROTECT, related_name="confirmations"
    )
    current = models.ForeignKey(
        "inference.ModelVersion", null=True, on_delete=models.PROTECT, related_name="+"
    )
    images = models.JSONField(default=list)
    remark = models.CharField(max_length=500, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.actor} confirmed {self.model}"
