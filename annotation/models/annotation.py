"""Annotations and their immutable revisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from annotation.models.image import Image
from domain.names import identity


def named_now(regions: Sequence[dict[str, Any]], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Regions under the names that their labels have now; `names`: from former identities."""
    if not names:
        return list(regions)
    return [
        {**region, "label": names.get(identity(str(region.get("label", ""))), region.get("label"))}
        for region in regions
    ]


class Annotation(models.Model):
    """All of one author's work on one image.

    `revision_count` is the number of the newest revision (0: none yet) and the compare-and-set
    token of saving. `blind`: drawn without sight of the pre-label or of anybody's work. `offered`:
    the pre-label that its author had before them when they began, taken over or not. `settled`:
    submitted, and its scan was decided by another outline; it counts in agreement as before.
    `label_names`: from the identity of a name by which its outlines may have been drawn to the
    label's name now, where labels of the site were renamed or merged.
    `need`: from 0 to 1 how much the work needs an expert, from its submission on: the share of the
    area by which it differs from the pre-label, or from the other reading; None: not known.
    """

    class State(models.TextChoices):
        DRAFT = "draft"
        SUBMITTED = "submitted"
        RETURNED = "returned"
        APPROVED = "approved"
        SETTLED = "settled"

    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="annotations")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="annotations"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    revision_count = models.PositiveIntegerField(default=0)
    need = models.FloatField(null=True, blank=True)
    blind = models.BooleanField(default=False)
    label_names = models.JSONField(default=dict, blank=True)
    offered = models.ForeignKey(
        "annotation.Suggestion",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="annotations",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["image", "author"], name="annotation_one_per_author_and_image"
            )
        ]
        indexes = [models.Index(fields=["author", "state"])]

    def __str__(self) -> str:
        return f"{self.author} on {self.image}"


HANDED_IN = (Annotation.State.SUBMITTED, Annotation.State.APPROVED, Annotation.State.SETTLED)
"""The states of work that its author has finished: it waits for a decision, or had one."""


class Revision(models.Model):
    """An immutable saved version of an annotation. `digest` covers regions, decision and reason.

    `decision` records an outcome without a contour. `suggestion_version` names the pre-label that
    the work started from, `based_on` a revision that was restored, corrected, or copied from
    another scan. `carried` came over from the frame before, `interpolated` from the frames round
    it. `seconds` is the time spent since the previous revision.
    """

    class Origin(models.TextChoices):
        DRAWN = "drawn"
        IMPORTED = "imported"
        PRE_LABEL = "pre-label"
        COPIED = "copied"
        CARRIED = "carried"
        INTERPOLATED = "interpolated"
        CORRECTION = "correction"
        ADJUDICATION = "adjudication"

    CORRECTIONS = (Origin.CORRECTION, Origin.ADJUDICATION)
    """The origins of what an expert drew in place of a reading; it is none itself."""

    class Decision(models.TextChoices):
        CONTOUR = "", "outlined"
        UNUSABLE = "unusable", "image unusable"
        ABSENT = "absent", "muscle absent"
        SKIPPED = "skipped", "skipped"

    annotation = models.ForeignKey(Annotation, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="revisions"
    )
    origin = models.CharField(max_length=12, choices=Origin.choices)
    decision = models.CharField(
        max_length=10, choices=Decision.choices, default=Decision.CONTOUR, blank=True
    )
    reason = models.CharField(max_length=500, blank=True)
    seconds = models.FloatField(default=0.0)
    tools = models.JSONField(default=dict, blank=True)
    based_on = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="derived"
    )
    suggestion_version = models.CharField(max_length=120, blank=True)
    key = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["annotation", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["annotation", "number"], name="revision_number_once_per_annotation"
            ),
            models.UniqueConstraint(
                fields=["annotation", "key"],
                condition=Q(key__isnull=False),
                name="revision_key_once_per_annotation",
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="revision_numbers_start_at_1"),
            models.CheckConstraint(
                condition=Q(decision="") | ~Q(reason=""), name="revision_decision_has_a_reason"
            ),
            models.CheckConstraint(
                condition=~Q(origin="copied") | Q(based_on__isnull=False),
                name="revision_copy_has_a_source",
            ),
        ]

    def __str__(self) -> str:
        return f"revision {self.number} of {self.annotation}"

    @property
    def regions(self) -> list[dict[str, Any]]:
        """The regions (JSON of docs/interface.md) under the names that their labels have now.

        Empty after a withdrawal erased them.
        """
        drawn = self.drawn_regions
        return named_now(drawn, self.annotation.label_names) if drawn else drawn

    @property
    def drawn_regions(self) -> list[dict[str, Any]]:
        """The regions as they were drawn, which the digest is over."""
        content = getattr(self, "content", None)
        return content.regions if content is not None else []


class RevisionContent(models.Model):
    """The regions of a revision, apart from it, so that withdrawn consent can erase them."""

    revision = models.OneToOneField(
        Revision, primary_key=True, on_delete=models.PROTECT, related_name="content"
    )
    regions = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"regions of {self.revision}"


class SourceFile(models.Model):
    """An imported file, its bytes kept untouched in the file store.

    `revision` is the one that was made of it; a file without outlines made none. `placement` says
    how the image was cropped and which labels the file's own stood for, so that an export can tell
    what has changed since.
    """

    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="source_files")
    revision = models.ForeignKey(
        Revision, null=True, blank=True, on_delete=models.PROTECT, related_name="source_files"
    )
    name = models.CharField(max_length=500)
    sha256 = models.CharField(max_length=64)
    placement = models.JSONField(default=dict, blank=True)
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["revision"], name="source_file_once_per_revision")
        ]

    def __str__(self) -> str:
        return self.name


class KeptOutline(models.Model):
    """An outline that a file brought for an image on which people had worked since: kept beside
    their work, until a person takes it or leaves it.

    `author` is whose reading it would be, `why` says in words what was done here, `regions` is the
    JSON of docs/interface.md. Erased when the subject withdraws.
    """

    source = models.OneToOneField(
        SourceFile, primary_key=True, on_delete=models.PROTECT, related_name="kept_outline"
    )
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="kept_outlines")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    why = models.CharField(max_length=200)
    regions = models.JSONField(default=list)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["source"]

    def __str__(self) -> str:
        return f"outline of {self.source} beside the work on {self.image}"
