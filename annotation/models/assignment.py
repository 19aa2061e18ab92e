"""Who is asked to outline what."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from annotation.models.image import Image

READERS = 2
"""How many people read an image that is read twice."""


class Assignment(models.Model):
    """A person asked to outline an image. An image has slot 0; a double reading has slots 0 and 1.

    `blind`: neither the pre-label nor anybody's work is shown, but of a paired reading one has the
    pre-label (`with_pre_label`). `person` is empty until somebody takes the reading. `rank` and
    `reason` come from a query round.
    """

    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="assignments")
    slot = models.PositiveSmallIntegerField(default=0)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="assignments",
        db_index=False,  # `assignment_of_person`; one with the free readings misleads SQLite
    )
    blind = models.BooleanField(default=False)
    with_pre_label = models.BooleanField(default=False)
    rank = models.PositiveIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["rank", "id"]
        constraints = [
            models.UniqueConstraint(fields=["image", "slot"], name="assignment_slot_once"),
            models.UniqueConstraint(fields=["image", "person"], name="assignment_person_once"),
            models.UniqueConstraint(
                fields=["image"],
                condition=Q(with_pre_label=True),
                name="assignment_one_with_pre_label",
            ),
            models.CheckConstraint(
                condition=Q(with_pre_label=False) | Q(blind=True),
                name="assignment_with_pre_label_is_of_a_pair",
            ),
        ]
        indexes = [
            models.Index(
                fields=["person", "done_at"],
                condition=Q(person__isnull=False),
                name="assignment_of_person",
            ),
            models.Index(
                fields=["image"], condition=Q(person__isnull=True), name="assignment_free"
            ),
            models.Index(
                fields=["rank", "image"],
                condition=Q(person__isnull=True, rank__isnull=False),
                name="assignment_free_by_rank",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.image} for {self.person or 'whoever is free'}"


class Reservation(models.Model):
    """A scan on a person's screen, or fetched ahead for it, that they have not begun.

    Until `until` its free reading is offered to nobody else. A page that stays open renews it; one
    that is closed lets it run out.
    """

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="reservations")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reservations"
    )
    until = models.DateTimeField()

    class Meta:
        ordering = ["until"]
        constraints = [
            models.UniqueConstraint(fields=["image", "person"], name="reservation_person_once"),
        ]

    def __str__(self) -> str:
        return f"{self.image} on the screen of {self.person}"
