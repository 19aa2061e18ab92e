"""The person who logs in."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A person. What they may do stands in their memberships, study by study.

    `is_superuser` marks who runs this installation: may create studies and is admin in each.
    """

    email = models.EmailField("email address", blank=True)

    class Meta:
        ordering = ["username"]

    def __str__(self) -> str:
        return self.get_username()
