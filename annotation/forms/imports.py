"""What an import is asked to do, in the browser."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from annotation.models import ImportProfile, Study
from annotation.services.imports.request import DEFAULT_STEP, ImportRequest
from annotation.services.intake.batch import REFERENCE, SUBMITTED
from domain.errors import InvalidInput

ENCODINGS = [
    ("", "UTF-8 only"),
    *((name, name) for name in ("cp1252", "iso8859-9", "cp1254", "gbk", "shift_jis", "euc_kr")),
]
STATES = [(SUBMITTED, "send to review"), (REFERENCE, "take as approved outside")]


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Several uploaded files."""

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        files = data if isinstance(data, list | tuple) else [data]
        return [super(ManyFilesField, self).clean(file, initial) for file in files]


class ImportSettings(forms.Form):
    """How uploaded files are read. `may_take_references`: whether an admin fills it in."""

    site = forms.ChoiceField(
        required=False,
        help_text="Leave it empty where a manifest.csv in the archive says it.",
    )
    new_site = forms.SlugField(
        required=False,
        max_length=60,
        label="or a new site",
        help_text="Its short name; it takes the labels that the files use.",
    )
    pattern = forms.CharField(
        required=False,
        max_length=500,
        label="Pattern of the names",
        help_text="A regular expression on each path with the named groups subject, site, side, "
        "visit, take, frame, such as (?P<subject>S\\d+)_(?P<side>[LR]). Without one the folder's "
        "name is the subject.",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
    )
    state = forms.ChoiceField(choices=STATES, label="Outlines")
    mask = forms.CharField(
        required=False,
        max_length=200,
        label="Blacken",
        help_text="Rectangles with burned-in names, x,y,width,height in px, a blank between two. "
        "What is blackened is never stored.",
    )
    crop = forms.CharField(
        required=False, max_length=60, label="Keep only", help_text="x,y,width,height in px."
    )
    image_area = forms.CharField(
        required=False,
        max_length=60,
        label="Image area",
        help_text="Where the file shows tissue: x,y,width,height in px, or full for the whole "
        "picture. An imaging depth spans its height. Empty: as the manifest says, or as it was "
        "confirmed on the page Scale.",
    )
    crop_is_area = forms.BooleanField(required=False, label="What is kept is the image area")
    sweeps = forms.BooleanField(required=False, label="Each folder of images is one sweep")
    step = forms.IntegerField(
        min_value=1,
        max_value=10_000,
        initial=DEFAULT_STEP,
        label="Sampling step",
        help_text="Of clips and sweeps each step-th frame is taken.",
    )
    join_groups = forms.BooleanField(
        required=False, label="Shapes of one label and group are parts of one region"
    )
    encoding = forms.ChoiceField(choices=ENCODINGS, required=False, label="Old files are in")
    remember = forms.CharField(
        required=False,
        max_length=100,
        label="Remember these settings as",
        help_text="Empty: not remembered.",
    )

    same = forms.JSONField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, study: Study, may_take_references: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        sites = [(site.slug, site.name) for site in study.sites.all()]
        self.fields["site"].choices = [("", "as the manifest says"), *sites]  # type: ignore[attr-defined]
        if not may_take_references:
            self.fields["state"].choices = STATES[:1]  # type: ignore[attr-defined]
            del self.fields["new_site"]

    def clean_same(self) -> list[list[str]]:
        found = self.cleaned_data["same"] or []
        if not isinstance(found, list) or not all(_is_answer(answer) for answer in found):
            raise forms.ValidationError("Answer again which names are the same.")
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            try:
                ImportRequest(source="", **self.settings())
            except InvalidInput as error:
                self.add_error(None, error.message)
        return cleaned

    def preview_pattern_at(self, address: str) -> None:
        """Show what the pattern catches while it is typed."""
        self.fields["pattern"].widget.attrs |= {
            "hx-get": address,
            "hx-trigger": "input changed delay:400ms",
            "hx-target": "#pattern-preview",
            "hx-swap": "outerHTML",
        }

    def settings(self) -> dict[str, Any]:
        """The settings of an ImportRequest, all but its source."""
        cleaned = self.cleaned_data
        new_site = cleaned.get("new_site", "")
        return {
            "site": new_site or cleaned["site"],
            "create_site": bool(new_site),
            "pattern": cleaned["pattern"],
            "state": cleaned["state"],
            "masks": tuple(cleaned["mask"].split()),
            "crop": cleaned["crop"],
            "image_area": cleaned["image_area"],
            "crop_is_area": cleaned["crop_is_area"],
            "sweeps": cleaned["sweeps"],
            "step": cleaned["step"],
            "join_groups": cleaned["join_groups"],
            "encoding": cleaned["encoding"],
            "same": tuple(tuple(answer) for answer in cleaned["same"] or ()),
        }


def _is_answer(answer: object) -> bool:
    return (
        isinstance(answer, list)
        and len(answer) == 3
        and all(isinstance(text, str) for text in answer)
    )


class Upload(ImportSettings):
    """Files, and how they are read."""

    field_order = ("files",)
    files = ManyFilesField(  # type: ignore[assignment]
        widget=ManyFiles(
            attrs={"accept": ".zip,.png,.jpg,.jpeg,.bmp,.tif,.tiff,.json,.csv,.mp4,.avi"}
        ),
        help_text="One zip archive with folders, or several images, clips and LabelMe files.",
    )


def initial_of(params: dict[str, Any]) -> dict[str, Any]:
    """The form's values for the settings of an earlier import or a profile."""
    created = params.get("create_site")
    return {
        **params,
        "site": "" if created else params.get("site", ""),
        "new_site": params.get("site", "") if created else "",
        "mask": " ".join(params.get("masks", [])),
        "same": params.get("same") or None,
    }


def initial_of_profile(profile: ImportProfile | None) -> dict[str, Any]:
    """The form's values for remembered settings."""
    if profile is None:
        return {}
    return initial_of({**profile.settings, "pattern": profile.pattern}) | {"remember": profile.name}
