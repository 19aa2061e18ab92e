"""Decisions on revisions, and remarks pinned to a place."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from annotation.models.annotation import Revision
from annotation.models.image import Image


class Review(models.Model):
    """A decision on one revision by somebody who did not draw it (or corrected it in this act).

    `withdraw` undoes the approval of that revision; the approval stays listed before it.
    """

    class Decision(models.TextChoices):
        APPROVE = "approve"
        RETURN = "return"
        WITHDRAW = "withdraw"

    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reviews"
    )
    decision = models.CharField(max_length=10, choices=Decision.choices)
    reason = models.CharField(max_length=1000, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(decision="approve") | ~Q(reason=""), name="review_return_has_a_reason"
            )
        ]

    def __str__(self) -> str:
        return f"{self.reviewer}: {self.decision} of {self.revision}"


class Issue(models.Model):
    """A remark pinned to a place of the image (x, y in px), open until it is answered.

    `answer`: what the author of the outline did about it in the round after it. An expert's
    decision closes what was not answered.
    """

    class Answer(models.TextChoices):
        NONE = "", "not answered"
        CHANGED = "changed", "the outline was changed there"
        DONE = "done", "marked as done"

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="issues")
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="issues")
    x = models.FloatField()
    y = models.FloatField()
    text = models.CharField(max_length=500)
    answer = models.CharField(max_length=8, choices=Answer.choices, default=Answer.NONE, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text


class Reference(models.Model):
    """The revision accepted as truth for an image. Superseded, never edited.

    `sources` are the readings that it was decided from. `replaces` names the reference in whose
    place it came, and `reason` says why.
    """

    class How(models.TextChoices):
        SINGLE_EXPERT = "single_expert", "approved by an expert"
        CORRECTED = "corrected", "corrected and approved by an expert"
        ADJUDICATED = "adjudicated", "adjudicated between two readings"
        OUTSIDE = "outside", "approved outside"

    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="references")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="references")
    how = models.CharField(max_length=16, choices=How.choices)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    sources = models.ManyToManyField(Revision, related_name="references_decided", blank=True)
    replaces = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by"
    )
    reason = models.CharField(max_length=1000, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    superseded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["image"],
                condition=Q(superseded_at__isnull=True),
                name="reference_one_current_per_image",
            ),
            models.CheckConstraint(
                condition=Q(replaces__isnull=True) | ~Q(reason=""),
                name="reference_replaces_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"reference of {self.image} ({self.get_how_display()})"
