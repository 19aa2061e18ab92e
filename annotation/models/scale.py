"""What is known of a picture's scale besides its calibration, and confirmed image areas."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from annotation.models.image import Image
from annotation.models.study import Study


class ScaleBasis(models.Model):
    """What an image's file and its import say of its scale, kept so that it can be decided later.

    The stored picture lies at (`crop_x`, `crop_y`) in a file of `file_width` x `file_height` px.
    `area` was given for it, `proposed`
    was read from its pixels: [x, y, width, height] in px of the file. A typed spacing without a
    calibration is one that the depth contradicts: it waits for a person.
    """

    image = models.OneToOneField(
        Image, primary_key=True, on_delete=models.PROTECT, related_name="scale_basis"
    )
    file_width = models.PositiveIntegerField()
    file_height = models.PositiveIntegerField()
    crop_x = models.PositiveIntegerField(default=0)
    crop_y = models.PositiveIntegerField(default=0)
    depth_mm = models.FloatField(null=True, blank=True)
    typed_x_mm = models.FloatField(null=True, blank=True)
    typed_y_mm = models.FloatField(null=True, blank=True)
    area = models.JSONField(null=True, blank=True)
    proposed = models.JSONField(null=True, blank=True)

    def __str__(self) -> str:
        return f"scale of image {self.image_id}, from {self.file_width}x{self.file_height} px"


class ImageArea(models.Model):
    """Where a device shows tissue in pictures of one size, as a person confirmed it.

    `area` is [x, y, width, height] in px of the file. The newest of a device and size counts.
    Never edited.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="image_areas")
    device = models.CharField(max_length=100)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    area = models.JSONField()
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    confirmed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["study", "device", "width", "height"])]

    def __str__(self) -> str:
        return f"image area of {self.device}, {self.width}x{self.height} px"
