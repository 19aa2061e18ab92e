"""Images: the frames that people outline."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from annotation.models.scan import Take
from annotation.models.site import Site
from annotation.models.study import Study
from annotation.models.subject import Subject


class Image(models.Model):
    """One 2-D frame of a take. Identity is (take, frame); the pixel hash is indexed, not unique.

    `study`, `site` and `subject` repeat what the take says (kept equal by `services.scans`), so
    that lists, queues and pools read one table. `pixel_sha256` is the hash of the decoded grey
    pixels, `file_sha256` names the stored PNG.

    What the file said of its pixels: `pixel_aspect` is x spacing / y spacing, None where it says
    something that is not to be believed; `grey_maximum` is the value that became 255 where the
    file stores more than 8 bits a pixel, else None.
    """

    class State(models.TextChoices):
        NEW = "new"
        DRAFT = "draft"
        SUBMITTED = "submitted"
        RETURNED = "returned"
        APPROVED = "approved"
        UNUSABLE = "unusable"

    take = models.ForeignKey(Take, on_delete=models.PROTECT, related_name="images")
    frame = models.PositiveIntegerField(default=0)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="images")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="images")
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="images")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    pixel_sha256 = models.CharField(max_length=64, db_index=True)
    file_sha256 = models.CharField(max_length=64)
    original_name = models.CharField(max_length=500, blank=True)
    original_sha256 = models.CharField(max_length=64, blank=True)
    pixel_aspect = models.FloatField(null=True, default=1.0)
    grey_maximum = models.PositiveIntegerField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.NEW)
    calibration = models.ForeignKey(
        "annotation.Calibration", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["take", "frame"], name="image_frame_once_per_take"),
            models.CheckConstraint(
                condition=Q(width__gt=0) & Q(height__gt=0), name="image_has_pixels"
            ),
            models.CheckConstraint(
                condition=Q(pixel_aspect__isnull=True) | Q(pixel_aspect__gt=0),
                name="image_aspect_is_positive",
            ),
        ]
        indexes = [
            models.Index(fields=["study", "id"]),
            models.Index(fields=["study", "state", "id"]),
            models.Index(fields=["site", "state", "id"]),
            models.Index(fields=["subject", "site"]),
        ]

    def __str__(self) -> str:
        return f"{self.subject} · {self.site} · image {self.pk}"


class Calibration(models.Model):
    """Pixel spacing of an image in mm per px, with method, author and time. Never edited.

    `file_area` is the image area [x, y, width, height] in px of the original file, `area` what of
    it lies on the stored picture, in px of that; None where no person said where it lies.
    """

    class Method(models.TextChoices):
        DEPTH = "depth", "imaging depth over the height of the image area"
        MANIFEST = "manifest", "spacing given at import"
        TYPED = "typed", "spacing typed on a page"
        DICOM = "dicom", "DICOM ultrasound region"
        TWO_POINTS = "two_points", "two points a known distance apart"
        PHANTOM = "phantom", "known from the generator"

    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="calibrations")
    x_mm = models.FloatField()
    y_mm = models.FloatField()
    method = models.CharField(max_length=12, choices=Method.choices)
    file_area = models.JSONField(null=True, blank=True)
    area = models.JSONField(null=True, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(x_mm__gt=0) & Q(y_mm__gt=0) & Q(x_mm__lt=5) & Q(y_mm__lt=5),
                name="calibration_is_plausible",
            )
        ]

    def __str__(self) -> str:
        return f"{self.x_mm:.4f} x {self.y_mm:.4f} mm per px ({self.get_method_display()})"

    @property
    def is_area_unconfirmed(self) -> bool:
        """Whether a depth was divided by the height of the whole picture, unasked: so it was done
        before image areas were kept."""
        return self.method == self.Method.DEPTH and self.file_area is None


class Signature(models.Model):
    """What is kept of an image to know its copies (`domain.lookalike`): hashes of the whole and of
    windows, and a thumbnail. Written with the image, erased with it."""

    image = models.OneToOneField(
        Image, primary_key=True, on_delete=models.PROTECT, related_name="signature"
    )
    version = models.PositiveSmallIntegerField()
    hashes = models.BinaryField()
    thumbnail = models.BinaryField()

    def __str__(self) -> str:
        return f"signature of image {self.image_id}"


class Alignment(models.Model):
    """How well a whole picture agrees with a window of another whose hashes are near, -1 to 1.

    Computed once for a pair and a version of `domain.lookalike`; erased with either image.
    """

    crop = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="+")
    original = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveSmallIntegerField()
    correlation = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["crop", "original", "version"], name="alignment_once_per_pair"
            )
        ]

    def __str__(self) -> str:
        return f"image {self.crop_id} in image {self.original_id}: {self.correlation:.2f}"
