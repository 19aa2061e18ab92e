"""Starting a study, and changing its settings."""

from __future__ import annotations

from django import forms
from django.utils.text import slugify

from annotation.models import LOOK_BUDGET
from annotation.services.lock import MAX_BUDGET


class NewStudy(forms.Form):
    """A study of one's own."""

    title = forms.CharField(
        max_length=200, label="Title", help_text="As it should stand on reports.", strip=True
    )
    name = forms.SlugField(
        max_length=60,
        required=False,
        label="Short name",
        help_text="Letters, digits and hyphens; stands in addresses and cannot be changed later. "
        "Left empty, it is made from the title.",
    )

    def clean(self) -> dict[str, str]:
        cleaned: dict[str, str] = super().clean() or {}
        if not cleaned.get("name") and "name" not in self.errors:
            cleaned["name"] = slugify(cleaned.get("title", ""))[:60]
            if not cleaned["name"] and "title" not in self.errors:
                self.add_error("name", "Give a short name: the title has no letters to make it of.")
        return cleaned


class DoubleReading(forms.Form):
    """The share of scans that two annotators read blind."""

    share = forms.IntegerField(
        min_value=0,
        max_value=100,
        label="Scans read twice, in per cent",
        help_text="New scans are drawn for it as they arrive. Both readers see neither each "
        "other's work nor the pre-label.",
    )


class AssignSplit(forms.Form):
    """One act of assigning subjects to partitions."""

    test = forms.IntegerField(
        min_value=0, max_value=50, initial=20, label="Test subjects, in per cent"
    )
    validation = forms.IntegerField(
        min_value=0, max_value=50, initial=10, label="Validation subjects, in per cent"
    )
    seed = forms.IntegerField(
        min_value=0,
        max_value=2**31 - 1,
        initial=1,
        help_text="The same seed gives the same split of the same subjects.",
    )


class Seal(forms.Form):
    """The word that seals a test set: typed, since it cannot be taken back."""

    site = forms.SlugField(widget=forms.HiddenInput)
    confirmation = forms.CharField(
        label="Type the site's name to seal its test set", max_length=100, strip=True
    )
    look_budget = forms.IntegerField(
        min_value=1,
        max_value=MAX_BUDGET,
        initial=LOOK_BUDGET,
        label="Looks that this version allows",
        help_text="Each evaluation on it is a look. More looks ask a model for a clearer win in "
        "each; a sealed budget is never raised.",
    )
