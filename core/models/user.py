"""The person who logs in."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models

from core.identities import IdentityField


class User(AbstractUser):
    """A person. What they may do stands in their memberships, study by study.

    `is_superuser` marks who runs this installation: may create studies and is admin in each.
    """

    email = models.EmailField("email address", blank=True)
    time_zone = models.CharField(
        max_length=64, default="UTC", help_text="of the times that pages show to this person"
    )
    identity = IdentityField(source="username", length=150)

    class Meta:
        ordering = ["username"]
        constraints = [models.UniqueConstraint(fields=["identity"], name="user_name_once")]

    def __str__(self) -> str:
        return self.get_username()
