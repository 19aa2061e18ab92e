"""Forms of this app."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from django import forms

from training import backends

if TYPE_CHECKING:
    from annotation.models import Site


class Retraining(forms.Form):
    """When a site is trained again because there is more to learn from."""

    enabled = forms.BooleanField(required=False, label="Train again by itself")
    after_subjects = forms.IntegerField(
        min_value=1,
        max_value=1000,
        label="After newly approved subjects",
        help_text="Counted since the last run. Test subjects do not count.",
    )


class Reason(forms.Form):
    """Why a model is promoted or rolled back; the trail keeps it."""

    reason = forms.CharField(max_length=500, required=False, label="Reason")


class EvaluationChoice(forms.Form):
    """Which partition a model is evaluated on."""

    partition = forms.ChoiceField(choices=[("validation", "validation"), ("test", "test")])


class StartRun(forms.Form):
    """A site and the settings of one model family, each as its backend declares it."""

    def __init__(self, *args: Any, sites: Iterable[Site], family: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(site.slug, site.name) for site in sites]
        self.family = family
        self.fields["site"] = forms.ChoiceField(label="Muscle site", choices=choices)
        self._described = backends.get(family).describe()
        for entry in self._described:
            self.fields[entry["name"]] = _setting_field(entry)

    def recipe_fields(self) -> Iterator[forms.BoundField]:
        """The settings that most people leave alone."""
        return (self[entry["name"]] for entry in self._described if entry["name"] != "max_epochs")

    def settings(self) -> dict[str, object]:
        """The settings that were given; empty ones keep their default."""
        given = {entry["name"]: self.cleaned_data[entry["name"]] for entry in self._described}
        return {name: value for name, value in given.items() if value not in {"", None}}


def _setting_field(entry: dict[str, Any]) -> forms.Field:
    shared: dict[str, Any] = {
        "required": False,
        "label": entry["name"].replace("_", " ").capitalize(),
        "help_text": entry["help"],
        "initial": entry["default"],
    }
    limits: dict[str, Any] = {"min_value": entry.get("minimum"), "max_value": entry.get("maximum")}
    match entry["kind"]:
        case "integer":
            return forms.IntegerField(**shared, **limits)
        case "number":
            return forms.FloatField(
                **shared, **limits, widget=forms.NumberInput(attrs={"step": "any"})
            )
        case "choice":
            return forms.ChoiceField(**shared, choices=[(word, word) for word in entry["choices"]])
        case "flag":
            return forms.BooleanField(**shared)
        case _:
            return forms.CharField(**shared, max_length=20)
