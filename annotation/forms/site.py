"""Muscle sites, their labels and the spellings that files use."""

from __future__ import annotations

from typing import Any

from django import forms

from annotation.models import Site
from domain.names import identity, plain


class SiteDetails(forms.ModelForm):
    """What an admin may change on a site."""

    class Meta:
        model = Site
        fields = (
            "name",
            "plane",
            "thickness_definition",
            "area_unit",
            "dice_floor",
            "model_family",
            "protocol",
        )
        labels = {
            "area_unit": "CSA is shown in",
            "dice_floor": "Dice that the first model must reach",
            "model_family": "Model",
        }
        help_texts = {
            "plane": "A longitudinal site gives thickness, never CSA.",
            "area_unit": "On every page, in the editor and in reports. Files have mm².",
            "dice_floor": "Mean over test subjects, between 0 and 1.",
            "protocol": "How the probe is held and where the outline runs. Everybody who draws "
            "sees it.",
        }
        widgets = {"protocol": forms.Textarea(attrs={"rows": 10})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["area_unit"].required = False

    def clean_area_unit(self) -> str:
        """As it was, where nothing is said."""
        return self.cleaned_data["area_unit"] or self.instance.area_unit


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
        names = [plain(name) for name in self.cleaned_data["labels"].split(",") if name.strip()]
        if len(names) != len({identity(name) for name in names}):
            raise forms.ValidationError("Each label can stand here once only.")
        if any(len(name) > 60 for name in names) or not names:
            raise forms.ValidationError("Give one label or more, each of at most 60 characters.")
        return names


class NewLabel(forms.Form):
    """Another structure to outline on a site."""

    name = forms.CharField(max_length=60, label="Label")
    title = forms.CharField(max_length=100, required=False, label="In full")


class CorrectLabel(forms.Form):
    """Another name for a label, the label that it is merged into, or that it is drawn no more."""

    label = forms.ChoiceField(label="Label")
    to = forms.CharField(
        max_length=60,
        required=False,
        label="New name",
        help_text="The old name stays an alias, and its outlines are read under the new one.",
    )
    into = forms.ChoiceField(
        required=False,
        label="or merge it into",
        help_text="Its outlines are read as that label from now on. This cannot be undone.",
    )
    retired = forms.ChoiceField(
        required=False,
        label="or change its use",
        choices=[("", "as it is"), ("yes", "retire: draw it no more"), ("no", "take it back")],
    )

    def __init__(self, site: Site, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labels = list(site.labels.all())
        names = [
            (label.name, f"{label.name} (retired)" if label.retired else label.name)
            for label in labels
        ]
        self.fields["label"].choices = names  # type: ignore[attr-defined]
        others = [(label.name, label.name) for label in labels if not label.retired]
        self.fields["into"].choices = [("", "no other"), *others]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        wanted = [name for name in ("to", "into", "retired") if cleaned.get(name)]
        if not self.errors and len(wanted) != 1:
            raise forms.ValidationError(
                "Say one thing: a new name, the label to merge into, or another use."
            )
        return cleaned


class NewAlias(forms.Form):
    """Another spelling of a label."""

    alias = forms.CharField(max_length=100, label="In files")
    label = forms.ChoiceField(label="Stands for")

    def __init__(self, site: Site, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(label.name, label.name) for label in site.labels.all()]
        self.fields["label"].choices = choices  # type: ignore[attr-defined]
