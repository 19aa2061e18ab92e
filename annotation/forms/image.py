"""Putting right what is known about one image."""

from __future__ import annotations

from typing import Any

from django import forms

from annotation.models import (
    Annotation,
    Calibration,
    Example,
    Image,
    KeptOutline,
    Reference,
    Revision,
    Scan,
    Site,
    Take,
)
from annotation.models.guideline import LONGEST_REASON
from annotation.selectors import kept, scales
from annotation.selectors.deciding import other_readings, reading_name
from annotation.selectors.guideline import showable_revisions
from core.models import User
from domain.calibration import PixelSpacing, area_from_text, as_text, from_depth
from domain.errors import InvalidInput
from domain.pixels import Rectangle


class Calibrate(forms.Form):
    """The scale of an image: by the depth over its image area, or by the spacing of its pixels.

    When it is valid, `spacing` and `file_area` say what it came to.
    """

    title, button = "Set the scale", "Set the scale"

    depth_mm = forms.FloatField(required=False, label="Imaging depth (mm)")
    area = forms.CharField(
        required=False,
        max_length=60,
        label="Image area",
        help_text="The rectangle of the file in which the machine shows tissue, whose height the "
        "depth spans: x,y,width,height in px, or full for the whole picture.",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
    )
    x_mm = forms.FloatField(required=False, label="or spacing across (mm per px)")
    y_mm = forms.FloatField(required=False, label="and down (mm per px)")
    despite_depth = forms.BooleanField(
        required=False, label="The spacing counts in spite of the known depth"
    )

    def __init__(self, image: Image, *args: Any, **kwargs: Any) -> None:
        known = scales.known_of(image)
        said = {"area": as_text(known.area)} if known.area else {}
        super().__init__(*args, **{"initial": said, **kwargs})
        self.known = known
        self.spacing: PixelSpacing | None = None
        self.file_area: Rectangle | None = None
        if known.depth_mm is None:
            del self.fields["despite_depth"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        depth, x, y = (cleaned.get(name) for name in ("depth_mm", "x_mm", "y_mm"))
        if self.errors:
            return cleaned
        try:
            if cleaned["area"]:
                size = self.known.width, self.known.height
                self.file_area = area_from_text(cleaned["area"], *size)
            self.spacing = self._spacing(depth, x, y)
        except InvalidInput as error:
            self.add_error("depth_mm" if depth is not None else "x_mm", str(error))
        return cleaned

    def _spacing(self, depth: float | None, x: float | None, y: float | None) -> PixelSpacing:
        if depth is not None and (x is not None or y is not None):
            raise InvalidInput("Give the depth or the spacing, not both.")
        if depth is not None:
            if self.file_area is None:
                raise InvalidInput("Say which image area the depth spans, or full for all of it.")
            if self.known.aspect is None:
                raise InvalidInput(
                    "The picture's file says that its pixels are not square, in a way that is not "
                    "believed: give the spacing across and down."
                )
            return from_depth(depth, self.file_area, self.known.aspect)
        if x is None or y is None:
            raise InvalidInput("Give the imaging depth, or the spacing across and down.")
        return PixelSpacing(x, y, Calibration.Method.TYPED)


class ProposeScale(Calibrate):
    """Another scale for a sealed image, and why."""

    title, button = "Is the sealed scale wrong?", "Propose it"

    reason = forms.CharField(
        max_length=300,
        label="Why the sealed scale is wrong",
        help_text="The sealed scale stays until an admin seals the next version of the lock.",
    )


class Move(forms.Form):
    """Where an image belongs instead, and why."""

    title, button = "Wrong subject, site or side?", "Move the image"

    subject_code = forms.CharField(max_length=64, label="Subject")
    site = forms.ModelChoiceField(queryset=Site.objects.none(), empty_label=None)
    side = forms.ChoiceField(choices=Scan.Side.choices, required=False)
    reason = forms.CharField(max_length=300, help_text="Stands in the audit trail.")

    def __init__(self, image: Image, *args: Any, **kwargs: Any) -> None:
        initial = {
            "subject_code": image.subject.code,
            "site": image.site_id,
            "side": image.take.scan.side,
        }
        super().__init__(*args, **{"initial": initial, **kwargs})
        self.fields["site"].queryset = image.study.sites.all()  # type: ignore[attr-defined]


class TakeChoiceField(forms.ModelChoiceField):
    """Takes by number and how they were acquired."""

    def label_from_instance(self, obj: Take) -> str:
        about = ", ".join(part for part in (obj.kind, obj.operator, obj.device) if part)
        return f"take {obj.number} ({about})"


class SelectTake(forms.Form):
    """Which take of a scan evaluation and measurement use."""

    title, button = "Choose the take", "Use this take"

    take = TakeChoiceField(queryset=Take.objects.none(), empty_label=None)
    reason = forms.CharField(max_length=300, help_text="For example: clearer fascia.")

    def __init__(self, scan: Scan, *args: Any, **kwargs: Any) -> None:
        initial = {"take": scan.selected_take_id}
        super().__init__(*args, **{"initial": initial, **kwargs})
        self.fields["take"].queryset = scan.takes.all()  # type: ignore[attr-defined]


class MeasureFrame(forms.Form):
    """Whether a sweep's values are taken from this frame, or from the one that the rule finds."""

    title, button = "Choose the measured frame", "Decide"

    HERE, RULE = "here", "rule"

    frame = forms.ChoiceField(
        label="The sweep's values are",
        choices=[
            (HERE, "those of this frame"),
            (RULE, "those of the frame that the rule finds"),
        ],
    )
    reason = forms.CharField(
        max_length=300, help_text="Shown beside the value. For example: the probe was level here."
    )


class ProposeFrame(MeasureFrame):
    """Another measured frame for a sweep that is sealed."""

    title, button = "Is the sealed sweep measured on the wrong frame?", "Propose it"


class ProposeTake(SelectTake):
    """Another selected take for a scan that is sealed."""

    title, button = "Is the sealed take the wrong one?", "Propose it"


class KeptChoiceField(forms.ModelChoiceField):
    """Files by their names and what they outline."""

    def label_from_instance(self, obj: KeptOutline) -> str:
        labels = ", ".join(dict.fromkeys(region["label"] for region in obj.regions))
        return f"{obj.source.name}: {labels or 'nothing outlined'}"


class DecideOnKept(forms.Form):
    """Whether an outline that a file brought beside work done here goes to review."""

    title, button = "A file came beside this work", "Decide"

    TAKE, LEAVE = "take", "leave"

    kept = KeptChoiceField(
        queryset=KeptOutline.objects.none(),
        empty_label=None,
        label="The file",
    )
    decision = forms.ChoiceField(
        label="What becomes of it",
        choices=[
            (LEAVE, "leave the work here as it is"),
            (TAKE, "take it as a new revision, which goes to review"),
        ],
    )
    reason = forms.CharField(max_length=300, help_text="For example: corrected again in LabelMe.")

    def __init__(self, image: Image, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        still_open = kept.open_on(image)
        self.fields["kept"].queryset = still_open  # type: ignore[attr-defined]
        reasons = dict.fromkeys(one.why for one in still_open)
        self.fields["kept"].help_text = (
            f"Kept beside, since {'; '.join(reasons)}. The editor shows its outline over the scan, "
            "under Compare."
        )
        self.is_possible = bool(reasons)


class RevisionChoiceField(forms.ModelChoiceField):
    """Revisions by who drew them and how far they came."""

    def label_from_instance(self, obj: Revision) -> str:
        return f"{obj.author}, revision {obj.number} ({obj.annotation.state})"


class ShowExample(forms.Form):
    """Which outline of an image the site's guideline shows, and as what."""

    title, button = "Show as an example", "Show in the guideline"

    revision = RevisionChoiceField(
        queryset=Revision.objects.none(), empty_label=None, label="Outline"
    )
    verdict = forms.ChoiceField(choices=Example.Verdict.choices, label="Example")
    reason = forms.CharField(
        max_length=LONGEST_REASON,
        label="Why, in one sentence",
        help_text="For example: the outline runs inside the bright fascia. Annotators read it "
        "beside the picture.",
    )

    def __init__(self, image: Image, shown: Example | None, *args: Any, **kwargs: Any) -> None:
        said = (
            {"revision": shown.revision_id, "verdict": shown.verdict, "reason": shown.reason}
            if shown
            else {}
        )
        super().__init__(*args, **{"initial": said, **kwargs})
        self.fields["revision"].queryset = showable_revisions(image)  # type: ignore[attr-defined]

    @property
    def is_possible(self) -> bool:
        """Whether the image has an outline to show."""
        return bool(self.fields["revision"].queryset.exists())  # type: ignore[attr-defined]


class UndoApproval(forms.Form):
    """Why the reference of an image is no truth any more."""

    title, button = "Undo the approval", "Undo it"

    reference = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(
        max_length=1000,
        label="Why",
        help_text="The approval stays in the history; the readings wait for a decision again.",
    )

    def __init__(self, reference: Reference, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"initial": {"reference": reference.pk}, **kwargs})


class ReadingChoiceField(forms.ModelChoiceField):
    """Readings by who drew them; those of a blind pair by their letters."""

    def label_from_instance(self, obj: Annotation) -> str:
        return reading_name(obj)


class ReplaceReference(forms.Form):
    """Which other reading becomes the reference, and why."""

    title, button = "Take another reading as the reference", "Replace the reference"

    reading = ReadingChoiceField(queryset=Annotation.objects.none(), empty_label=None)
    replaces = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(max_length=1000, label="Why")

    def __init__(self, reference: Reference, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"initial": {"replaces": reference.pk}, **kwargs})
        self.fields["reading"].queryset = other_readings(  # type: ignore[attr-defined]
            reference, user
        )

    @property
    def is_possible(self) -> bool:
        """Whether there is another reading."""
        return bool(self.fields["reading"].queryset.exists())  # type: ignore[attr-defined]


class ProposeCorrection(forms.Form):
    """Why a sealed reference is wrong; its outline is drawn in the editor after that."""

    title, button = "Is the sealed outline wrong?", "Say so and draw it right"

    reason = forms.CharField(
        max_length=500,
        label="What is wrong with it",
        help_text="The sealed outline stays until an admin seals the next version of the lock, "
        "which takes your correction.",
    )
