"""The split of a study's subjects, and the sealed test references."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from annotation.models.annotation import Revision
from annotation.models.image import Image
from annotation.models.review import Reference
from annotation.models.site import Site
from annotation.models.study import Study
from annotation.models.subject import Subject

LOOK_BUDGET = 10
"""How often the references of one lock version are opened, unless its seal says otherwise."""


class Partition(models.TextChoices):
    """What a subject's scans may be used for."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"
    EXTERNAL = "external"
    RESERVE = "reserve"


HELD_OUT = (Partition.TEST, Partition.RESERVE)
"""Whose scans are read without help and whose references are seen through a lock only: test
subjects, and those of whom later test subjects are drawn."""
NEVER_TRAINED = (*HELD_OUT, Partition.EXTERNAL)
"""Whose scans no model may learn from."""


class Split(models.Model):
    """One act of assigning subjects to partitions: seed, fractions, who, when."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="splits")
    seed = models.PositiveIntegerField()
    test = models.FloatField()
    validation = models.FloatField()
    reserve = models.FloatField(default=0.0)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"split of {self.study}, seed {self.seed}"


class SubjectPartition(models.Model):
    """The partition of one subject, for all its sites and visits."""

    subject = models.OneToOneField(Subject, on_delete=models.PROTECT, related_name="partition")
    partition = models.CharField(max_length=10, choices=Partition.choices)
    split = models.ForeignKey(
        Split, null=True, blank=True, on_delete=models.PROTECT, related_name="subjects"
    )
    assigned_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["partition"])]

    def __str__(self) -> str:
        return f"{self.subject}: {self.partition}"


class Lock(models.Model):
    """The references of one site's test subjects, sealed. `digest` covers the manifest.

    `basis` says in words what the references rest on (single readings, approved outside, ...).
    `look_budget` is how often the references may be opened, fixed with the seal. A version of the
    next `generation` was drawn from subjects that no version of an earlier one holds.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="locks")
    version = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    manifest = models.JSONField()
    basis = models.CharField(max_length=200)
    look_budget = models.PositiveIntegerField(default=LOOK_BUDGET)
    generation = models.PositiveIntegerField(default=1)
    sealed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    sealed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["site", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["site", "version"], name="lock_version_once_per_site")
        ]

    def __str__(self) -> str:
        return f"lock {self.version} of {self.site}"

    @property
    def rests_on_single_readings(self) -> bool:
        """Whether any sealed reference is not adjudicated between two readings: a single reading,
        corrected or not, or one that was approved outside. Every report says so."""
        return any(one["how"] != Reference.How.ADJUDICATED for one in self.manifest["items"])


class LockedImage(models.Model):
    """One sealed reference."""

    lock = models.ForeignKey(Lock, on_delete=models.PROTECT, related_name="images")
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="locked")
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="locked")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="locked")
    pixel_sha256 = models.CharField(max_length=64, db_index=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["lock", "image"], name="locked_image_once_per_lock")
        ]

    def __str__(self) -> str:
        return f"{self.image} in {self.lock}"


class LockLook(models.Model):
    """One look at a lock's references: counted, never deleted."""

    lock = models.ForeignKey(Lock, on_delete=models.PROTECT, related_name="looks")
    purpose = models.CharField(max_length=200)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    details = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"look at {self.lock}: {self.purpose}"
