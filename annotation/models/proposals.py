"""What is proposed for a sealed scan: a correction of its outline, or another scale, take or
measured frame."""

from __future__ import annotations

from functools import reduce
from operator import and_, or_
from typing import ClassVar

from django.conf import settings
from django.db import models

from annotation.models.annotation import Revision
from annotation.models.image import Calibration, Image
from annotation.models.partition import LockedImage
from annotation.models.scan import Take


class Proposal(models.Model):
    """Something proposed for a sealed scan: who, why, and what became of it.

    It takes effect when an admin seals the next version of the lock, or is declined with a reason.
    Once decided it is never changed.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed"
        TAKEN = "taken"
        DECLINED = "declined"

    NOUN: ClassVar[str]
    NOUN_IN_FULL: ClassVar[str]

    locked: models.ForeignKey[LockedImage, LockedImage]
    reason: models.CharField[str, str]
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
        abstract = True
        ordering = ["id"]

    @property
    def facts(self) -> dict[str, str]:
        """What the audit trail says of it beside who, why and where."""
        raise NotImplementedError


class Correction(Proposal):
    """A proposed correction of a sealed reference: who, why, and the outline that they drew."""

    NOUN = "correction"
    NOUN_IN_FULL = "correction of a sealed reference"

    locked = models.ForeignKey(LockedImage, on_delete=models.PROTECT, related_name="corrections")
    reason = models.CharField(max_length=500)
    revision = models.ForeignKey(
        Revision, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta(Proposal.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["locked"],
                condition=models.Q(state="proposed"),
                name="correction_one_open_per_locked_image",
            )
        ]

    def __str__(self) -> str:
        return f"correction of {self.locked} by {self.proposed_by}"

    @property
    def facts(self) -> dict[str, str]:
        """The digest of what was drawn, if anything was."""
        return {"digest": self.revision.digest if self.revision else ""}


def _exactly_one(*conditions: models.Q) -> models.Q:
    alone = [
        reduce(and_, (one if one is wanted else ~one for one in conditions))
        for wanted in conditions
    ]
    return reduce(or_, alone)


class SealedChange(Proposal):
    """A proposed scale of a sealed image, another selected take of its scan, or another measured
    frame of its sweep: who and why.

    `frame` is the image to measure, `by_rule` that the rule finds it again. The proposed
    calibration is in force for nothing until the next version of the lock.
    """

    NOUN = "change"
    NOUN_IN_FULL = "change of a sealed scan"

    locked = models.ForeignKey(LockedImage, on_delete=models.PROTECT, related_name="changes")
    calibration = models.ForeignKey(
        Calibration, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    take = models.ForeignKey(
        Take, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    frame = models.ForeignKey(
        Image, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    by_rule = models.BooleanField(default=False)
    reason = models.CharField(max_length=300)

    class Meta(Proposal.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["locked"],
                condition=models.Q(state="proposed"),
                name="sealed_change_one_open_per_locked_image",
            ),
            models.CheckConstraint(
                condition=_exactly_one(
                    models.Q(calibration__isnull=False),
                    models.Q(take__isnull=False),
                    models.Q(frame__isnull=False),
                    models.Q(by_rule=True),
                ),
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
        if self.take is not None:
            return f"take {self.take.number} as the selected one"
        if self.frame is not None:
            return f"frame {self.frame.frame} as the measured one"
        return "the frame that the rule finds as the measured one"

    @property
    def facts(self) -> dict[str, str]:
        """What is proposed, in words."""
        return {"what": self.what}
