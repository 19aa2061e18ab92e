"""Proposed changes of what a lock seals besides outlines."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from annotation.models.image import Calibration
from annotation.models.partition import LockedImage
from annotation.models.scan import Take


class SealedChange(models.Model):
    """A proposed scale of a sealed image, or another selected take of its scan: who and why.

    It takes effect when an admin seals the next version of the lock, or is declined with a reason.
    The proposed calibration is in force for nothing until then. Once decided it is never changed.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed"
        TAKEN = "taken"
        DECLINED = "declined"

    locked = models.ForeignKey(LockedImage, on_delete=models.PROTECT, related_name="changes")
    calibration = models.ForeignKey(
        Calibration, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    take = models.ForeignKey(
        Take, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=300)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    proposed_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["locked"],
                condition=models.Q(state="proposed"),
                name="sealed_change_one_open_per_locked_image",
            ),
            models.CheckConstraint(
                condition=models.Q(calibration__isnull=False) ^ models.Q(take__isnull=False),
                name="sealed_change_is_of_one_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what} of {self.locked}, by {self.proposed_by}"

    @property
    def what(self) -> str:
        """What is proposed, in words."""
        if self.calibration is not None:
            return f"the scale {self.calibration}"
        return f"take {self.take.number} as the selected one" if self.take else ""
