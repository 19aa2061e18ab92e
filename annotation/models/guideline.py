"""What a site's guideline shows beside its protocol."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from annotation.models.annotation import Revision

LONGEST_REASON = 200


class Example(models.Model):
    """A revision that shows how a site is outlined, or how it is not, and why in one sentence.

    Withdrawn, it stays: whoever read its scan since may have seen it.
    """

    class Verdict(models.TextChoices):
        GOOD = "good", "Good: outline like this"
        BAD = "bad", "Bad: do not outline like this"

    revision = models.OneToOneField(Revision, on_delete=models.PROTECT, related_name="example")
    verdict = models.CharField(max_length=4, choices=Verdict.choices)
    reason = models.CharField(max_length=LONGEST_REASON)
    shown_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-verdict", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict__in=["good", "bad"]) & ~Q(reason=""),
                name="example_says_what_it_shows",
            )
        ]

    def __str__(self) -> str:
        return f"{self.verdict} example: {self.reason}"
