"""Muscle sites, their labels and the spellings that files use."""

from __future__ import annotations

from typing import Any

from django import forms

from annotation.models import Site


class SiteDetails(forms.ModelForm):
    """What an admin may change on a site."""

    class Meta:
        model = Site
        fields = (
            "name",
            "plane",
            "thickness_definition",
            "dice_floor",
            "model_family",
            "protocol",
        )
        labels = {"dice_floor": "Dice that the first model must reach", "model_family": "Model"}
        help_texts = {
            "plane": "A longitudinal site gives thickness, never CSA.",
            "dice_floor": "Mean over test subjects, between 0 and 1.",
            "protocol": "How the probe is held and where the outline runs. Everybody who draws "
            "sees it.",
        }
        widgets = {"protocol": forms.Textarea(attrs={"rows": 10})}


class NewSite(SiteDetails):
    """A site with its labels."""

    slug = forms.SlugField(
        max_length=60,
        label="Short name",
        help_text="Letters, digits and hyphens, as commands and manifests will say it.",
    )
    labels = forms.CharField(
        max_length=300,
        help_text="What is outlined, with commas between: RF, or PL, PB. The order gives the "
        "colours.",
    )
    field_order = ("name", "slug", "labels")

    def clean_labels(self) -> list[str]:
        names = [name.strip() for name in self.cleaned_data["labels"].split(",") if name.strip()]
        if len(names) != len(set(names)):
            raise forms.ValidationError("Each label can stand here once only.")
        if any(len(name) > 60 for name in names) or not names:
            raise forms.ValidationError("Give one label or more, each of at most 60 characters.")
        return names


class NewLabel(forms.Form):
    """Another structure to outline on a site."""

    name = forms.CharField(max_length=60, label="Label")
    title = forms.CharField(max_length=100, required=False, label="In full")


class NewAlias(forms.Form):
    """Another spelling of a label."""

    alias = forms.CharField(max_length=100, label="In files")
    label = forms.ChoiceField(label="Stands for")

    def __init__(self, site: Site, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(label.name, label.name) for label in site.labels.all()]
        self.fields["label"].choices = choices  # type: ignore[attr-defined]
