"""Which frame of a sweep its values are taken from, where a person says so."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from annotation.models.image import Image
from annotation.models.scan import Take


class MeasuredFrame(models.Model):
    """An expert's choice of a sweep's frame, with the reason; the newest of a take stands.

    `image` empty: back to the rule of `domain.sweep_value`. Never edited.
    """

    take = models.ForeignKey(Take, on_delete=models.PROTECT, related_name="measured_frames")
    image = models.ForeignKey(
        Image, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=300)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["take", "-id"])]

    def __str__(self) -> str:
        return f"{self.take}: frame {self.image.frame}" if self.image else f"{self.take}: the rule"
