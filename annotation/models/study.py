"""Studies, their members and centres."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.identities import IdentityField


class Study(models.Model):
    """Subjects, sites, members with their roles, one split: the unit of access."""

    name = models.SlugField(max_length=60, unique=True)
    identity = IdentityField(source="name", length=60)
    title = models.CharField(max_length=200)
    double_reading_share = models.FloatField(
        default=0.0, help_text="share of the scans that two annotators read blind"
    )
    held_out_read_twice = models.BooleanField(
        default=True,
        help_text="whether two annotators read every scan of test subjects and the reserve blind",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["identity"], name="study_identity_once"),
            models.CheckConstraint(
                condition=Q(double_reading_share__gte=0) & Q(double_reading_share__lte=1),
                name="study_double_reading_share_is_a_fraction",
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.name


class Membership(models.Model):
    """A person's role in a study."""

    class Role(models.TextChoices):
        ANNOTATOR = "annotator"
        EXPERT = "expert"
        ADMIN = "admin"

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships"
    )
    role = models.CharField(max_length=10, choices=Role.choices)
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["study", "role", "user"]
        constraints = [
            models.UniqueConstraint(fields=["study", "user"], name="membership_one_role_per_study")
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.study}"


class Centre(models.Model):
    """A hospital or laboratory that a subject belongs to."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="centres")
    name = models.CharField(max_length=100)
    identity = IdentityField(source="name", length=100)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["study", "name"], name="centre_name_once_per_study"),
            models.UniqueConstraint(
                fields=["study", "identity"], name="centre_identity_once_per_study"
            ),
        ]

    def __str__(self) -> str:
        return self.name
