"""What the API says about images and outlines."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotation.models import Annotation, Image, Issue, Revision, Suggestion
from annotation.selectors.editor import SCHEMA
from annotation.selectors.images import spacing_of, why_no_mm
from annotation.selectors.work import current_reference
from core.api.views import StrictSerializer

SERVER_ORIGINS = {Revision.Origin.IMPORTED, Revision.Origin.ADJUDICATION}


class ImageSerializer(serializers.ModelSerializer[Image]):
    """An image with its place in the study. `spacing_mm` is [x, y] in mm per px,
    or null; then `why_no_mm` says why."""

    study = serializers.CharField(source="study.name", read_only=True)
    site = serializers.CharField(source="site.slug", read_only=True)
    subject = serializers.CharField(source="subject.code", read_only=True)
    visit = serializers.DateField(source="take.scan.visit.date", read_only=True, allow_null=True)
    side = serializers.CharField(source="take.scan.side", read_only=True)
    take = serializers.IntegerField(source="take.number", read_only=True)
    spacing_mm = serializers.SerializerMethodField()
    why_no_mm = serializers.SerializerMethodField()

    class Meta:
        model = Image
        fields = [
            "id",
            "study",
            "site",
            "subject",
            "visit",
            "side",
            "take",
            "frame",
            "width",
            "height",
            "state",
            "spacing_mm",
            "why_no_mm",
            "original_name",
            "created_at",
        ]
        read_only_fields = fields

    def get_spacing_mm(self, image: Image) -> list[float] | None:
        spacing = spacing_of(image)
        return [spacing.x_mm, spacing.y_mm] if spacing else None

    def get_why_no_mm(self, image: Image) -> str:
        return why_no_mm(image)


class RevisionSerializer(serializers.ModelSerializer[Revision]):
    """One saved version of an outline."""

    author = serializers.CharField(source="author.username", read_only=True)
    regions = serializers.JSONField(read_only=True)

    class Meta:
        model = Revision
        fields = [
            "id",
            "number",
            "digest",
            "author",
            "origin",
            "decision",
            "reason",
            "seconds",
            "suggestion_version",
            "based_on",
            "created_at",
            "regions",
        ]
        read_only_fields = fields


class AnnotationSerializer(serializers.ModelSerializer[Annotation]):
    """The head of a person's work on an image."""

    image = serializers.IntegerField(source="image_id", read_only=True)
    author = serializers.CharField(source="author.username", read_only=True)
    revision = serializers.IntegerField(source="revision_count", read_only=True)

    class Meta:
        model = Annotation
        fields = ["id", "image", "author", "state", "revision", "blind", "changed_at"]
        read_only_fields = fields


class ReviewedSerializer(AnnotationSerializer):
    """Reviewed work, with the reference of its image after the decision, or null."""

    reference = serializers.SerializerMethodField()

    class Meta(AnnotationSerializer.Meta):
        fields = [*AnnotationSerializer.Meta.fields, "reference"]
        read_only_fields = fields

    def get_reference(self, annotation: Annotation) -> int | None:
        reference = current_reference(annotation.image)
        return reference.pk if reference else None


class SuggestionSerializer(serializers.ModelSerializer[Suggestion]):
    """A pre-label."""

    class Meta:
        model = Suggestion
        fields = ["source", "version", "regions", "probability", "payload", "created_at"]
        read_only_fields = fields


class IssueSerializer(serializers.ModelSerializer[Issue]):
    """A remark pinned to a place."""

    class Meta:
        model = Issue
        fields = ["id", "x", "y", "text", "answer", "resolved_at"]
        read_only_fields = fields


class SaveSerializer(StrictSerializer):
    """The body of a save. Author, time, hash and state are the server's.

    `schema` is the form of the regions: what a newer editor wrote is refused, not cut to fit.
    `based_on` is the revision that was restored, or copied from another scan. `offered_version`
    names the pre-label that the page showed, taken over or not; empty: none.
    """

    schema = serializers.IntegerField(default=SCHEMA, min_value=1)
    based_on = serializers.IntegerField(default=None, allow_null=True)

    regions = serializers.ListField(child=serializers.DictField(), allow_empty=True)
    origin = serializers.ChoiceField(
        choices=[one for one in Revision.Origin if one not in SERVER_ORIGINS],
        default=Revision.Origin.DRAWN,
    )
    decision = serializers.ChoiceField(
        choices=["", *[d for d in Revision.Decision.values if d]], default="", allow_blank=True
    )
    reason = serializers.CharField(max_length=500, allow_blank=True, default="")
    seconds = serializers.FloatField(default=0.0, min_value=0.0)
    tools = serializers.DictField(child=serializers.FloatField(), default=dict)
    suggestion_version = serializers.CharField(max_length=120, allow_blank=True, default="")
    offered_version = serializers.CharField(
        max_length=120, allow_blank=True, allow_null=True, default=None
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["origin"] == Revision.Origin.COPIED and attrs["based_on"] is None:
            raise serializers.ValidationError("Say which revision was copied: based_on.")
        return attrs


class ReviewSerializer(StrictSerializer):
    """The body of a review.

    `replaces` is the reference in whose place the outline comes, with `reason`; without it, nothing
    is approved where one stands. `decide_now`: a reading that is outstanding is not waited for.
    `withdraw` undoes the approval of the revision.
    """

    revision = serializers.IntegerField(min_value=1)
    decision = serializers.ChoiceField(choices=["approve", "return", "correct", "withdraw"])
    replaces = serializers.IntegerField(default=None, allow_null=True)
    decide_now = serializers.BooleanField(default=False)
    reason = serializers.CharField(max_length=1000, allow_blank=True, default="")
    issues = serializers.ListField(child=serializers.DictField(), default=list, max_length=50)
    regions = serializers.ListField(child=serializers.DictField(), default=list)
    seconds = serializers.FloatField(default=0.0, min_value=0.0)


class AnswerSerializer(StrictSerializer):
    """Whether a remark is done."""

    done = serializers.BooleanField()


class WithdrawSerializer(StrictSerializer):
    """Why an approval is undone."""

    reason = serializers.CharField(max_length=1000)
