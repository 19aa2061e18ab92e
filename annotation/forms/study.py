"""Starting a study, and changing its settings."""

from __future__ import annotations

from django import forms
from django.utils.text import slugify


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
    held_out = forms.BooleanField(
        required=False,
        label="All scans of test subjects and of the reserve",
        help_text="Models are measured against these: read by two and decided by an expert, they "
        "are the firmest truth there is. It needs two annotators.",
    )


class AssignSplit(forms.Form):
    """One act of assigning subjects to partitions."""

    test = forms.IntegerField(
        min_value=0, max_value=50, initial=20, label="Test subjects, in per cent"
    )
    validation = forms.IntegerField(
        min_value=0, max_value=50, initial=10, label="Validation subjects, in per cent"
    )
    reserve = forms.IntegerField(
        min_value=0,
        max_value=50,
        initial=0,
        label="Reserve, in per cent",
        help_text="Nothing learns from these subjects: later locks are drawn of them. Give new "
        "subjects a share from the second split on.",
    )
    seed = forms.IntegerField(
        min_value=0,
        max_value=2**31 - 1,
        initial=1,
        help_text="The same seed gives the same split of the same subjects.",
    )
